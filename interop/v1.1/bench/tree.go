//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"

	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

// castagnoli is the checksum with a processor instruction: all content is summed
// during the measurement.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// treeRun imports a folder that is on the disk.
type treeRun struct {
	client importer.ImporterClient
	job    Job
	// files holds the sums of the expected content; 0 for folders and links.
	files map[string]uint32
	bytes atomic.Uint64
}

func startTree(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job, job.config())
	answered()
	if err != nil {
		return nil, err
	}
	return treeOf(client, job)
}

// startBackup imports Count files that it makes, from an eighth of Size to Size.
func startBackup(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	job.Folder = job.path()
	client, err := openImporter(ctx, conn, job, job.config())
	answered()
	if err != nil {
		return nil, err
	}
	if err := makeFiles(job); err != nil {
		return nil, err
	}
	return treeOf(client, job)
}

func treeOf(client importer.ImporterClient, job Job) (run, error) {
	// This also fills the page cache, so that the disk is not measured.
	files, err := sumsOf(job.Folder)
	return &treeRun{client: client, job: job, files: files}, err
}

// makeFiles makes the files that the work "restore" restores.
func makeFiles(job Job) error {
	snapshot := restoreRun{contents: make(map[string][]byte)}
	snapshot.fill(job, false)
	for _, entry := range snapshot.entries[1:] {
		name := filepath.Join(job.Folder, entry.Path)
		var err error
		if entry.Info.Mode.IsDir() {
			err = os.Mkdir(name, 0o700)
		} else {
			err = os.WriteFile(name, snapshot.contents[entry.Path], 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sumsOf(folder string) (map[string]uint32, error) {
	sums := make(map[string]uint32)
	err := filepath.WalkDir(folder, func(pathname string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		sums[pathname] = 0
		if !entry.Type().IsRegular() {
			return nil
		}
		file, err := os.Open(pathname)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		sum := crc32.New(castagnoli)
		_, err = io.Copy(sum, file)
		sums[pathname] = sum.Sum32()
		return err
	})
	if err == nil && len(sums) < 2 {
		err = fmt.Errorf("there is nothing in %q", folder)
	}
	return sums, err
}

func (r *treeRun) drive(ctx context.Context) error {
	count := 0
	next := func(record *connectors.Record) error {
		if _, ok := r.files[record.GetPathname()]; ok && !record.GetIsXattr() && record.GetError() == "" {
			count++
		} else if record.GetError() != "" || !isAbove(record.GetPathname(), r.job.Folder) {
			return fmt.Errorf("%q should not have come: %s", record.GetPathname(), record.GetError())
		}
		return nil
	}
	finished := func() error {
		if count != len(r.files) {
			return fmt.Errorf("%d entries came, not %d", count, len(r.files))
		}
		return nil
	}
	return scan{next, finished, r.read}.run(ctx, r.client, r.job.Calls)
}

func isAbove(parent, folder string) bool {
	return parent == "/" || strings.HasPrefix(folder, parent+"/")
}

func (r *treeRun) read(ctx context.Context, record *connectors.Record) error {
	if record.GetIsXattr() || !fs.FileMode(record.GetFileInfo().GetMode()).IsRegular() {
		return nil
	}
	pathname := record.GetPathname()
	stream, err := r.client.Open(ctx, &importer.OpenRequest{Record: &connectors.Record{Pathname: pathname}})
	if err != nil {
		return err
	}
	var sum uint32
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", pathname, err)
		}
		sum = crc32.Update(sum, castagnoli, response.GetChunk())
		r.bytes.Add(uint64(len(response.GetChunk())))
	}
	if sum != r.files[pathname] {
		return fmt.Errorf("%s: what came is not what is on the disk", pathname)
	}
	return nil
}

func (r *treeRun) moved() uint64 { return r.bytes.Load() }

func (r *treeRun) check(context.Context) error { return nil }

func (r *treeRun) close(ctx context.Context) error {
	_, err := r.client.Close(ctx, &importer.CloseRequest{})
	return err
}
