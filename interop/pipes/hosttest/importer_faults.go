//go:build unix

package hosttest

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

// unspeakable tests names and targets that no protobuf string can hold, and a
// socket.
func (s *Suite) unspeakable(t *testing.T) {
	top := tempDir(t)
	for _, name := range []string{"good", "bad\xff\xfename", "bad\xffdir/inside"} {
		check(t, "mkdir", os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755))
		check(t, "write", os.WriteFile(filepath.Join(top, name), []byte("hello"), 0o644))
	}
	check(t, "symlink", os.Symlink("to\xff", filepath.Join(top, "link")))
	socket := must(t, func() (*net.UnixListener, error) {
		return net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(top, "socket"), Net: "unix"})
	})
	defer func() { _ = socket.Close() }()

	ctx := bounded(t)
	_, importer := s.openImporter(t, ctx, top, pipes.Pipes, 1)
	got := scan(t, ctx, importer, 1, true)
	check(t, "Close", importer.Close(ctx))
	var failed []string
	for _, record := range got.records {
		if record.Error != "" {
			failed = append(failed, record.Error)
		}
	}
	slices.Sort(failed)
	if len(failed) != 3 || !strings.Contains(strings.Join(failed, "\n"), `name is not UTF-8: 'bad\xff\xfename'`) ||
		!strings.Contains(strings.Join(failed, "\n"), `name is not UTF-8: 'bad\xffdir'`) ||
		!strings.Contains(strings.Join(failed, "\n"), `target of the symbolic link is not UTF-8: 'to\xff'`) {
		t.Errorf("errors: %q", failed)
	}
	if sum, _, _ := tree.Sum(strings.NewReader("hello")); got.sums[filepath.Join(top, "good")] != sum {
		t.Error("the good file was not backed up")
	}
	for _, record := range got.records {
		if record.Info.Name == "socket" && record.Info.Mode&os.ModeSocket == 0 {
			t.Errorf("mode of the socket: %v", record.Info.Mode)
		}
	}
	if _, found := got.sums[filepath.Join(top, "socket")]; !found {
		t.Error("the socket has no record")
	}
}

func (s *Suite) importerErrors(t *testing.T) {
	ctx := bounded(t)
	missing := filepath.Join(tempDir(t), "missing")
	session := s.start(t, "importer", pipes.Pipes)
	_, err := session.Importer(ctx, host.At("tsfs", missing), plakarOptions())
	if want := "ENOENT: no such file or directory, lstat '" + missing + "'"; err == nil || err.Error() != want {
		t.Errorf("Init: %v, not %s", err, want)
	}
	_, err = session.Importer(ctx, host.At("tsfs", "relative"), plakarOptions())
	if err == nil || !strings.Contains(err.Error(), "relative") {
		t.Errorf("Init of a relative location: %v", err)
	}

	_, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	for name, text := range map[string]string{
		"does not exist": "ENOENT", "many": "", "fifo": "", "\x00": "",
	} {
		path := filepath.Join(s.sample, name)
		n, err := io.Copy(io.Discard, importer.Open(ctx, host.Record{Pathname: path}))
		if err == nil || n != 0 || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "internal error") {
			t.Errorf("opening %q: %d bytes, %v", name, n, err)
		}
		var status *host.PluginError
		if !asPluginError(err, &status) || (name == "does not exist" && status.Code != 2) {
			t.Errorf("opening %q: %#v is not UNKNOWN", name, err)
		}
	}
	s.readsWell(t, ctx, importer, "mib+1")
}

// readsWell fails the test unless the connection still works.
func (s *Suite) readsWell(t *testing.T, ctx context.Context, importer host.Importer, name string) {
	t.Helper()
	want := must(t, func() (string, error) { return tree.SumFile(filepath.Join(s.sample, name)) })
	reader := importer.Open(ctx, host.Record{Pathname: filepath.Join(s.sample, name)})
	got, _, err := tree.Sum(reader)
	check(t, "read", err)
	check(t, "close", reader.Close())
	if got != want {
		t.Errorf("%q has other content: %s, not %s", name, got, want)
	}
}

func (s *Suite) vanishWhileReading(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	for range 16 {
		reader := importer.Open(ctx, host.Record{Pathname: filepath.Join(s.sample, "big")})
		if _, err := io.ReadFull(reader, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	session.vanish()
}

func (s *Suite) kill(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	s.readsWell(t, ctx, importer, "small")
	check(t, "kill", session.process.Kill())
	exit := must(t, func() (pipes.Exit, error) { return session.process.Wait(ctx) })
	if exit.Signal != syscall.SIGKILL || exit.Left {
		t.Errorf("exit %+v", exit)
	}
	if _, err := io.Copy(io.Discard, importer.Open(ctx, host.Record{Pathname: filepath.Join(s.sample, "small")})); err == nil {
		t.Error("a dead plugin answered")
	}
	session.left = true
	_ = session.process.Conn.Close()
}

// goAway tests a host that sends GOAWAY: Plakar does not, other programs on
// grpc-go do.
func (s *Suite) goAway(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	s.readsWell(t, ctx, importer, "mib")
	check(t, "close", session.Client.Close())
	if counts := session.tap.Counts(); counts.HostGoAways == 0 {
		t.Error("grpc-go said no GOAWAY: nothing was proved")
	}
	session.end(func() error { return nil })
}
