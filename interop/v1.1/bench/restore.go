//go:build unix

package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"time"

	"google.golang.org/grpc"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/pipes/tree"
	plakar "kloset.invalid/interop/v1.1/host"
)

// perDirectory is the number of files in each restored directory.
const perDirectory = 100

// restoreRun restores to a folder on the disk, and compares it with the snapshot.
type restoreRun struct {
	exporter host.Exporter
	root     string
	entries  []tree.Entry
	contents map[string][]byte
	bytes    uint64
}

// startRestore restores Count files of Size bytes. Small ones have from an eighth of
// Size to Size.
func startRestore(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	return startRestoreOf(ctx, conn, job, answered, false)
}

// startMixed also restores links and extended attributes.
func startMixed(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	return startRestoreOf(ctx, conn, job, answered, true)
}

func startRestoreOf(ctx context.Context, conn *grpc.ClientConn, job Job, answered func(), mixed bool) (run, error) {
	client := &plakar.Client{Client: &grpchost.Client{Conn: conn}}
	exporter, err := client.Exporter(ctx, host.Location{Proto: job.protocol(), Config: job.config()}, host.Options{
		Hostname: "localhost", OS: "linux", Arch: "amd64", Cwd: "/", MaxConcurrency: int64(job.Calls),
	})
	answered()
	r := &restoreRun{exporter: exporter, root: job.path(), contents: make(map[string][]byte)}
	r.fill(job, mixed)
	return r, err
}

// fill makes the snapshot.
func (r *restoreRun) fill(job Job, mixed bool) {
	random := rand.New(rand.NewPCG(seed, seed))
	r.add("/", fs.ModeDir|0o755)
	for n := range job.Count {
		parent := fmt.Sprintf("/d%d/e%d", n/perDirectory%10, n/perDirectory)
		if n%perDirectory == 0 {
			if n/perDirectory < 10 {
				r.add(path.Dir(parent), fs.ModeDir|0o755)
			}
			r.add(parent, fs.ModeDir|0o750)
		}
		size := job.Size
		if size <= 1<<20 {
			size = max(1, size/8+random.Uint64N(size-size/8+1))
		}
		content := make([]byte, size)
		synthetic.Fill(content, uint64(n), 0)
		file := r.add(fmt.Sprintf("%s/f%d", parent, n), 0o640|fs.FileMode(n%2)<<2)
		r.addContent(file, content)
		if !mixed {
			continue
		}
		switch n % 4 {
		case 0:
			link := r.add(file.Path+"-symlink", fs.ModeSymlink|0o777)
			link.Target, link.Info.Size = path.Base(file.Path), int64(len(path.Base(file.Path)))
		case 1:
			link := r.add(file.Path+"-link", file.Info.Mode)
			link.Info.Ino, link.Info.Nlink, link.Info.ModTime = file.Info.Ino, 2, file.Info.ModTime
			r.addContent(link, content)
			// Adding an entry has moved the others.
			r.entries[len(r.entries)-2].Info.Nlink = 2
		case 2:
			file.Xattrs = map[string]string{"user.bench": file.Path, "user.kloset": "synthetic"}
		}
	}
}

func (r *restoreRun) add(pathname string, mode fs.FileMode) *tree.Entry {
	number := uint64(len(r.entries) + 1)
	r.entries = append(r.entries, tree.Entry{Path: pathname, Info: tree.Info{
		Name: path.Base(pathname), Mode: mode, ModTime: time.Unix(synthetic.ModTime, int64(number)*1000),
		Dev: 1, Ino: number, Nlink: 1, UID: uint64(os.Getuid()), GID: uint64(os.Getgid()),
	}})
	return &r.entries[len(r.entries)-1]
}

func (r *restoreRun) addContent(entry *tree.Entry, content []byte) {
	sum := sha256.Sum256(content)
	entry.Info.Size, entry.Sum = int64(len(content)), hex.EncodeToString(sum[:])
	r.contents[entry.Path] = content
	r.bytes += uint64(len(content))
}

func (r *restoreRun) drive(ctx context.Context) error {
	failures, err := r.exporter.Restore(ctx, r.entries, func(entry tree.Entry) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(r.contents[entry.Path])), nil
	}, 1)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(failures)) {
		return fmt.Errorf("%s: %w", path, failures[path])
	}
	return nil
}

func (r *restoreRun) moved() uint64 { return r.bytes }

func (r *restoreRun) check(context.Context) error {
	got, err := tree.Read(r.root)
	if err != nil {
		return err
	}
	// Without its native library, a plugin in TypeScript sets times exact to the microsecond.
	differences := tree.Diff(r.entries, got, tree.Compare{Xattrs: true, TimeWithin: time.Microsecond})
	if len(differences) > 0 {
		return fmt.Errorf("%d differences from the snapshot: %s", len(differences), differences[0])
	}
	return nil
}

func (r *restoreRun) close(ctx context.Context) error { return r.exporter.Close(ctx) }
