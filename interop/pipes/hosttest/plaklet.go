//go:build unix

package hosttest

import (
	"path/filepath"
	"runtime"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

// plaklet drives the plugin as plaklet 1.1.1 does: its options of Init, a reader
// for every core, storage flags, and an end that closes the host's read end
// before its write end, after Close.
func (s *Suite) plaklet(t *testing.T) {
	t.Run("importer", s.plakletImporter)
	t.Run("exporter", s.plakletExporter)
	t.Run("storage", s.plakletStorage)
}

func (s *Suite) plakletImporter(t *testing.T) {
	ctx := bounded(t)
	session := s.start(t, "importer", pipes.Pipes)
	readers := max(2, runtime.NumCPU())
	importer, err := session.Importer(ctx, host.At("tsfs", s.sample), host.Options{
		Hostname: "plaklet", OS: runtime.GOOS, Arch: runtime.GOARCH, Cwd: "/", MaxConcurrency: int64(readers),
	})
	check(t, "Init", err)
	got := scan(t, ctx, importer, readers, true)
	// One record with an error would fail the whole job.
	s.compare(t, got, true)
	check(t, "Close", importer.Close(ctx))
	session.vanish()
}

func (s *Suite) plakletExporter(t *testing.T) {
	ctx := bounded(t)
	top := tempDir(t)
	session := s.start(t, "exporter", pipes.Pipes)
	exporter, err := session.Exporter(ctx, host.At("tsfs", top), host.Options{MaxConcurrency: int64(runtime.NumCPU())})
	check(t, "Init", err)
	failures, err := exporter.Restore(ctx, s.entries, fromDisk(s.sample), 1)
	check(t, "restore", err)
	for path, err := range failures {
		t.Errorf("%q: %v", path, err)
	}
	for _, difference := range tree.Diff(s.restorable(), readTree(t, top), s.exact()) {
		t.Error(difference)
	}
	check(t, "Close", exporter.Close(ctx))
	session.vanish()
}

func (s *Suite) plakletStorage(t *testing.T) {
	ctx := bounded(t)
	session, store := s.openStore(t, ctx, filepath.Join(repositoryDir(t), "repository"), pipes.Pipes)
	s.storageFlags(t, ctx, session, store)
	s.mergedRanges(t, ctx, store)
	// A store gets only the Close RPC.
	check(t, "Close", store.Close(ctx))
}
