//go:build unix

package hosttest

import (
	"encoding/base64"
	"fmt"
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
	session, store := s.openStore(t, ctx, filepath.Join(tempDir(t), "repository"), pipes.Pipes)
	// Hot, and a bit that no host sets today.
	const flags = 1 | 8
	data := tree.Bytes("packfile", 3000)
	name := base64.StdEncoding.EncodeToString(macOf("hot"))
	named := fmt.Sprintf(`{"mac":%q,"type":1,"flags":%d}`, name, flags)
	for _, call := range []struct {
		method   string
		requests []string
	}{
		{"Put", []string{named, fmt.Sprintf(`{"chunk":%q}`, base64.StdEncoding.EncodeToString(data))}},
		{"List", []string{fmt.Sprintf(`{"type":1,"flags":%d}`, flags)}},
		{"Get", []string{named}},
	} {
		requests := make([][]byte, 0, len(call.requests))
		for _, request := range call.requests {
			requests = append(requests, []byte(request))
		}
		if _, err := session.Call(ctx, "/store.Store/"+call.method, requests); err != nil {
			t.Errorf("%s with flags: %v", call.method, err)
		}
	}
	mustHold(t, ctx, store, host.Packfile, "hot", data, nil)
	for range 20 {
		if mode, err := store.Mode(ctx); err != nil || mode != 6 {
			t.Errorf("mode %d, %v", mode, err)
		}
	}
	if _, err := session.Call(ctx, "/store.Store/Delete", [][]byte{[]byte(named)}); err != nil {
		t.Errorf("Delete with flags: %v", err)
	}
	mustList(t, ctx, store, host.Packfile)
	// A store gets only the Close RPC.
	check(t, "Close", store.Close(ctx))
}
