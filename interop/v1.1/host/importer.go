//go:build unix

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"google.golang.org/protobuf/types/known/timestamppb"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

type importerHost struct {
	client   importer.ImporterClient
	identity host.Identity
}

// Importer calls Init.
func (c *Client) Importer(ctx context.Context, at host.Location, options host.Options) (host.Importer, error) {
	client := importer.NewImporterClient(c.Conn)
	answer, err := client.Init(ctx, &importer.InitRequest{
		Options: &importer.Options{
			Hostname: options.Hostname, Os: options.OS, Arch: options.Arch, Cwd: options.Cwd,
			Maxconcurrency: options.MaxConcurrency, Excludes: options.Excludes, Noxattr: options.NoXattr,
		},
		Proto:  at.Proto,
		Config: at.Config,
	})
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	return &importerHost{client, host.Identity{
		Type: answer.GetType(), Origin: answer.GetOrigin(), Root: answer.GetRoot(), Flags: answer.GetFlags(),
	}}, nil
}

func (i *importerHost) Identity(context.Context) (host.Identity, error) { return i.identity, nil }

// Scan acknowledges each record once it has been handled, half-closes after the
// last one, and waits for the plugin to end the stream.
func (i *importerHost) Scan(parent context.Context, workers int, handle func(context.Context, host.Record) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stream, err := i.client.Import(ctx)
	if err != nil {
		return grpchost.Unwrap(err)
	}

	records := make(chan *connectors.Record, max(1, workers))
	go func() {
		defer close(records)
		for {
			response, err := stream.Recv()
			switch {
			case err != nil && errors.Is(err, io.EOF):
				cancel(errors.New("the plugin ended Import before it had finished"))
				return
			case err != nil:
				cancel(grpchost.Unwrap(err))
				return
			case response.GetFinished():
				return
			}
			select {
			case records <- response.GetRecord():
			case <-ctx.Done():
				return
			}
		}
	}()

	done := make(chan *connectors.Record, max(1, workers))
	acknowledged := make(chan error, 1)
	go func() {
		var failed error
		for record := range done {
			if failed == nil {
				failed = stream.Send(&importer.ImportRequest{Result: &connectors.Result{Header: record}})
			}
		}
		if failed == nil {
			failed = stream.CloseSend()
		}
		acknowledged <- failed
	}()

	err = host.Each(ctx, workers, records, func(ctx context.Context, scanned *connectors.Record) error {
		record, err := recordOf(scanned)
		if err != nil {
			return err
		}
		if err := handle(ctx, record); err != nil {
			return err
		}
		done <- scanned
		return nil
	})
	close(done)
	if err := errors.Join(err, <-acknowledged); err != nil {
		return err
	}
	// Released hosts stop reading here; this one checks that nothing follows.
	if response, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after all acknowledgements came %v, %w", response, grpchost.Unwrap(err))
	}
	return nil
}

func recordOf(scanned *connectors.Record) (host.Record, error) {
	record := host.Record{
		Pathname: scanned.GetPathname(), Error: scanned.GetError(), Target: scanned.GetTarget(),
		HasReader: scanned.GetHasReader(), Attributes: scanned.GetExtendedAttributes(),
		IsXattr: scanned.GetIsXattr(), XattrName: scanned.GetXattrName(), XattrType: int32(scanned.GetXattrType()),
	}
	if scanned == nil {
		return record, errors.New("the answer of Import is neither a record nor the end of the scan")
	}
	if record.Error != "" || record.IsXattr {
		return record, nil
	}
	info := scanned.GetFileInfo()
	if info == nil || info.GetModTime() == nil {
		return record, fmt.Errorf("%q has no fileinfo, or no time", record.Pathname)
	}
	record.Username, record.Groupname = info.GetUsername(), info.GetGroupname()
	record.Info = tree.Info{
		Name: info.GetName(), Size: info.GetSize(), Mode: fs.FileMode(info.GetMode()), ModTime: info.GetModTime().AsTime(),
		Dev: info.GetDev(), Ino: info.GetIno(), UID: info.GetUid(), GID: info.GetGid(), Nlink: uint64(info.GetNlink()),
	}
	return record, nil
}

// Open sends the record as the wire carries it. Close cancels the call and waits
// for its end.
func (i *importerHost) Open(parent context.Context, record host.Record) io.ReadCloser {
	ctx, cancel := context.WithCancel(parent)
	var next func() ([]byte, error)
	return &host.Reader{
		Start: func() (func() ([]byte, error), error) {
			stream, err := i.client.Open(ctx, &importer.OpenRequest{Record: &connectors.Record{
				Pathname: record.Pathname, IsXattr: record.IsXattr, XattrName: record.XattrName,
				XattrType: connectors.ExtendedAttributeType(record.XattrType), Target: record.Target,
			}})
			if err != nil {
				return nil, err
			}
			next = func() ([]byte, error) {
				response, err := stream.Recv()
				return response.GetChunk(), err
			}
			return next, nil
		},
		Unwrap: grpchost.Unwrap,
		Stop: func(started bool) error {
			cancel()
			for started {
				if _, err := next(); err != nil {
					return nil
				}
			}
			return nil
		},
	}
}

func (i *importerHost) Close(ctx context.Context) error {
	_, err := i.client.Close(ctx, &importer.CloseRequest{})
	return grpchost.Unwrap(err)
}

// fileInfoOf converts the attributes of a file to the wire's form.
func fileInfoOf(info tree.Info) *connectors.FileInfo {
	return &connectors.FileInfo{
		Name: info.Name, Size: info.Size, Mode: uint32(info.Mode), ModTime: timestamppb.New(info.ModTime),
		Dev: info.Dev, Ino: info.Ino, Uid: info.UID, Gid: info.GID, Nlink: uint32(info.Nlink),
	}
}
