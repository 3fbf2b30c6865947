package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/exporter"
)

// Types of links in CreateLink.
const (
	hardLink     = 0
	symbolicLink = 1
)

type exporterServer struct {
	exporter.UnimplementedExporterServer
	defaults synthetic.Config
	session  synthetic.Session[*synthetic.Sink]
}

func (s *exporterServer) Init(_ context.Context, request *exporter.InitRequest) (*exporter.InitResponse, error) {
	_, err := s.session.Init(func() (*synthetic.Sink, error) {
		return synthetic.OpenSink(s.defaults.With(request.GetConfig()))
	})
	if err != nil {
		return nil, err
	}
	return &exporter.InitResponse{}, nil
}

func (s *exporterServer) Root(context.Context, *exporter.RootRequest) (*exporter.RootResponse, error) {
	sink, err := s.session.Get("Root")
	if err != nil {
		return nil, err
	}
	return &exporter.RootResponse{RootPath: sink.Root}, nil
}

// CreateDirectory accepts repeated calls for one directory, which hosts make.
func (s *exporterServer) CreateDirectory(_ context.Context, request *exporter.CreateDirectoryRequest) (*exporter.CreateDirectoryResponse, error) {
	if err := s.check("CreateDirectory", request.GetPathname()); err != nil {
		return nil, err
	}
	return &exporter.CreateDirectoryResponse{}, nil
}

// StoreFile reports a failure only after the host has sent everything; earlier,
// the host would show "EOF" instead.
func (s *exporterServer) StoreFile(stream grpc.ClientStreamingServer[exporter.StoreFileRequest, exporter.StoreFileResponse]) error {
	if err := s.storeFile(stream); err != nil {
		for {
			if _, ended := stream.Recv(); ended != nil {
				return err
			}
		}
	}
	return stream.SendAndClose(&exporter.StoreFileResponse{})
}

func (s *exporterServer) storeFile(stream grpc.ClientStreamingServer[exporter.StoreFileRequest, exporter.StoreFileResponse]) error {
	request, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return errors.New("StoreFile: the stream ended before its header")
	}
	if err != nil {
		return err
	}
	header := request.GetHeader()
	if header == nil {
		return errors.New("StoreFile: the first message is not a header")
	}
	if err := s.check("StoreFile", header.GetPathname()); err != nil {
		return err
	}
	var received uint64
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return synthetic.CheckSize(header.GetPathname(), header.GetSize(), received)
		}
		if err != nil {
			return err
		}
		data := request.GetData()
		if data == nil {
			return fmt.Errorf("StoreFile: a message that is no data came within the data of %q", header.GetPathname())
		}
		received += uint64(len(data.GetChunk()))
	}
}

func (s *exporterServer) SetPermissions(_ context.Context, request *exporter.SetPermissionsRequest) (*exporter.SetPermissionsResponse, error) {
	if err := s.check("SetPermissions", request.GetPathname()); err != nil {
		return nil, err
	}
	if request.GetFileInfo() == nil {
		return nil, fmt.Errorf("SetPermissions: the request for %q has no file info", request.GetPathname())
	}
	return &exporter.SetPermissionsResponse{}, nil
}

func (s *exporterServer) CreateLink(_ context.Context, request *exporter.CreateLinkRequest) (*exporter.CreateLinkResponse, error) {
	if err := s.check("CreateLink", request.GetNewname()); err != nil {
		return nil, err
	}
	switch request.GetLtype() {
	case hardLink:
		// A symbolic link may lead anywhere; the first name of a file is below the root.
		if err := s.check("CreateLink", request.GetOldname()); err != nil {
			return nil, err
		}
	case symbolicLink:
	default:
		return nil, fmt.Errorf("CreateLink: ltype is 0 (hard) or 1 (symbolic): %d", request.GetLtype())
	}
	return &exporter.CreateLinkResponse{}, nil
}

// Close does nothing: the exporter keeps nothing.
func (s *exporterServer) Close(context.Context, *exporter.CloseRequest) (*exporter.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &exporter.CloseResponse{}, nil
}

func (s *exporterServer) check(rpc, pathname string) error {
	sink, err := s.session.Get(rpc)
	if err != nil {
		return err
	}
	_, err = sink.Below(pathname)
	return err
}
