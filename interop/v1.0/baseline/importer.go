package baseline

import (
	"context"
	"fmt"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/importer"
)

type importerServer struct {
	importer.UnimplementedImporterServer
	defaults synthetic.Config
	session  synthetic.Session[*synthetic.Source]
	readers  activeReaders
}

func (s *importerServer) Init(_ context.Context, request *importer.InitRequest) (*importer.InitResponse, error) {
	_, err := s.session.Init(func() (*synthetic.Source, error) {
		source, err := synthetic.OpenSource(s.defaults.With(request.GetConfig()))
		if err != nil {
			return nil, err
		}
		if source.HasAttributes() {
			fmt.Fprintln(os.Stderr, "plugin: extended attributes are left out: Plakar 1.0 would mistake them for their files")
		}
		source.WithoutAttributes = true
		return source, nil
	})
	if err != nil {
		// Not in the response's error field: a status reaches the user as well.
		return nil, err
	}
	return &importer.InitResponse{}, nil
}

func (s *importerServer) Info(context.Context, *importer.InfoRequest) (*importer.InfoResponse, error) {
	if _, err := s.session.Get("Info"); err != nil {
		return nil, err
	}
	return &importer.InfoResponse{Type: "synthetic", Origin: "localhost", Root: "/"}, nil
}

// Scan ends without an error whatever its entries are: a v1.0 host prints an error
// of this call in an endless loop.
func (s *importerServer) Scan(_ *importer.ScanRequest, stream grpc.ServerStreamingServer[importer.ScanResponse]) error {
	source, err := s.session.Get("Scan")
	if err != nil {
		return stream.Send(&importer.ScanResponse{Pathname: "/", Result: scanError(err.Error())})
	}
	for entry := range source.Entries() {
		if err := stream.Send(responseOf(entry)); err != nil {
			return err
		}
	}
	return nil
}

func (s *importerServer) OpenReader(request *importer.OpenReaderRequest, stream grpc.ServerStreamingServer[importer.OpenReaderResponse]) error {
	source, err := s.session.Get("OpenReader")
	if err != nil {
		return err
	}
	content, err := source.Open(request.GetPathname(), "")
	if err != nil {
		return err
	}
	closed, done := s.readers.add(request.GetPathname())
	defer done()
	err = source.Buffers.Send(content, func(chunk []byte) error {
		select {
		case <-closed:
			return errReaderClosed
		default:
			return stream.Send(&importer.OpenReaderResponse{Chunk: chunk})
		}
	})
	return err
}

// CloseReader is called for every reader, even for those that have ended.
func (s *importerServer) CloseReader(_ context.Context, request *importer.CloseReaderRequest) (*importer.CloseReaderResponse, error) {
	if _, err := s.session.Get("CloseReader"); err != nil {
		return nil, err
	}
	s.readers.close(request.GetPathname())
	return &importer.CloseReaderResponse{}, nil
}

// Close does nothing: the importer holds no resources.
func (s *importerServer) Close(context.Context, *importer.CloseRequest) (*importer.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &importer.CloseResponse{}, nil
}

// errReaderClosed is an error although the host asked for the end: CloseReader names
// only a pathname, and another reader of the same file must not mistake a part for
// the whole.
var errReaderClosed = status.Error(codes.Canceled, "the host closed the reader")

// activeReaders holds the streaming readers, so that CloseReader, another call, can
// end them.
type activeReaders struct {
	mutex      sync.Mutex
	byPathname map[string][]chan struct{}
}

// add returns a channel that is closed when the reader should end, and a function
// to call once it has.
func (r *activeReaders) add(pathname string) (closed <-chan struct{}, done func()) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.byPathname == nil {
		r.byPathname = map[string][]chan struct{}{}
	}
	added := make(chan struct{})
	r.byPathname[pathname] = append(r.byPathname[pathname], added)
	return added, func() { r.remove(pathname, added) }
}

func (r *activeReaders) remove(pathname string, reader chan struct{}) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	readers := r.byPathname[pathname]
	for i, other := range readers {
		if other == reader {
			readers = append(readers[:i:i], readers[i+1:]...)
			break
		}
	}
	if len(readers) == 0 {
		delete(r.byPathname, pathname)
	} else {
		r.byPathname[pathname] = readers
	}
}

// close ends the oldest: each CloseReader is for one OpenReader.
func (r *activeReaders) close(pathname string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, reader := range r.byPathname[pathname] {
		close(reader)
		r.byPathname[pathname] = r.byPathname[pathname][1:]
		break
	}
}

func scanError(message string) *importer.ScanResponse_Error {
	return &importer.ScanResponse_Error{Error: &importer.ScanError{Message: message}}
}

func responseOf(entry *synthetic.Entry) *importer.ScanResponse {
	if entry.Err != "" {
		return &importer.ScanResponse{Pathname: entry.Pathname, Result: scanError(entry.Err)}
	}
	return &importer.ScanResponse{
		Pathname: entry.Pathname,
		Result: &importer.ScanResponse_Record{Record: &importer.ScanRecord{
			Target: entry.Target,
			Fileinfo: &importer.ScanRecordFileInfo{
				Name:      entry.Name,
				Size:      int64(entry.Size),
				Mode:      uint32(entry.Mode),
				ModTime:   &timestamppb.Timestamp{Seconds: synthetic.ModTime},
				Dev:       1,
				Ino:       entry.Inode,
				Nlink:     1,
				Username:  entry.OwnerName,
				Groupname: entry.GroupName,
			},
		}},
	}
}
