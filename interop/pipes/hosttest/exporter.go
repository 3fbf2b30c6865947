//go:build unix

package hosttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

func (s *Suite) exporter(t *testing.T) {
	for _, transport := range s.Transports {
		t.Run("restore over "+transport.String(), func(t *testing.T) { s.restoreAll(t, transport, 1) })
	}
	t.Run("restore with 8 workers", func(t *testing.T) { s.restoreAll(t, pipes.Pipes, 8) })
	t.Run("a source that fails", s.shortSource)
	t.Run("the host vanishes in a file", s.vanishWhileWriting)
	t.Run("the host cancels in a file", s.cancelWhileWriting)
	t.Run("files that cannot be written", s.refusedFile)
}

// openExporter starts an exporter on a folder.
func (s *Suite) openExporter(t *testing.T, ctx context.Context, top string, transport pipes.Transport, workers int64) (*session, host.Exporter) {
	t.Helper()
	session := s.start(t, "exporter", transport)
	options := plakarOptions()
	options.MaxConcurrency = workers
	exporter, err := session.Exporter(ctx, host.At("tsfs", top), options)
	check(t, "Init", err)
	return session, exporter
}

// fromDisk opens files of a tree.
func fromDisk(top string) host.OpenFile {
	return func(entry tree.Entry) (io.ReadCloser, error) { return os.Open(filepath.Join(top, entry.Path)) }
}

// restorable returns the entries of the sample that this generation restores.
func (s *Suite) restorable() []tree.Entry {
	return slices.DeleteFunc(slices.Clone(s.entries), func(entry tree.Entry) bool {
		return !s.Specials && entry.Info.Mode&fs.ModeNamedPipe != 0
	})
}

// exact returns the comparison for a restore: times are cut to what Node can set.
func (s *Suite) exact() tree.Compare {
	return tree.Compare{Xattrs: s.Xattrs, TimeWithin: time.Microsecond, SkipTop: s.Name == "v1.0"}
}

func (s *Suite) restoreAll(t *testing.T, transport pipes.Transport, workers int) {
	ctx := bounded(t)
	top := filepath.Join(tempDir(t), "made by the plugin")
	_, exporter := s.openExporter(t, ctx, top, transport, int64(workers))
	if identity := must(t, func() (host.Identity, error) { return exporter.Identity(ctx) }); identity.Root != top {
		t.Errorf("root %q, not %q", identity.Root, top)
	}
	// The second restore overwrites the first.
	for range 2 {
		failures, err := exporter.Restore(ctx, s.entries, fromDisk(s.sample), workers)
		check(t, "restore", err)
		for path, err := range failures {
			t.Errorf("%q: %v", path, err)
		}
		for _, difference := range tree.Diff(s.restorable(), readTree(t, top), s.exact()) {
			t.Error(difference)
		}
	}
	check(t, "Close", exporter.Close(ctx))
}

// someFiles makes entries without a disk: a directory and three files of 3 MiB.
func someFiles() []tree.Entry {
	at := time.Unix(1_700_000_000, 0)
	info := func(name string, mode fs.FileMode, size int64) tree.Info {
		return tree.Info{Name: name, Mode: mode, Size: size, ModTime: at, Nlink: 1, UID: uint64(os.Getuid()), GID: uint64(os.Getgid())}
	}
	entries := []tree.Entry{{Path: "/", Info: info("/", fs.ModeDir|0o755, 0)}, {Path: "/d", Info: info("d", fs.ModeDir|0o755, 0)}}
	for _, name := range []string{"a", "b", "c"} {
		entries = append(entries, tree.Entry{Path: "/d/" + name, Info: info(name, 0o644, 3<<20)})
	}
	return entries
}

var errSource = errors.New("the snapshot is damaged")

// failingAt opens every file; the content of one path breaks off half-way.
func failingAt(path string, fail func() error) host.OpenFile {
	return func(entry tree.Entry) (io.ReadCloser, error) {
		content := io.LimitReader(tree.Random(entry.Path), entry.Info.Size)
		if entry.Path == path {
			content = io.MultiReader(io.LimitReader(content, entry.Info.Size/2), failingReader(fail))
		}
		return io.NopCloser(content), nil
	}
}

type failingReader func() error

func (f failingReader) Read([]byte) (int, error) { return 0, f() }

// onDisk lists the names below a folder, with the sizes of files.
func onDisk(t *testing.T, top string) string {
	t.Helper()
	var names []string
	for _, entry := range readTree(t, top) {
		name := entry.Path
		if entry.Info.Mode.IsRegular() {
			name = fmt.Sprintf("%s=%d", name, entry.Info.Size)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func (s *Suite) shortSource(t *testing.T) {
	ctx := bounded(t)
	top := tempDir(t)
	_, exporter := s.openExporter(t, ctx, top, pipes.Pipes, 1)
	failures, err := exporter.Restore(ctx, someFiles(), failingAt("/d/b", func() error { return errSource }), 1)
	want := fmt.Sprintf("/ /d /d/a=%d /d/c=%d", 3<<20, 3<<20)
	if s.Name == "v1.1" {
		// The half-close ends the whole restore.
		if !errors.Is(err, errSource) {
			t.Errorf("restore: %v", err)
		}
		want = fmt.Sprintf("/ /d /d/a=%d", 3<<20)
	} else {
		check(t, "restore", err)
	}
	failed := failures["/d/b"]
	if inner := errors.Unwrap(failed); inner != nil {
		failed = inner
	}
	if len(failures) != 1 || failed == nil || !strings.Contains(failed.Error(), "/d/b") {
		t.Errorf("what failed: %v", failures)
	}
	if got := onDisk(t, top); got != want {
		t.Errorf("on the disk: %s", got)
	}
	check(t, "Close", exporter.Close(ctx))
}

func (s *Suite) vanishWhileWriting(t *testing.T) {
	ctx, cancel := context.WithCancel(bounded(t))
	top := tempDir(t)
	session, exporter := s.openExporter(t, ctx, top, pipes.Pipes, 1)
	s.breakInFile(t, ctx, session, exporter, top, func() error {
		session.vanish()
		cancel()
		return errSource
	})
}

func (s *Suite) cancelWhileWriting(t *testing.T) {
	ctx := bounded(t)
	top := tempDir(t)
	session, exporter := s.openExporter(t, ctx, top, pipes.Pipes, 1)
	own, cancel := context.WithCancel(ctx)
	s.breakInFile(t, own, session, exporter, top, func() error {
		cancel()
		return errSource
	})
	failures, err := exporter.Restore(ctx, someFiles(), failingAt("", nil), 1)
	check(t, "restore", err)
	if len(failures) != 0 {
		t.Errorf("what failed: %v", failures)
	}
	check(t, "Close", exporter.Close(ctx))
	if got := onDisk(t, top); got != fmt.Sprintf("/ /d /d/a=%d /d/b=%d /d/c=%d", 3<<20, 3<<20, 3<<20) {
		t.Errorf("on the disk: %s", got)
	}
}

// breakInFile ends a restore when /d/b is half written and its unfinished file
// is on the disk, then waits until no trace of /d/b is left.
func (s *Suite) breakInFile(t *testing.T, ctx context.Context, session *session, exporter host.Exporter, top string, end func() error) {
	t.Helper()
	_, err := exporter.Restore(ctx, someFiles(), failingAt("/d/b", func() error {
		session.eventually("half a file is being written", func() bool {
			names, _ := os.ReadDir(filepath.Join(top, "d"))
			return len(names) == 2
		})
		return end()
	}), 1)
	if err == nil {
		t.Error("the restore was a success")
	}
	session.eventually("nothing is left of half a file", func() bool {
		names, err := os.ReadDir(filepath.Join(top, "d"))
		return err == nil && len(names) == 1 && names[0].Name() == "a"
	})
}

func (s *Suite) refusedFile(t *testing.T) {
	ctx := bounded(t)
	top := tempDir(t)
	check(t, "mkdir", os.MkdirAll(filepath.Join(top, "d/b/in the way"), 0o755))
	_, exporter := s.openExporter(t, ctx, top, pipes.Pipes, 1)
	failures, err := exporter.Restore(ctx, someFiles(), failingAt("", nil), 1)
	check(t, "restore", err)
	// The plugin's own message, although the host was still sending.
	if failed := failures["/d/b"]; len(failures) != 1 || failed == nil || !strings.Contains(failed.Error(), filepath.Join(top, "d/b")) {
		t.Errorf("what failed: %v", failures)
	}
	if got := onDisk(t, top); got != fmt.Sprintf("/ /d /d/a=%d /d/b /d/b/in the way /d/c=%d", 3<<20, 3<<20) {
		t.Errorf("on the disk: %s", got)
	}
	check(t, "Close", exporter.Close(ctx))

	file := filepath.Join(top, "d/a")
	_, err = s.start(t, "exporter", pipes.Pipes).Exporter(ctx, host.At("tsfs", file), plakarOptions())
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Init below a file: %v", err)
	}
}
