//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/exporter"
)

// shortPathname is a file with one byte less than its record says: a plugin that
// counts the bytes must refuse it.
const shortPathname = "/short"

type exportRun struct {
	client exporter.ExporterClient
	job    Job
	// content is sent for every file: exported data is counted, not kept.
	content []byte
}

func startExport(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client := exporter.NewExporterClient(conn)
	config := job.config()
	config["exact"] = "1"
	_, err := client.Init(ctx, &exporter.InitRequest{
		Options: &exporter.Options{Hostname: "localhost", Os: "linux", Arch: "amd64", Cwd: "/", Maxconcurrency: int64(job.Calls)},
		Proto:   job.protocol(),
		Config:  config,
	})
	answered()
	return &exportRun{client: client, job: job, content: contents(1, job.Size)[0]}, err
}

func (r *exportRun) drive(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stream, err := r.client.Export(ctx)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		err := errors.Join(r.send(stream), stream.CloseSend())
		if err != nil {
			cancel(err)
		}
		sent <- err
	}()
	if err := r.receive(stream); err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	return <-sent
}

func (r *exportRun) send(stream exporter.Exporter_ExportClient) error {
	if err := sendFile(stream, recordOf("/", fs.ModeDir|0o755, 0), nil); err != nil {
		return err
	}
	for n := range r.job.Count {
		record := recordOf(synthetic.FilePathname(uint64(n)), 0o644, r.job.Size)
		if err := sendFile(stream, record, r.content); err != nil {
			return err
		}
	}
	return sendFile(stream, recordOf(shortPathname, 0o644, 2), make([]byte, 1))
}

func sendFile(stream exporter.Exporter_ExportClient, record *connectors.Record, content []byte) error {
	if err := stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Record{Record: record}}); err != nil {
		return err
	}
	if !record.GetHasReader() {
		return nil
	}
	for chunk := range host.Chunks(content, host.ChunkSize) {
		if err := stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
	}
	// One empty chunk ends the file.
	return stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Chunk{}})
}

func recordOf(pathname string, mode fs.FileMode, size uint64) *connectors.Record {
	name := pathname
	if len(pathname) > 1 {
		name = pathname[1:]
	}
	return &connectors.Record{
		Pathname:  pathname,
		HasReader: mode.IsRegular(),
		FileInfo: &connectors.FileInfo{
			Name: name, Size: int64(size), Mode: uint32(mode), ModTime: &timestamppb.Timestamp{Seconds: synthetic.ModTime},
			Dev: 1, Ino: 1, Nlink: 1, Username: "root", Groupname: "root",
		},
	}
}

// receive checks every result: one for each record, in any order, each with its whole header.
func (r *exportRun) receive(stream exporter.Exporter_ExportClient) error {
	answered := make([]bool, r.job.Count)
	count, refused := 0, false
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		result := response.GetResult()
		pathname, info := result.GetHeader().GetPathname(), result.GetHeader().GetFileInfo()
		switch number, isFile := synthetic.FileNumber(pathname); {
		case pathname == shortPathname:
			refused = refused || result.GetError() != ""
			continue
		case result.GetError() != "":
			return fmt.Errorf("%s: %s", pathname, result.GetError())
		case pathname == "/":
		case !isFile || number >= uint64(len(answered)) || answered[number]:
			return fmt.Errorf("%q waits for no result", pathname)
		case !result.GetHeader().GetHasReader() || uint64(info.GetSize()) != r.job.Size || info.GetName() != pathname[1:] || info.GetModTime().GetSeconds() != synthetic.ModTime:
			return fmt.Errorf("%s: the header is not echoed whole: %v", pathname, result.GetHeader())
		default:
			answered[number] = true
		}
		count++
	}
	if count != r.job.Count+1 {
		return fmt.Errorf("%d came, not %d", count, r.job.Count+1)
	}
	if !refused {
		return errors.New("the plugin took a file that came short: it does not count its bytes")
	}
	return nil
}

func (r *exportRun) moved() uint64 { return uint64(r.job.Count) * r.job.Size }

func (r *exportRun) check(context.Context) error { return nil }

func (r *exportRun) close(ctx context.Context) error {
	_, err := r.client.Close(ctx, &exporter.CloseRequest{})
	return err
}
