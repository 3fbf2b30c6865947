package baseline

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kloset.invalid/interop/pipes/disk"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

type importerServer struct {
	importer.UnimplementedImporterServer
	defaults synthetic.Config
	session  synthetic.Session[*openedSource]
}

// openedSource is the source of an import: synthetic, or a folder on the disk.
type openedSource struct {
	source
	root    string
	buffers synthetic.Buffers
}

type source interface {
	Entries() iter.Seq[*synthetic.Entry]
	// Open reads a file or one of its extended attributes. A result that is an
	// io.Closer is closed.
	Open(pathname, attribute string) (io.Reader, error)
}

func (s *importerServer) Init(_ context.Context, request *importer.InitRequest) (*importer.InitResponse, error) {
	opened, err := s.session.Init(func() (*openedSource, error) {
		return openSource(s.defaults.With(request.GetConfig()), request.GetOptions().GetNoxattr())
	})
	if err != nil {
		return nil, err
	}
	return &importer.InitResponse{Origin: "localhost", Type: "synthetic", Root: opened.root}, nil
}

func openSource(config synthetic.Config, withoutAttributes bool) (*openedSource, error) {
	onDisk, err := config.Switch("disk")
	if err != nil {
		return nil, err
	}
	if onDisk {
		folder, err := disk.OpenFolder(config)
		if err != nil {
			return nil, err
		}
		folder.WithoutAttributes = withoutAttributes
		buffers, err := config.Buffers()
		return &openedSource{folder, folder.Root, buffers}, err
	}
	made, err := synthetic.OpenSource(config)
	if err != nil {
		return nil, err
	}
	made.WithoutAttributes = withoutAttributes
	return &openedSource{made, "/", made.Buffers}, nil
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
	// Results are read from the beginning: a host that cannot send them does not
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
	// The stream may end only after the host has acknowledged everything.
	return <-acknowledged
}

// receiveResults reads to the host's half-close. It has nothing to free: records
// hold no resources.
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
	if closer, ok := content.(io.Closer); ok {
		defer func() { _ = closer.Close() }()
	}
	return source.buffers.Send(content, func(chunk []byte) error {
		return stream.Send(&importer.OpenResponse{Chunk: chunk})
	})
}

// Close does nothing: the importer holds no resources. It may arrive while Import
// still runs.
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
			ModTime:   timestamppb.New(entry.Changed),
			Dev:       1,
			Ino:       entry.Inode,
			Uid:       uint64(entry.Owner),
			Gid:       uint64(entry.Group),
			Nlink:     1,
			Username:  entry.OwnerName,
			Groupname: entry.GroupName,
		},
	}
}
