//go:build unix

package hosttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

// whole reports whether body made data: its length determines its content.
func whole(data []byte) bool { return bytes.Equal(data, body(len(data))) }

func body(size int) []byte { return tree.Bytes(fmt.Sprint(size), size) }

// twoProcesses tests two processes on one location: one puts, puts again and
// deletes; the other lists and reads all the time, and must never see a part.
func (s *Suite) twoProcesses(t *testing.T) {
	ctx := bounded(t)
	root := repositoryDir(t)
	_, writer := s.openStore(t, ctx, root, pipes.Pipes)
	second, reader := s.openStore(t, ctx, root, pipes.Pipes)

	stop := make(chan struct{})
	read := make(chan error, 1)
	var seen, gone int
	go func() {
		read <- func() error {
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				for _, kind := range host.Kinds {
					macs, err := reader.List(ctx, kind)
					if err != nil {
						return err
					}
					for _, mac := range macs {
						content, err := reader.Get(ctx, kind, mac, nil)
						if err != nil {
							return err
						}
						data, err := io.ReadAll(content)
						_ = content.Close()
						var status *host.PluginError
						switch {
						case asPluginError(err, &status) && status.Text == fmt.Sprintf("%s not found: %x", kind, mac):
							gone++
						case err != nil:
							return err
						case !whole(data):
							return fmt.Errorf("%d bytes of a %s are a part, or a mixture", len(data), kind)
						default:
							seen++
						}
					}
				}
			}
		}()
	}()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		for _, kind := range host.Kinds {
			name := fmt.Sprint(round % 7)
			put(t, ctx, writer, kind, name, body(1+random.IntN(3<<20)), host.ChunkSize)
			if round%5 == 4 {
				check(t, "Delete", writer.Delete(ctx, kind, macOf(name)))
			}
		}
	}
	close(stop)
	check(t, "the second process", <-read)
	if seen == 0 {
		t.Error("the second process saw nothing: nothing was proved")
	}
	t.Logf("the second process read %d resources whole, and %d had gone", seen, gone)
	for _, kind := range host.Kinds {
		if one, other := list(t, ctx, writer, kind), list(t, ctx, reader, kind); !slices.Equal(one, other) {
			t.Errorf("%ss: %q, and in the other process %q", kind, one, other)
		}
	}
	check(t, "Close", writer.Close(ctx))
	// The second process disconnects by itself.
	second.leave()
}

// putsAtOnce tests 32 concurrent Puts, then 32 concurrent Gets.
func (s *Suite) putsAtOnce(t *testing.T) {
	ctx := bounded(t)
	_, store := s.openStore(t, ctx, filepath.Join(repositoryDir(t), "r"), pipes.Pipes)
	const many = 32
	size := func(i int) int { return i*100_003 + 1 }
	at := func(work func(ctx context.Context, i int) error) {
		t.Helper()
		numbers := make(chan int, 3*many)
		for i := range 3 * many {
			numbers <- i
		}
		close(numbers)
		check(t, "at once", host.Each(ctx, many, numbers, work))
	}
	at(func(ctx context.Context, i int) error {
		n, err := store.Put(ctx, host.Kinds[i%3], macOf(fmt.Sprint(i)), host.Chunks(body(size(i)), 300_000))
		if err == nil && n != int64(size(i)) {
			err = fmt.Errorf("%d of %d bytes", n, size(i))
		}
		return err
	})
	at(func(ctx context.Context, i int) error {
		data, err := get(ctx, store, host.Kinds[i%3], fmt.Sprint(i), nil)
		if err == nil && !bytes.Equal(data, body(size(i))) {
			err = fmt.Errorf("resource %d: %d bytes are not what was put", i, len(data))
		}
		return err
	})
	check(t, "Close", store.Close(ctx))
}

// smallRanges tests the sequence of small Gets that a check makes.
func (s *Suite) smallRanges(t *testing.T) {
	ctx := bounded(t)
	session, store := s.openStore(t, ctx, repositoryDir(t), pipes.Pipes)
	data := tree.Bytes("packfile", 8<<20)
	put(t, ctx, store, host.Packfile, "p", data, host.ChunkSize)
	before := descriptors(session.process.Pid())
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		part := host.Range{Offset: uint64(random.IntN(len(data) - 2000)), Length: uint32(17 + random.IntN(1984))}
		mustHold(t, ctx, store, host.Packfile, "p", data[part.Offset:part.Offset+uint64(part.Length)], &part)
	}
	session.eventually("every file closed", func() bool { return descriptors(session.process.Pid()) <= before })
	check(t, "Close", store.Close(ctx))
}

func (s *Suite) getsCancelled(t *testing.T) {
	ctx := bounded(t)
	session, store := s.openStore(t, ctx, repositoryDir(t), pipes.Pipes)
	data := tree.Bytes("packfile", 32<<20)
	put(t, ctx, store, host.Packfile, "p", data, host.ChunkSize)
	before := descriptors(session.process.Pid())
	for i := range 500 {
		var part *host.Range
		if i%2 == 0 {
			part = &host.Range{Offset: 5, Length: 30 << 20}
		}
		own, cancel := context.WithCancel(ctx)
		reader, err := store.Get(own, host.Packfile, macOf("p"), part)
		check(t, "Get", err)
		if i%5 != 0 {
			go cancel()
		}
		_, err = io.ReadFull(reader, make([]byte, 1+i))
		var status *host.PluginError
		if err != nil && (!asPluginError(err, &status) || status.Code != 1) {
			t.Fatal(err)
		}
		cancel()
		check(t, "close", reader.Close())
	}
	if counts := session.tap.Counts(); counts.HostResets < 400 {
		t.Errorf("only %d calls were reset", counts.HostResets)
	}
	mustHold(t, ctx, store, host.Packfile, "p", data, nil)
	session.eventually("every file closed", func() bool { return descriptors(session.process.Pid()) <= before })
	check(t, "Close", store.Close(ctx))
}
