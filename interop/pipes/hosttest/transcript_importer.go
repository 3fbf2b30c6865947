//go:build unix

package hosttest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pkg/xattr"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

// opens reports whether a host opens a record.
type opens func(record host.Record) bool

func opensAll(host.Record) bool               { return true }
func opensNothing(host.Record) bool           { return false }
func opensAttributes(record host.Record) bool { return record.IsXattr }

// transcriptTree is the folder that was backed up: /srv/ds.
func transcriptTree(t *testing.T) string {
	top := filepath.Join(tempDir(t), "ds")
	in := func(name string) string { return filepath.Join(top, name) }
	check(t, "make", errors.Join(
		os.MkdirAll(in("sub/deep"), 0o755), os.Mkdir(in("empty"), 0o1777),
		os.WriteFile(in("a.txt"), []byte("hello\n"), 0o600),
		os.Link(in("a.txt"), in("hard")),
		os.WriteFile(in("big.bin"), tree.Bytes("big", 3_000_000), 0o644),
		os.WriteFile(in("zero"), nil, 0o644),
		os.WriteFile(in("sub/deep/f"), []byte("y"), 0o400),
		os.WriteFile(in("sub/späce ünïcode.txt"), []byte("x\n"), 0o644),
		os.Symlink("a.txt", in("link")), os.Symlink("/nonexistent", in("dangling")),
		syscall.Mkfifo(in("pipe"), 0o644),
	))
	if err := xattr.LSet(in("a.txt"), "user.color", []byte("red")); err != nil && !errors.Is(err, syscall.ENOTSUP) {
		t.Fatal(err)
	}
	return top
}

// followImporter makes the same backup and compares its calls with Plakar's.
func (s *Suite) followImporter(t *testing.T, name string, wants opens) {
	ctx := bounded(t)
	top := transcriptTree(t)
	entries := readTree(t, top)
	session, importer := s.openImporter(t, ctx, top, pipes.Pipes, 1)
	if s.Name == "v1.0" {
		session.stderr = []string{"extended attributes are left out"}
	}
	identify(t, ctx, importer, top)
	got := &backupOf{sums: make(map[string]string), values: make(map[string]string)}
	check(t, "scan", importer.Scan(ctx, 1, func(ctx context.Context, record host.Record) error {
		return got.take(ctx, importer, record, wants(record))
	}))
	check(t, "Close", importer.Close(ctx))

	calls, said := session.Calls(), s.callsOf(t, name, top)
	before, after := fixedCalls(calls), fixedCalls(said)
	if !slices.Equal(before, after) {
		t.Errorf("the host said %v, and Plakar %v", before, after)
	}
	if is, was := readerCalls(calls), readerCalls(said); !slices.Equal(is, was) {
		t.Errorf("the host opened %v, and Plakar %v", is, was)
	}

	small := *s
	small.sample, small.entries = top, entries
	if name == "backup-importer" {
		small.compare(t, got, true)
	} else {
		small.compare(t, got, false)
	}
}

// callsOf returns the calls of a transcript. On v1.0 a file was opened again for
// each of its attributes; this plugin sends v1.0 hosts no attributes.
func (s *Suite) callsOf(t *testing.T, name, top string) []host.Call {
	var calls []host.Call
	seen := make(map[host.Call]bool)
	for _, spoken := range s.transcript(t, name, at("/srv/ds", top)) {
		call := host.Call{Method: spoken.method}
		var first struct {
			Pathname string
			Record   struct{ Pathname string }
		}
		if !strings.HasSuffix(spoken.method, "/Import") {
			check(t, "parse", json.Unmarshal(spoken.requests[0], &first))
		}
		call.Pathname = first.Pathname + first.Record.Pathname
		if s.Name == "v1.0" && call.Pathname != "" && seen[call] {
			continue
		}
		seen[call] = true
		calls = append(calls, call)
	}
	return calls
}

func isReader(call host.Call) bool { return call.Pathname != "" }

// fixedCalls returns the calls that come in one order; v1.1 needs none for the
// identity.
func fixedCalls(calls []host.Call) []string {
	var methods []string
	for _, call := range calls {
		if !isReader(call) {
			methods = append(methods, call.Method)
		}
	}
	return methods
}

// readerCalls returns the calls in the order of the scan, which the plugin
// chooses.
func readerCalls(calls []host.Call) []string {
	var methods []string
	for _, call := range calls {
		if isReader(call) {
			methods = append(methods, call.Method+" "+call.Pathname)
		}
	}
	slices.Sort(methods)
	return methods
}
