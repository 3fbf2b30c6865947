package baseline

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/store"
)

const (
	// modeReadWrite combines 2 (write) and 4 (read).
	modeReadWrite = 6
	// messageLimit is the size of the largest message that hosts accept.
	messageLimit = 4 << 20
)

type storeServer struct {
	store.UnimplementedStoreServer
	defaults synthetic.Config
	session  synthetic.Session[*openedStore]
}

type openedStore struct {
	synthetic.Store
	location string
	buffers  synthetic.Buffers
}

func (s *storeServer) Init(_ context.Context, request *store.InitRequest) (*store.InitResponse, error) {
	opened, err := s.session.Init(func() (*openedStore, error) {
		return openStore(s.defaults.With(request.GetConfig()))
	})
	if err != nil {
		return nil, err
	}
	root := synthetic.PathOf(opened.location)
	if root == "" {
		// With another mode hosts would silently back up nothing.
		root = opened.location
	}
	return &store.InitResponse{Origin: "localhost", Type: "synthetic", Root: root}, nil
}

func openStore(config synthetic.Config) (*openedStore, error) {
	opened, location, err := synthetic.OpenStore(config)
	if err != nil {
		return nil, err
	}
	buffers, err := config.Buffers()
	return &openedStore{opened, location, buffers}, err
}

func (s *storeServer) Create(_ context.Context, request *store.CreateRequest) (*store.CreateResponse, error) {
	opened, err := s.session.Get("Create")
	if err != nil {
		return nil, err
	}
	if err := opened.Create(request.GetConfig()); err != nil {
		return nil, err
	}
	return &store.CreateResponse{}, nil
}

func (s *storeServer) Open(context.Context, *store.OpenRequest) (*store.OpenResponse, error) {
	opened, err := s.session.Get("Open")
	if err != nil {
		return nil, err
	}
	config, err := opened.Open()
	if err != nil {
		return nil, err
	}
	return &store.OpenResponse{Config: config}, nil
}

func (s *storeServer) Ping(context.Context, *store.PingRequest) (*store.PingResponse, error) {
	if _, err := s.session.Get("Ping"); err != nil {
		return nil, err
	}
	return &store.PingResponse{}, nil
}

func (s *storeServer) Mode(context.Context, *store.ModeRequest) (*store.ModeResponse, error) {
	if _, err := s.session.Get("Mode"); err != nil {
		return nil, err
	}
	return &store.ModeResponse{Mode: modeReadWrite}, nil
}

func (s *storeServer) Size(context.Context, *store.SizeRequest) (*store.SizeResponse, error) {
	opened, err := s.session.Get("Size")
	if err != nil {
		return nil, err
	}
	size, err := opened.Size()
	if err != nil {
		return nil, err
	}
	return &store.SizeResponse{Size: size}, nil
}

func (s *storeServer) List(_ context.Context, request *store.ListRequest) (*store.ListResponse, error) {
	opened, err := s.session.Get("List")
	if err != nil {
		return nil, err
	}
	kind, err := synthetic.ParseKind(int32(request.GetType()))
	if err != nil {
		return nil, err
	}
	macs, err := opened.List(kind)
	if err != nil {
		return nil, err
	}
	response := &store.ListResponse{Macs: make([][]byte, len(macs))}
	for i := range macs {
		response.Macs[i] = macs[i][:]
	}
	if proto.Size(response) > messageLimit {
		return nil, fmt.Errorf("a list of %d %ss is longer than the %d bytes that hosts take", len(macs), kind, messageLimit)
	}
	return response, nil
}

func (s *storeServer) Put(stream grpc.ClientStreamingServer[store.PutRequest, store.PutResponse]) error {
	open := func() (synthetic.Store, error) { return s.session.Get("Put") }
	received, err := synthetic.Receive(open, func() (synthetic.PutMessage, error) {
		request, err := stream.Recv()
		return synthetic.PutMessage{Kind: int32(request.GetType()), MAC: request.GetMac(), Chunk: request.GetChunk()}, err
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(&store.PutResponse{BytesWritten: received})
}

func (s *storeServer) Get(request *store.GetRequest, stream grpc.ServerStreamingServer[store.GetResponse]) error {
	opened, err := s.session.Get("Get")
	if err != nil {
		return err
	}
	kind, mac, err := nameOf(request)
	if err != nil {
		return err
	}
	content, err := opened.Get(kind, mac)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	var part io.Reader
	if wanted := request.GetRange(); wanted != nil {
		part = synthetic.Section(content, wanted.GetOffset(), wanted.GetLength())
	} else {
		part = synthetic.Whole(content)
	}
	return opened.buffers.Send(part, func(chunk []byte) error {
		return stream.Send(&store.GetResponse{Chunk: chunk})
	})
}

func (s *storeServer) Delete(_ context.Context, request *store.DeleteRequest) (*store.DeleteResponse, error) {
	opened, err := s.session.Get("Delete")
	if err != nil {
		return nil, err
	}
	kind, mac, err := nameOf(request)
	if err != nil {
		return nil, err
	}
	if err := opened.Delete(kind, mac); err != nil {
		return nil, err
	}
	return &store.DeleteResponse{}, nil
}

// Close does nothing: resources are kept, and hosts delete their lock after it.
func (s *storeServer) Close(context.Context, *store.CloseRequest) (*store.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &store.CloseResponse{}, nil
}

func nameOf(request interface {
	GetMac() []byte
	GetType() store.StorageResource
}) (kind synthetic.Kind, mac synthetic.MAC, err error) {
	if kind, err = synthetic.ParseKind(int32(request.GetType())); err != nil {
		return kind, mac, err
	}
	mac, err = synthetic.ParseMAC(request.GetMac())
	return kind, mac, err
}
