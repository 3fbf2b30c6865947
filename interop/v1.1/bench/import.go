//go:build unix

package bench

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

type importRun struct {
	client importer.ImporterClient
	job    Job
	open   bool
	bytes  atomic.Uint64
}

func startRecords(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job, job.source())
	answered()
	return &importRun{client: client, job: job}, err
}

func startImport(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job, job.source())
	answered()
	return &importRun{client: client, job: job, open: true}, err
}

// source returns the configuration of a synthetic importer. Others refuse its keys.
func (j Job) source() map[string]string {
	config := j.config()
	config["files"], config["size"] = strconv.Itoa(j.Count), strconv.FormatUint(j.Size, 10)
	return config
}

func openImporter(ctx context.Context, conn *grpc.ClientConn, job Job, config map[string]string) (importer.ImporterClient, error) {
	client := importer.NewImporterClient(conn)
	_, err := client.Init(ctx, &importer.InitRequest{
		Options: &importer.Options{Hostname: "localhost", Os: "linux", Arch: "amd64", Cwd: "/", Maxconcurrency: int64(job.Calls)},
		Proto:   job.protocol(),
		Config:  config,
	})
	return client, err
}

// drive counts and checks the records: a root, then the files in order.
func (r *importRun) drive(ctx context.Context) error {
	count := 0
	next := func(record *connectors.Record) error {
		count++
		return r.checkRecord(record, count-1)
	}
	finished := func() error {
		if count != r.job.Count+1 {
			return fmt.Errorf("%d records came, not %d", count, r.job.Count+1)
		}
		return nil
	}
	read := func(ctx context.Context, record *connectors.Record) error {
		if !r.open || !record.GetHasReader() {
			return nil
		}
		return r.read(ctx, record)
	}
	return scan{next, finished, read}.run(ctx, r.client, r.job.Calls)
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

func (r *importRun) moved() uint64 { return r.bytes.Load() }

func (r *importRun) check(context.Context) error { return nil }

func (r *importRun) close(ctx context.Context) error {
	_, err := r.client.Close(ctx, &importer.CloseRequest{})
	return err
}
