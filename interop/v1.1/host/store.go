//go:build unix

package host

import (
	"context"
	"io"
	"iter"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.1/gen/store"
)

type storeHost struct {
	client   store.StoreClient
	identity host.Identity
}

// Store calls Init.
func (c *Client) Store(ctx context.Context, at host.Location) (host.Store, error) {
	client := store.NewStoreClient(c.Conn)
	answer, err := client.Init(ctx, &store.InitRequest{Proto: at.Proto, Config: at.Config})
	return &storeHost{client, host.Identity{
		Type: answer.GetType(), Origin: answer.GetOrigin(), Root: answer.GetRoot(), Flags: answer.GetFlags(),
	}}, grpchost.Unwrap(err)
}

// Location returns the root: v1.1 has no other location.
func (s *storeHost) Location(context.Context) (string, error) { return s.identity.Root, nil }

func (s *storeHost) Create(ctx context.Context, config []byte) error {
	_, err := s.client.Create(ctx, &store.CreateRequest{Config: config})
	return grpchost.Unwrap(err)
}

func (s *storeHost) Open(ctx context.Context) ([]byte, error) {
	answer, err := s.client.Open(ctx, &store.OpenRequest{})
	return answer.GetConfig(), grpchost.Unwrap(err)
}

func (s *storeHost) Mode(ctx context.Context) (int32, error) {
	answer, err := s.client.Mode(ctx, &store.ModeRequest{})
	return answer.GetMode(), grpchost.Unwrap(err)
}

func (s *storeHost) Size(ctx context.Context) (int64, error) {
	answer, err := s.client.Size(ctx, &store.SizeRequest{})
	return answer.GetSize(), grpchost.Unwrap(err)
}

func (s *storeHost) List(ctx context.Context, kind host.Kind) ([][]byte, error) {
	answer, err := s.client.List(ctx, &store.ListRequest{Type: store.StorageResource(kind)})
	return answer.GetMacs(), grpchost.Unwrap(err)
}

// Put sends MAC and type first, then the chunks.
func (s *storeHost) Put(ctx context.Context, kind host.Kind, mac []byte, chunks iter.Seq[[]byte]) (int64, error) {
	stream, err := s.client.Put(ctx)
	if err == nil {
		err = stream.Send(&store.PutRequest{Mac: mac, Type: store.StorageResource(kind)})
	}
	if err != nil {
		return 0, grpchost.Unwrap(err)
	}
	for chunk := range chunks {
		if err := stream.Send(&store.PutRequest{Chunk: chunk}); err != nil {
			return 0, grpchost.Unwrap(err)
		}
	}
	answer, err := stream.CloseAndRecv()
	return answer.GetBytesWritten(), grpchost.Unwrap(err)
}

// Get returns a reader; closing it cancels the call.
func (s *storeHost) Get(parent context.Context, kind host.Kind, mac []byte, part *host.Range) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(parent)
	request := &store.GetRequest{Mac: mac, Type: store.StorageResource(kind)}
	if part != nil {
		request.Range = &store.GetRequest_Range{Offset: part.Offset, Length: part.Length}
	}
	return &host.Reader{
		Start: func() (func() ([]byte, error), error) {
			stream, err := s.client.Get(ctx, request)
			if err != nil {
				return nil, err
			}
			return func() ([]byte, error) {
				answer, err := stream.Recv()
				return answer.GetChunk(), err
			}, nil
		},
		Unwrap: grpchost.Unwrap,
		Stop: func(bool) error {
			cancel()
			return nil
		},
	}, nil
}

func (s *storeHost) Delete(ctx context.Context, kind host.Kind, mac []byte) error {
	_, err := s.client.Delete(ctx, &store.DeleteRequest{Mac: mac, Type: store.StorageResource(kind)})
	return grpchost.Unwrap(err)
}

func (s *storeHost) Close(ctx context.Context) error {
	_, err := s.client.Close(ctx, &store.CloseRequest{})
	return grpchost.Unwrap(err)
}
