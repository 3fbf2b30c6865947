//go:build unix

package host

import (
	"context"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.0/gen/store"
)

type storeHost struct {
	client store.StoreClient
	cookie string
}

// Store calls Init.
func (c *Client) Store(ctx context.Context, at host.Location) (host.Store, error) {
	client := store.NewStoreClient(c.Conn)
	answer, err := client.Init(ctx, &store.InitRequest{Proto: at.Proto, Config: at.Config})
	return &storeHost{client, answer.GetCookie()}, grpchost.Unwrap(err)
}

func (s *storeHost) Location(ctx context.Context) (string, error) {
	answer, err := s.client.GetLocation(ctx, &store.GetLocationRequest{Cookie: s.cookie})
	return answer.GetLocation(), grpchost.Unwrap(err)
}

func (s *storeHost) Create(ctx context.Context, config []byte) error {
	_, err := s.client.Create(ctx, &store.CreateRequest{Config: config, Cookie: s.cookie})
	return grpchost.Unwrap(err)
}

func (s *storeHost) Open(ctx context.Context) ([]byte, error) {
	answer, err := s.client.Open(ctx, &store.OpenRequest{Cookie: s.cookie})
	return answer.GetConfig(), grpchost.Unwrap(err)
}

func (s *storeHost) Mode(ctx context.Context) (int32, error) {
	answer, err := s.client.GetMode(ctx, &store.GetModeRequest{Cookie: s.cookie})
	return answer.GetMode(), grpchost.Unwrap(err)
}

func (s *storeHost) Size(ctx context.Context) (int64, error) {
	answer, err := s.client.GetSize(ctx, &store.GetSizeRequest{Cookie: s.cookie})
	return answer.GetSize(), grpchost.Unwrap(err)
}

func (s *storeHost) List(ctx context.Context, kind host.Kind) ([][]byte, error) {
	var answer interface{ GetMacs() []*store.MAC }
	var err error
	switch kind {
	case host.Packfile:
		answer, err = s.client.GetPackfiles(ctx, &store.GetPackfilesRequest{Cookie: s.cookie})
	case host.State:
		answer, err = s.client.GetStates(ctx, &store.GetStatesRequest{Cookie: s.cookie})
	case host.Lock:
		answer, err = s.client.GetLocks(ctx, &store.GetLocksRequest{Cookie: s.cookie})
	default:
		return nil, fmt.Errorf("v1.0 has no %s", kind)
	}
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	var macs [][]byte
	for _, mac := range answer.GetMacs() {
		macs = append(macs, mac.GetValue())
	}
	return macs, nil
}

// Put sends the MAC alone first, then the chunks.
func (s *storeHost) Put(ctx context.Context, kind host.Kind, mac []byte, chunks iter.Seq[[]byte]) (int64, error) {
	named := &store.MAC{Value: mac}
	switch kind {
	case host.Packfile:
		stream, err := s.client.PutPackfile(ctx)
		return put(stream, err, &store.PutPackfileRequest{Mac: named, Cookie: s.cookie}, chunks,
			func(chunk []byte) *store.PutPackfileRequest { return &store.PutPackfileRequest{Chunk: chunk} })
	case host.State:
		stream, err := s.client.PutState(ctx)
		return put(stream, err, &store.PutStateRequest{Mac: named, Cookie: s.cookie}, chunks,
			func(chunk []byte) *store.PutStateRequest { return &store.PutStateRequest{Chunk: chunk} })
	case host.Lock:
		stream, err := s.client.PutLock(ctx)
		return put(stream, err, &store.PutLockRequest{Mac: named, Cookie: s.cookie}, chunks,
			func(chunk []byte) *store.PutLockRequest { return &store.PutLockRequest{Chunk: chunk} })
	}
	return 0, fmt.Errorf("v1.0 has no %s", kind)
}

// written is the interface that the answers of all Puts share.
type written[A any] interface {
	*A
	GetBytesWritten() int64
}

func put[Q, A any, P written[A]](stream grpc.ClientStreamingClient[Q, A], err error, first *Q, chunks iter.Seq[[]byte], request func([]byte) *Q) (int64, error) {
	if err == nil {
		err = stream.Send(first)
	}
	if err != nil {
		return 0, grpchost.Unwrap(err)
	}
	for chunk := range chunks {
		if err := stream.Send(request(chunk)); err != nil {
			return 0, grpchost.Unwrap(err)
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return 0, grpchost.Unwrap(err)
	}
	return P(answer).GetBytesWritten(), nil
}

// Get supports ranges of packfiles only, like v1.0.
func (s *storeHost) Get(ctx context.Context, kind host.Kind, mac []byte, part *host.Range) (io.ReadCloser, error) {
	named := &store.MAC{Value: mac}
	switch {
	case kind == host.Packfile && part != nil:
		return read(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[store.GetPackfileBlobResponse], error) {
			return s.client.GetPackfileBlob(ctx, &store.GetPackfileBlobRequest{Mac: named, Offset: part.Offset, Length: part.Length, Cookie: s.cookie})
		}), nil
	case part != nil:
		return nil, fmt.Errorf("v1.0 has no range of a %s", kind)
	case kind == host.Packfile:
		return read(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[store.GetPackfileResponse], error) {
			return s.client.GetPackfile(ctx, &store.GetPackfileRequest{Mac: named, Cookie: s.cookie})
		}), nil
	case kind == host.State:
		return read(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[store.GetStateResponse], error) {
			return s.client.GetState(ctx, &store.GetStateRequest{Mac: named, Cookie: s.cookie})
		}), nil
	case kind == host.Lock:
		return read(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[store.GetLockResponse], error) {
			return s.client.GetLock(ctx, &store.GetLockRequest{Mac: named, Cookie: s.cookie})
		}), nil
	}
	return nil, fmt.Errorf("v1.0 has no %s", kind)
}

// chunked is the interface that the answers of all Gets share.
type chunked[A any] interface {
	*A
	GetChunk() []byte
}

func read[A any, P chunked[A]](parent context.Context, open func(context.Context) (grpc.ServerStreamingClient[A], error)) io.ReadCloser {
	ctx, cancel := context.WithCancel(parent)
	return &host.Reader{
		Start: func() (func() ([]byte, error), error) {
			stream, err := open(ctx)
			if err != nil {
				return nil, err
			}
			return func() ([]byte, error) {
				answer, err := stream.Recv()
				return P(answer).GetChunk(), err
			}, nil
		},
		Unwrap: grpchost.Unwrap,
		Stop: func(bool) error {
			cancel()
			return nil
		},
	}
}

func (s *storeHost) Delete(ctx context.Context, kind host.Kind, mac []byte) error {
	named := &store.MAC{Value: mac}
	var err error
	switch kind {
	case host.Packfile:
		_, err = s.client.DeletePackfile(ctx, &store.DeletePackfileRequest{Mac: named, Cookie: s.cookie})
	case host.State:
		_, err = s.client.DeleteState(ctx, &store.DeleteStateRequest{Mac: named, Cookie: s.cookie})
	case host.Lock:
		_, err = s.client.DeleteLock(ctx, &store.DeleteLockRequest{Mac: named, Cookie: s.cookie})
	default:
		return fmt.Errorf("v1.0 has no %s", kind)
	}
	return grpchost.Unwrap(err)
}

func (s *storeHost) Close(ctx context.Context) error {
	_, err := s.client.Close(ctx, &store.CloseRequest{Cookie: s.cookie})
	return grpchost.Unwrap(err)
}
