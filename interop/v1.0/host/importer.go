//go:build unix

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/v1.0/gen/importer"
)

// readAhead is the number of records that a v1.0 host queues for its workers.
const readAhead = 1000

type importerHost struct {
	client importer.ImporterClient
	cookie string
}

// Importer calls Init.
func (c *Client) Importer(ctx context.Context, at host.Location, options host.Options) (host.Importer, error) {
	client := importer.NewImporterClient(c.Conn)
	answer, err := client.Init(ctx, &importer.InitRequest{
		Options: &importer.Options{
			Hostname: options.Hostname, Os: options.OS, Arch: options.Arch, Cwd: options.Cwd,
			Maxconcurrency: options.MaxConcurrency, Excludes: options.Excludes,
		},
		Proto:  at.Proto,
		Config: at.Config,
	})
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	if answer.Error != nil {
		return nil, &host.PluginError{Text: answer.GetError()}
	}
	return &importerHost{client, answer.GetCookie()}, nil
}

func (i *importerHost) Identity(ctx context.Context) (host.Identity, error) {
	info, err := i.client.Info(ctx, &importer.InfoRequest{Cookie: i.cookie})
	return host.Identity{Type: info.GetType(), Origin: info.GetOrigin(), Root: info.GetRoot()}, grpchost.Unwrap(err)
}

// Scan reads the scan to its end while the workers open their records.
func (i *importerHost) Scan(ctx context.Context, workers int, handle func(context.Context, host.Record) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := i.client.Scan(ctx, &importer.ScanRequest{Cookie: i.cookie})
	if err != nil {
		return grpchost.Unwrap(err)
	}
	records := make(chan host.Record, readAhead)
	ended := make(chan error, 1)
	go func() {
		defer close(records)
		for {
			response, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				ended <- nil
				return
			}
			if err != nil {
				ended <- grpchost.Unwrap(err)
				return
			}
			record, err := recordOf(response)
			if err != nil {
				ended <- err
				return
			}
			select {
			case records <- record:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
		}
	}()
	if err := host.Each(ctx, workers, records, handle); err != nil {
		return err
	}
	return <-ended
}

func recordOf(response *importer.ScanResponse) (host.Record, error) {
	record := host.Record{Pathname: response.GetPathname()}
	if failure := response.GetError(); failure != nil {
		record.Error = failure.GetMessage()
		if record.Error == "" {
			return record, fmt.Errorf("%q has an error without a message", record.Pathname)
		}
		return record, nil
	}
	scanned := response.GetRecord()
	if scanned == nil {
		return record, fmt.Errorf("%q is neither a record nor an error", record.Pathname)
	}
	info := scanned.GetFileinfo()
	if info == nil || info.GetModTime() == nil {
		return record, fmt.Errorf("%q has no fileinfo, or no time", record.Pathname)
	}
	if scanned.Xattr != nil {
		record.IsXattr, record.XattrName, record.XattrType = true, scanned.Xattr.GetName(), int32(scanned.Xattr.GetType())
	}
	record.Target = scanned.GetTarget()
	record.Username, record.Groupname = info.GetUsername(), info.GetGroupname()
	record.Info = tree.Info{
		Name: info.GetName(), Size: info.GetSize(), Mode: fs.FileMode(info.GetMode()), ModTime: info.GetModTime().AsTime(),
		Dev: info.GetDev(), Ino: info.GetIno(), UID: info.GetUid(), GID: info.GetGid(), Nlink: uint64(info.GetNlink()),
	}
	record.HasReader = record.Info.Mode.IsRegular()
	return record, nil
}

// Open calls OpenReader at the first Read, and CloseReader at Close, even if the
// content was read to its end.
func (i *importerHost) Open(ctx context.Context, record host.Record) io.ReadCloser {
	return &host.Reader{
		Start: func() (func() ([]byte, error), error) {
			stream, err := i.client.OpenReader(ctx, &importer.OpenReaderRequest{Pathname: record.Pathname, Cookie: i.cookie})
			if err != nil {
				return nil, err
			}
			return func() ([]byte, error) {
				response, err := stream.Recv()
				return response.GetChunk(), err
			}, nil
		},
		Unwrap: grpchost.Unwrap,
		Stop: func(started bool) error {
			if !started {
				return nil
			}
			_, err := i.client.CloseReader(ctx, &importer.CloseReaderRequest{Pathname: record.Pathname, Cookie: i.cookie})
			return grpchost.Unwrap(err)
		},
	}
}

func (i *importerHost) Close(ctx context.Context) error {
	_, err := i.client.Close(ctx, &importer.CloseRequest{Cookie: i.cookie})
	return grpchost.Unwrap(err)
}
