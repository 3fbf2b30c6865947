//go:build unix

package hosttest

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

func (s *Suite) importer(t *testing.T) {
	for _, transport := range s.Transports {
		t.Run("backup over "+transport.String(), func(t *testing.T) { s.backup(t, transport, 1) })
	}
	t.Run("backup with 8 workers", func(t *testing.T) { s.backup(t, pipes.Pipes, 8) })
	t.Run("unchanged: nothing is opened", s.unchanged)
	if s.Name == "v1.1" {
		t.Run("a second process counts", s.countWhile)
	}
	t.Run("the generation is chosen", s.generationChosen)
	t.Run("entries that cannot be backed up", s.unspeakable)
	t.Run("64 readers at once", s.readersAtOnce)
	t.Run("10,000 readers cancelled", s.readersCancelled)
	t.Run("readers closed early", s.readersClosedEarly)
	t.Run("errors", s.importerErrors)
	t.Run("the host vanishes", s.vanishWhileReading)
	t.Run("the host kills", s.kill)
	t.Run("the host says GOAWAY", s.goAway)
}

// openImporter starts an importer on a folder.
func (s *Suite) openImporter(t *testing.T, ctx context.Context, top string, transport pipes.Transport, workers int64) (*session, host.Importer) {
	t.Helper()
	session := s.start(t, "importer", transport)
	options := plakarOptions()
	options.MaxConcurrency = workers
	importer, err := session.Importer(ctx, host.At("tsfs", top), options)
	check(t, "Init", err)
	return session, importer
}

// identify asks for the identity as often as a v1.0 host does.
func identify(t *testing.T, ctx context.Context, importer host.Importer, top string) {
	t.Helper()
	for range 6 {
		identity, err := importer.Identity(ctx)
		check(t, "Info", err)
		if identity.Type != "fs" || identity.Origin != "vm" || identity.Root != top {
			t.Fatalf("identity %+v", identity)
		}
	}
}

// backupOf is the result of a backup.
type backupOf struct {
	mu      sync.Mutex
	records []host.Record
	// sums of content, by key.
	sums map[string]string
	// values of extended attributes, by key.
	values map[string]string
}

func keyOf(record host.Record) string {
	if record.IsXattr {
		return record.Pathname + ":" + record.XattrName
	}
	return record.Pathname
}

// take handles one record as Plakar does: it reads regular files and attributes.
func (b *backupOf) take(ctx context.Context, importer host.Importer, record host.Record, open bool) error {
	var sum, value string
	if open && record.Error == "" && (record.IsXattr || record.Info.Mode.IsRegular()) {
		reader := importer.Open(ctx, record)
		if record.IsXattr {
			content, err := io.ReadAll(reader)
			if err != nil {
				return err
			}
			value = string(content)
		} else {
			var err error
			if sum, _, err = tree.Sum(reader); err != nil {
				return err
			}
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, record)
	b.sums[keyOf(record)] = sum
	b.values[keyOf(record)] = value
	return nil
}

func scan(t *testing.T, ctx context.Context, importer host.Importer, workers int, open bool) *backupOf {
	t.Helper()
	got := &backupOf{sums: make(map[string]string), values: make(map[string]string)}
	err := importer.Scan(ctx, workers, func(ctx context.Context, record host.Record) error {
		return got.take(ctx, importer, record, open)
	})
	check(t, "scan", err)
	return got
}

func (s *Suite) backup(t *testing.T, transport pipes.Transport, workers int) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, transport, int64(workers))
	s.expectXattrNotice(session)
	identify(t, ctx, importer, s.sample)
	got := scan(t, ctx, importer, workers, true)
	s.compare(t, got, true)
	check(t, "Close", importer.Close(ctx))

	session.allAnswered()
	counts := session.tap.Counts()
	if counts.BandwidthPings == 0 {
		t.Error("grpc-go measured no bandwidth: nothing was proved")
	}
	// They start at 64 KiB. How far they grow depends on the time of a PING, which
	// is short because little output is queued before its answer.
	if len(counts.InitialWindows) == 0 || slices.Max(counts.InitialWindows) < 1<<18 {
		t.Errorf("grpc-go did not grow its windows: %v", counts.InitialWindows)
	}
}

// expectXattrNotice expects the notice that extended attributes are left out, on
// v1.0 where there are any.
func (s *Suite) expectXattrNotice(session *session) {
	if !s.Xattrs && slices.ContainsFunc(s.entries, func(entry tree.Entry) bool { return len(entry.Xattrs) > 0 }) {
		session.stderr = []string{"extended attributes are left out"}
	}
}

func (s *Suite) unchanged(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	s.expectXattrNotice(session)
	got := scan(t, ctx, importer, 1, false)
	s.compare(t, got, false)
	check(t, "Close", importer.Close(ctx))
	for _, call := range session.Calls() {
		if strings.Contains(call.Method, "Open") {
			t.Errorf("%v was called", call)
		}
	}
}
