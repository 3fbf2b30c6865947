//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

// waiting is how many records may wait for a worker or for their acknowledgement.
const waiting = 256

type importRun struct {
	client importer.ImporterClient
	job    Job
	open   bool
	bytes  atomic.Uint64
}

func startRecords(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job)
	answered()
	return &importRun{client: client, job: job}, err
}

func startImport(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job)
	answered()
	return &importRun{client: client, job: job, open: true}, err
}

func openImporter(ctx context.Context, conn *grpc.ClientConn, job Job) (importer.ImporterClient, error) {
	client := importer.NewImporterClient(conn)
	config := job.config()
	config["files"], config["size"] = strconv.Itoa(job.Count), strconv.FormatUint(job.Size, 10)
	_, err := client.Init(ctx, &importer.InitRequest{
		Options: &importer.Options{Hostname: "localhost", Os: "linux", Arch: "amd64", Cwd: "/", Maxconcurrency: int64(job.Calls)},
		Proto:   "bench",
		Config:  config,
	})
	return client, err
}

func (j Job) config() map[string]string {
	config := map[string]string{"location": "bench://memory"}
	maps.Copy(config, j.Config)
	return config
}

// drive gives every record to one of the workers while the scan goes on, and
// acknowledges it when the worker has read what it names, as Plakar does.
func (r *importRun) drive(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stream, err := r.client.Import(ctx)
	if err != nil {
		return err
	}
	records := make(chan *connectors.Record, waiting)
	go func() {
		defer close(records)
		if err := r.receive(ctx, stream, records); err != nil {
			cancel(err)
		}
	}()
	done := make(chan *connectors.Record, waiting)
	acknowledged := make(chan error, 1)
	go func() { acknowledged <- acknowledge(stream, done) }()
	err = host.Each(ctx, r.job.Calls, records, func(ctx context.Context, record *connectors.Record) error {
		if r.open && record.GetHasReader() {
			if err := r.read(ctx, record); err != nil {
				return err
			}
		}
		done <- record
		return nil
	})
	close(done)
	if err := errors.Join(err, <-acknowledged); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the plugin did not end the scan well: %w", err)
	}
	return nil
}

// receive checks every record: a root, and the files in their order.
func (r *importRun) receive(ctx context.Context, stream importer.Importer_ImportClient, records chan<- *connectors.Record) error {
	for count := 0; ; count++ {
		response, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("the scan: %w", err)
		}
		if response.GetFinished() {
			if count != r.job.Count+1 {
				return fmt.Errorf("%d records came, not %d", count, r.job.Count+1)
			}
			return nil
		}
		record := response.GetRecord()
		if err := r.checkRecord(record, count); err != nil {
			return err
		}
		select {
		case records <- record:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *importRun) checkRecord(record *connectors.Record, count int) error {
	info := record.GetFileInfo()
	if count == 0 {
		if record.GetPathname() != "/" || !fs.FileMode(info.GetMode()).IsDir() {
			return fmt.Errorf("the first record is %q of mode %o, not the root", record.GetPathname(), info.GetMode())
		}
		return nil
	}
	if want := synthetic.FilePathname(uint64(count - 1)); record.GetPathname() != want || info.GetName() != want[1:] {
		return fmt.Errorf("record %d is %q, named %q, not %q", count, record.GetPathname(), info.GetName(), want)
	}
	if !record.GetHasReader() || uint64(info.GetSize()) != r.job.Size || !fs.FileMode(info.GetMode()).IsRegular() || info.GetModTime() == nil {
		return fmt.Errorf("%q is no file of %d bytes: %v", record.GetPathname(), r.job.Size, record)
	}
	return nil
}

func (r *importRun) read(ctx context.Context, record *connectors.Record) error {
	pathname := record.GetPathname()
	number, _ := synthetic.FileNumber(pathname)
	stream, err := r.client.Open(ctx, &importer.OpenRequest{Record: &connectors.Record{Pathname: pathname}})
	if err == nil {
		err = readAll(part{number, 0, r.job.Size}, func() ([]byte, error) {
			response, err := stream.Recv()
			return response.GetChunk(), err
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", pathname, err)
	}
	r.bytes.Add(r.job.Size)
	return nil
}

// acknowledge sends a Result for every record, then half-closes.
func acknowledge(stream importer.Importer_ImportClient, done <-chan *connectors.Record) error {
	var failed error
	for record := range done {
		if failed == nil {
			failed = stream.Send(&importer.ImportRequest{Result: &connectors.Result{Header: record}})
		}
	}
	if failed == nil {
		failed = stream.CloseSend()
	}
	return failed
}

func (r *importRun) moved() uint64 { return r.bytes.Load() }

func (r *importRun) check(context.Context) error { return nil }

func (r *importRun) close(ctx context.Context) error {
	_, err := r.client.Close(ctx, &importer.CloseRequest{})
	return err
}
