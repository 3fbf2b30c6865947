package baseline

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

type importerServer struct {
	importer.UnimplementedImporterServer
	defaults synthetic.Config
	session  synthetic.Session[*synthetic.Source]
}

func (s *importerServer) Init(_ context.Context, request *importer.InitRequest) (*importer.InitResponse, error) {
	_, err := s.session.Init(func() (*synthetic.Source, error) {
		source, err := synthetic.OpenSource(s.defaults.With(request.GetConfig()))
		if err == nil {
			source.WithoutAttributes = request.GetOptions().GetNoxattr()
		}
		return source, err
	})
	if err != nil {
		return nil, err
	}
	return &importer.InitResponse{Origin: "localhost", Type: "synthetic", Root: "/"}, nil
}

func (s *importerServer) Ping(context.Context, *importer.PingRequest) (*importer.PingResponse, error) {
	if _, err := s.session.Get("Ping"); err != nil {
		return nil, err
	}
	return &importer.PingResponse{}, nil
}

func (s *importerServer) Import(stream grpc.BidiStreamingServer[importer.ImportRequest, importer.ImportResponse]) error {
	source, err := s.session.Get("Import")
	if err != nil {
		return err
	}
	// Results are read from the beginning: a host that can not send them does not
	// read records either.
	acknowledged := make(chan error, 1)
	go func() { acknowledged <- receiveResults(stream) }()
	for entry := range source.Entries() {
		if err := stream.Send(&importer.ImportResponse{Record: recordOf(entry)}); err != nil {
			return err
		}
	}
	if err := stream.Send(&importer.ImportResponse{Finished: true}); err != nil {
		return err
	}
	// Only when the host has acknowledged everything may the stream end.
	return <-acknowledged
}

// receiveResults reads to the host's half-close. Nothing is held for a record, so
// there is nothing to free.
func receiveResults(stream grpc.BidiStreamingServer[importer.ImportRequest, importer.ImportResponse]) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (s *importerServer) Open(request *importer.OpenRequest, stream grpc.ServerStreamingServer[importer.OpenResponse]) error {
	source, err := s.session.Get("Open")
	if err != nil {
		return err
	}
	record := request.GetRecord()
	if record == nil {
		return errors.New("Open: the request has no record")
	}
	if record.GetIsXattr() && record.GetXattrName() == "" {
		return errors.New("Open: the extended attribute has no name")
	}
	attribute := ""
	if record.GetIsXattr() {
		attribute = record.GetXattrName()
	}
	content, err := source.Open(record.GetPathname(), attribute)
	if err != nil {
		return err
	}
	return source.Buffers.Send(content, func(chunk []byte) error {
		return stream.Send(&importer.OpenResponse{Chunk: chunk})
	})
}

// Close has nothing to do: there is nothing to give back, and it may arrive while
// Import still runs.
func (s *importerServer) Close(context.Context, *importer.CloseRequest) (*importer.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &importer.CloseResponse{}, nil
}

func recordOf(entry *synthetic.Entry) *connectors.Record {
	switch {
	case entry.Err != "":
		return &connectors.Record{Pathname: entry.Pathname, Error: entry.Err}
	case entry.Attribute != "":
		// The kind of an ordinary attribute is 0 on the wire, whatever its name there.
		return &connectors.Record{Pathname: entry.Pathname, HasReader: true, IsXattr: true, XattrName: entry.Attribute}
	}
	return &connectors.Record{
		Pathname:           entry.Pathname,
		HasReader:          entry.Mode.IsRegular(),
		Target:             entry.Target,
		ExtendedAttributes: entry.Attributes,
		FileInfo: &connectors.FileInfo{
			Name:      entry.Name,
			Size:      int64(entry.Size),
			Mode:      uint32(entry.Mode),
			ModTime:   &timestamppb.Timestamp{Seconds: synthetic.ModTime},
			Dev:       1,
			Ino:       entry.Inode,
			Nlink:     1,
			Username:  "root",
			Groupname: "root",
		},
	}
}
