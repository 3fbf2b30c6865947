package baseline

import (
	"context"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/store"
)

const (
	// modeReadWrite combines 2 (write) and 4 (read).
	modeReadWrite = 6
	// messageLimit is the size of the largest message that hosts accept.
	messageLimit = 4 << 20
)

// storeServer implements the RPCs that do not belong to one kind of resource; the
// others are in resources.go.
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
	_, err := s.session.Init(func() (*openedStore, error) {
		return openStore(s.defaults.With(request.GetConfig()))
	})
	if err != nil {
		return nil, err
	}
	return &store.InitResponse{}, nil
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

// Close does nothing: resources are kept, and hosts delete their lock after it.
func (s *storeServer) Close(context.Context, *store.CloseRequest) (*store.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &store.CloseResponse{}, nil
}

// GetLocation is called once for every record of a backup.
func (s *storeServer) GetLocation(context.Context, *store.GetLocationRequest) (*store.GetLocationResponse, error) {
	opened, err := s.session.Get("GetLocation")
	if err != nil {
		return nil, err
	}
	return &store.GetLocationResponse{Location: opened.location}, nil
}

func (s *storeServer) GetMode(context.Context, *store.GetModeRequest) (*store.GetModeResponse, error) {
	if _, err := s.session.Get("GetMode"); err != nil {
		return nil, err
	}
	return &store.GetModeResponse{Mode: modeReadWrite}, nil
}

func (s *storeServer) GetSize(context.Context, *store.GetSizeRequest) (*store.GetSizeResponse, error) {
	opened, err := s.session.Get("GetSize")
	if err != nil {
		return nil, err
	}
	size, err := opened.Size()
	if err != nil {
		return nil, err
	}
	return &store.GetSizeResponse{Size: size}, nil
}
