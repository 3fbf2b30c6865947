//go:build unix

package hosttest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
)

// generationChosen tests that an argument overrides the choice of the generation.
// All other tests show that the user-agent of this host selects its own.
func (s *Suite) generationChosen(t *testing.T) {
	ctx := bounded(t)
	own := s.start(t, "importer", pipes.Pipes, "--generation="+s.Name)
	importer, err := own.Importer(ctx, host.At("tsfs", s.sample), plakarOptions())
	check(t, "Init", err)
	identify(t, ctx, importer, s.sample)

	other := map[string]string{"v1.0": "v1.1", "v1.1": "v1.0"}[s.Name]
	confused := s.start(t, "importer", pipes.Pipes, "--generation="+other)
	importer, err = confused.Importer(ctx, host.At("tsfs", s.sample), plakarOptions())
	if s.Name == "v1.0" {
		// A v1.1 answer has its origin in the field where v1.0 reads an error.
		if err == nil || err.Error() != "vm" {
			t.Errorf("Init: %v", err)
		}
		return
	}
	check(t, "Init", err)
	err = importer.Scan(ctx, 1, func(context.Context, host.Record) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "Import") {
		t.Errorf("Import of a plugin that speaks v1.0: %v", err)
	}
}

// countWhile tests two importers at once. A v1.1 host starts a second one only to
// count its records, and acknowledges them, while the first one does the backup.
func (s *Suite) countWhile(t *testing.T) {
	ctx := bounded(t)
	_, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 2)
	counting, counter := s.openImporter(t, ctx, s.sample, pipes.Pipes, 2)
	var both sync.WaitGroup
	both.Add(1)
	var records int
	var failed error
	go func() {
		defer both.Done()
		failed = counter.Scan(ctx, 1, func(context.Context, host.Record) error {
			records++
			return nil
		})
		if failed == nil {
			failed = counter.Close(ctx)
		}
	}()
	got := scan(t, ctx, importer, 2, true)
	both.Wait()
	check(t, "the counting process", failed)
	s.compare(t, got, true)
	if records != len(got.records) {
		t.Errorf("%d records were counted, and %d backed up", records, len(got.records))
	}
	for _, call := range counting.Calls() {
		if strings.HasSuffix(call.Method, "/Open") {
			t.Errorf("the counting process opened %v", call)
		}
	}
	check(t, "Close", importer.Close(ctx))
}
