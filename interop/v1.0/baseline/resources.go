package baseline

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/store"
)

// This generation has an RPC for each kind of resource, with its own messages for
// each RPC, which differ only in their names.

func (s *storeServer) GetStates(context.Context, *store.GetStatesRequest) (*store.GetStatesResponse, error) {
	return list(s, "GetStates", synthetic.State, func(macs []*store.MAC) *store.GetStatesResponse {
		return &store.GetStatesResponse{Macs: macs}
	})
}

func (s *storeServer) PutState(stream grpc.ClientStreamingServer[store.PutStateRequest, store.PutStateResponse]) error {
	return put[store.PutStateRequest](s, "PutState", synthetic.State, stream, func(received int64) *store.PutStateResponse {
		return &store.PutStateResponse{BytesWritten: received}
	})
}

func (s *storeServer) GetState(request *store.GetStateRequest, stream grpc.ServerStreamingServer[store.GetStateResponse]) error {
	return s.get("GetState", synthetic.State, request.GetMac(), synthetic.Whole, func(chunk []byte) error {
		return stream.Send(&store.GetStateResponse{Chunk: chunk})
	})
}

func (s *storeServer) DeleteState(_ context.Context, request *store.DeleteStateRequest) (*store.DeleteStateResponse, error) {
	return &store.DeleteStateResponse{}, s.delete("DeleteState", synthetic.State, request.GetMac())
}

func (s *storeServer) GetPackfiles(context.Context, *store.GetPackfilesRequest) (*store.GetPackfilesResponse, error) {
	return list(s, "GetPackfiles", synthetic.Packfile, func(macs []*store.MAC) *store.GetPackfilesResponse {
		return &store.GetPackfilesResponse{Macs: macs}
	})
}

func (s *storeServer) PutPackfile(stream grpc.ClientStreamingServer[store.PutPackfileRequest, store.PutPackfileResponse]) error {
	return put[store.PutPackfileRequest](s, "PutPackfile", synthetic.Packfile, stream, func(received int64) *store.PutPackfileResponse {
		return &store.PutPackfileResponse{BytesWritten: received}
	})
}

func (s *storeServer) GetPackfile(request *store.GetPackfileRequest, stream grpc.ServerStreamingServer[store.GetPackfileResponse]) error {
	return s.get("GetPackfile", synthetic.Packfile, request.GetMac(), synthetic.Whole, func(chunk []byte) error {
		return stream.Send(&store.GetPackfileResponse{Chunk: chunk})
	})
}

func (s *storeServer) GetPackfileBlob(request *store.GetPackfileBlobRequest, stream grpc.ServerStreamingServer[store.GetPackfileBlobResponse]) error {
	part := func(content synthetic.Content) io.Reader {
		return synthetic.Section(content, request.GetOffset(), request.GetLength())
	}
	return s.get("GetPackfileBlob", synthetic.Packfile, request.GetMac(), part, func(chunk []byte) error {
		return stream.Send(&store.GetPackfileBlobResponse{Chunk: chunk})
	})
}

func (s *storeServer) DeletePackfile(_ context.Context, request *store.DeletePackfileRequest) (*store.DeletePackfileResponse, error) {
	return &store.DeletePackfileResponse{}, s.delete("DeletePackfile", synthetic.Packfile, request.GetMac())
}

func (s *storeServer) GetLocks(context.Context, *store.GetLocksRequest) (*store.GetLocksResponse, error) {
	return list(s, "GetLocks", synthetic.Lock, func(macs []*store.MAC) *store.GetLocksResponse {
		return &store.GetLocksResponse{Macs: macs}
	})
}

func (s *storeServer) PutLock(stream grpc.ClientStreamingServer[store.PutLockRequest, store.PutLockResponse]) error {
	return put[store.PutLockRequest](s, "PutLock", synthetic.Lock, stream, func(received int64) *store.PutLockResponse {
		return &store.PutLockResponse{BytesWritten: received}
	})
}

func (s *storeServer) GetLock(request *store.GetLockRequest, stream grpc.ServerStreamingServer[store.GetLockResponse]) error {
	return s.get("GetLock", synthetic.Lock, request.GetMac(), synthetic.Whole, func(chunk []byte) error {
		return stream.Send(&store.GetLockResponse{Chunk: chunk})
	})
}

func (s *storeServer) DeleteLock(_ context.Context, request *store.DeleteLockRequest) (*store.DeleteLockResponse, error) {
	return &store.DeleteLockResponse{}, s.delete("DeleteLock", synthetic.Lock, request.GetMac())
}

func list[R proto.Message](s *storeServer, rpc string, kind synthetic.Kind, answer func([]*store.MAC) R) (R, error) {
	var none R
	opened, err := s.session.Get(rpc)
	if err != nil {
		return none, err
	}
	macs, err := opened.List(kind)
	if err != nil {
		return none, err
	}
	values := make([]*store.MAC, len(macs))
	for i := range macs {
		values[i] = &store.MAC{Value: macs[i][:]}
	}
	response := answer(values)
	if proto.Size(response) > messageLimit {
		return none, fmt.Errorf("a list of %d %ss is longer than the %d bytes that hosts take", len(macs), kind, messageLimit)
	}
	return response, nil
}

// putRequest is the interface that the requests of all Puts share.
type putRequest[Q any] interface {
	*Q
	GetMac() *store.MAC
	GetChunk() []byte
}

func put[Q, R any, P putRequest[Q]](s *storeServer, rpc string, kind synthetic.Kind, stream grpc.ClientStreamingServer[Q, R], answer func(received int64) *R) error {
	open := func() (synthetic.Store, error) { return s.session.Get(rpc) }
	received, err := synthetic.Receive(open, func() (synthetic.PutMessage, error) {
		request, err := stream.Recv()
		if err != nil {
			return synthetic.PutMessage{}, err
		}
		message := P(request)
		return synthetic.PutMessage{Kind: int32(kind), MAC: message.GetMac().GetValue(), Chunk: message.GetChunk()}, nil
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(answer(received))
}

// get sends a resource or a part of it.
func (s *storeServer) get(rpc string, kind synthetic.Kind, name *store.MAC, part func(synthetic.Content) io.Reader, send func(chunk []byte) error) error {
	opened, err := s.session.Get(rpc)
	if err != nil {
		return err
	}
	mac, err := synthetic.ParseMAC(name.GetValue())
	if err != nil {
		return err
	}
	content, err := opened.Get(kind, mac)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	return opened.buffers.Send(part(content), send)
}

func (s *storeServer) delete(rpc string, kind synthetic.Kind, name *store.MAC) error {
	opened, err := s.session.Get(rpc)
	if err != nil {
		return err
	}
	mac, err := synthetic.ParseMAC(name.GetValue())
	if err != nil {
		return err
	}
	return opened.Delete(kind, mac)
}
