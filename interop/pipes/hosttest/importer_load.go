//go:build unix

package hosttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

const (
	atOnce    = 64
	cancelled = 10_000
)

func asPluginError(err error, status **host.PluginError) bool { return errors.As(err, status) }

// readersAtOnce opens 64 calls and lets each pause in the middle of its file until
// all are there.
func (s *Suite) readersAtOnce(t *testing.T) {
	top := tempDir(t)
	const size = 3<<20 + 7
	for i := range atOnce + 10 {
		check(t, "write", tree.WriteFile(filepath.Join(top, fmt.Sprintf("%03d", i)), size))
	}
	want := make(map[string]string)
	for _, entry := range readTree(t, top) {
		want[filepath.Join(top, entry.Path)] = entry.Sum
	}

	ctx := bounded(t)
	_, importer := s.openImporter(t, ctx, top, pipes.Pipes, atOnce)
	var open atomic.Int32
	all := make(chan struct{})
	var mu sync.Mutex
	got := make(map[string]string)
	err := importer.Scan(ctx, atOnce, func(ctx context.Context, record host.Record) error {
		if !record.Info.Mode.IsRegular() {
			return nil
		}
		reader := importer.Open(ctx, record)
		head := make([]byte, 100)
		if _, err := io.ReadFull(reader, head); err != nil {
			return err
		}
		if open.Add(1) == atOnce {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
			return fmt.Errorf("%d calls are open: %w", open.Load(), ctx.Err())
		}
		sum, _, err := tree.Sum(io.MultiReader(newReader(head), reader))
		if err != nil {
			return err
		}
		mu.Lock()
		got[record.Pathname] = sum
		mu.Unlock()
		return reader.Close()
	})
	check(t, "scan", err)
	check(t, "Close", importer.Close(ctx))
	for path, sum := range want {
		if sum != "" && got[path] != sum {
			t.Errorf("%s: %s, not %s", path, got[path], sum)
		}
	}
	if len(got) != atOnce+10 {
		t.Errorf("%d files", len(got))
	}
}

// readersCancelled cancels 10,000 calls at different points.
func (s *Suite) readersCancelled(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 8)
	s.readsWell(t, ctx, importer, "mib")
	before := descriptors(session.process.Pid())
	big := host.Record{Pathname: filepath.Join(s.sample, "big")}
	small := host.Record{Pathname: filepath.Join(s.sample, "many/099")}

	numbers := make(chan int, cancelled)
	for i := range cancelled {
		numbers <- i
	}
	close(numbers)
	err := host.Each(ctx, 8, numbers, func(ctx context.Context, i int) error {
		own, cancel := context.WithCancel(ctx)
		defer cancel()
		record := big
		switch i % 10 {
		case 0:
			// In the middle, or just at the end of the queued output.
		case 1, 2, 3:
			record = small
		default:
			// Before the call reaches the plugin, or as it does.
			go cancel()
		}
		_, err := io.ReadFull(importer.Open(own, record), make([]byte, 1))
		var status *host.PluginError
		if err != nil && (!asPluginError(err, &status) || status.Code != 1) {
			return fmt.Errorf("call %d: %w", i, err)
		}
		cancel()
		return nil
	})
	check(t, "cancelled calls", err)
	s.readsWell(t, ctx, importer, "mib+1")
	if counts := session.tap.Counts(); counts.HostResets < cancelled/2 {
		t.Errorf("only %d calls were reset", counts.HostResets)
	}
	session.eventually("every file closed", func() bool { return descriptors(session.process.Pid()) <= before })
}

// descriptors returns the number of descriptors that a process has open, or 0
// without /proc.
func descriptors(pid int) int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0
	}
	return len(entries)
}

// readersClosedEarly tests readers that hosts close early: by CloseReader on v1.0,
// where the call itself is never cancelled, and by cancellation on v1.1.
func (s *Suite) readersClosedEarly(t *testing.T) {
	ctx := bounded(t)
	session, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 8)
	s.readsWell(t, ctx, importer, "mib")
	before := descriptors(session.process.Pid())
	for i := range 200 {
		reader := importer.Open(ctx, host.Record{Pathname: filepath.Join(s.sample, "big")})
		if _, err := io.ReadFull(reader, make([]byte, 1+i)); err != nil {
			t.Fatal(err)
		}
		check(t, "close", reader.Close())
		// Data in flight may arrive; then the call ends without an error of the plugin's.
		n, err := io.Copy(io.Discard, reader)
		var status *host.PluginError
		if err != nil && (!asPluginError(err, &status) || status.Code != 1) {
			t.Fatalf("after its close: %d bytes, %v", n, err)
		}
		if err == nil && n >= tree.BigSize-int64(i)-1 {
			t.Fatalf("the whole file came after its close")
		}
	}
	s.readsWell(t, ctx, importer, "mib+1")
	session.eventually("every file closed", func() bool { return descriptors(session.process.Pid()) <= before })
}
