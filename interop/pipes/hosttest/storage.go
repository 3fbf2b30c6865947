//go:build unix

package hosttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

func (s *Suite) storage(t *testing.T) {
	for _, transport := range s.Transports {
		t.Run("resources over "+transport.String(), func(t *testing.T) { s.resources(t, transport) })
	}
	t.Run("ranges", s.ranges)
	t.Run("create and open", s.createAndOpen)
	t.Run("what is missing", s.missing)
	t.Run("MACs of a wrong length", s.wrongMacs)
	t.Run("a delete after Close", s.deleteAfterClose)
	t.Run("two processes", s.twoProcesses)
	t.Run("the host vanishes in a Put", s.vanishInPut)
	t.Run("the host cancels a Put", s.cancelPut)
	t.Run("many at once", s.putsAtOnce)
	t.Run("10,000 small ranges", s.smallRanges)
	t.Run("Gets cancelled", s.getsCancelled)
}

// config is the configuration of a repository, as long as Plakar's.
var config = tree.Bytes("config", 362)

// openStore starts a storage and creates the repository unless it exists.
func (s *Suite) openStore(t *testing.T, ctx context.Context, root string, transport pipes.Transport) (*session, host.Store) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "CONFIG")); err != nil {
		store, err := s.start(t, "storage", pipes.Pipes).Store(ctx, host.At("tsfs", root))
		check(t, "Init", err)
		check(t, "Create", store.Create(ctx, config))
		t.Cleanup(func() { onlyWhole(t, root) })
	}
	session := s.start(t, "storage", transport)
	store, err := session.Store(ctx, host.At("tsfs", root))
	check(t, "Init", err)
	if got, err := store.Open(ctx); err != nil || !bytes.Equal(got, config) {
		t.Fatalf("Open: %d bytes, %v", len(got), err)
	}
	return session, store
}

var wholeName = regexp.MustCompile(`^(CONFIG|locks/[0-9a-f]{64}|(packfiles|states)/[0-9a-f]{2}/[0-9a-f]{64})$`)

// onlyWhole fails the test for files that are not resources, such as half-written
// ones.
func onlyWhole(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if name := strings.TrimPrefix(path, root+"/"); err == nil && !entry.IsDir() && !wholeName.MatchString(name) {
			t.Errorf("left in the repository: %s", name)
		}
		return err
	})
	check(t, "walk", err)
}

func macOf(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

func put(t *testing.T, ctx context.Context, store host.Store, kind host.Kind, name string, data []byte, chunk int) {
	t.Helper()
	n, err := store.Put(ctx, kind, macOf(name), host.Chunks(data, chunk))
	check(t, "Put", err)
	if n != int64(len(data)) {
		t.Fatalf("Put of %d bytes: %d were written", len(data), n)
	}
}

func get(ctx context.Context, store host.Store, kind host.Kind, name string, part *host.Range) ([]byte, error) {
	reader, err := store.Get(ctx, kind, macOf(name), part)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	return io.ReadAll(reader)
}

func mustHold(t *testing.T, ctx context.Context, store host.Store, kind host.Kind, name string, want []byte, part *host.Range) {
	t.Helper()
	got, err := get(ctx, store, kind, name, part)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get of %s %q, %+v: %d bytes, %v; not the %d that were put", kind, name, part, len(got), err, len(want))
	}
}

// names returns the MACs of a listing, sorted.
func list(t *testing.T, ctx context.Context, store host.Store, kind host.Kind) []string {
	t.Helper()
	macs, err := store.List(ctx, kind)
	check(t, "List", err)
	names := make([]string, 0, len(macs))
	for _, mac := range macs {
		names = append(names, hex.EncodeToString(mac))
	}
	slices.Sort(names)
	return names
}

func mustList(t *testing.T, ctx context.Context, store host.Store, kind host.Kind, names ...string) {
	t.Helper()
	want := make([]string, 0, len(names))
	for _, name := range names {
		want = append(want, hex.EncodeToString(macOf(name)))
	}
	slices.Sort(want)
	if got := list(t, ctx, store, kind); !slices.Equal(got, want) {
		t.Fatalf("%ss: %q, not %q", kind, got, want)
	}
}

// resources tests resources of all kinds and sizes, in chunks of all sizes: put,
// put again, deleted.
func (s *Suite) resources(t *testing.T, transport pipes.Transport) {
	ctx := bounded(t)
	root := filepath.Join(tempDir(t), "repository")
	_, store := s.openStore(t, ctx, root, transport)
	if mode, err := store.Mode(ctx); err != nil || mode != 6 {
		t.Errorf("mode %d, %v", mode, err)
	}
	if location, err := store.Location(ctx); err != nil || !strings.HasSuffix(location, root) {
		t.Errorf("location %q, %v", location, err)
	}
	const mib = 1 << 20
	puts := []struct{ size, chunk int }{
		{0, 1}, {1, 1}, {124, 24}, {4574, 1000}, {20_000, 17}, {mib - 1, mib}, {mib, mib}, {mib + 1, mib}, {3_786_073, mib}, {20 * mib, mib},
	}
	for _, kind := range host.Kinds {
		mustList(t, ctx, store, kind)
		var names []string
		for i, put1 := range puts {
			name := fmt.Sprintf("%s %d", kind, i)
			put(t, ctx, store, kind, name, tree.Bytes(name, put1.size), put1.chunk)
			mustHold(t, ctx, store, kind, name, tree.Bytes(name, put1.size), nil)
			names = append(names, name)
		}
		mustList(t, ctx, store, kind, names...)

		// Put again, shorter and longer, as hosts do with a lock every five minutes.
		for _, size := range []int{124, 3 * mib, 10} {
			again := tree.Bytes("again", size)
			put(t, ctx, store, kind, names[8], again, mib)
			mustHold(t, ctx, store, kind, names[8], again, nil)
		}
		mustList(t, ctx, store, kind, names...)
		if size, err := store.Size(ctx); err != nil || size < 20*mib {
			t.Errorf("size %d, %v", size, err)
		}
		for len(names) > 0 {
			check(t, "Delete", store.Delete(ctx, kind, macOf(names[0])))
			names = names[1:]
			mustList(t, ctx, store, kind, names...)
		}
	}
	check(t, "Close", store.Close(ctx))
}

func (s *Suite) ranges(t *testing.T) {
	ctx := bounded(t)
	_, store := s.openStore(t, ctx, repositoryDir(t), pipes.Pipes)
	data := tree.Bytes("packfile", 5<<20+3)
	put(t, ctx, store, host.Packfile, "p", data, host.ChunkSize)
	size := uint64(len(data))
	for _, bounds := range []struct {
		offset uint64
		length uint32
	}{
		{0, 17}, {67294, 86}, {471_997, 2000}, {0, 0}, {size - 1, 1}, {1<<20 - 1, 2}, {3, 2_272_360}, {1<<20 + 5, 4 << 20},
		{0, uint32(size)},
		// A range after the end is empty; it is not an error.
		{size - 5, 100}, {size, 10}, {size + 1000, 10}, {1 << 40, 1 << 31},
	} {
		part := host.Range{Offset: bounds.offset, Length: bounds.length}
		from := min(part.Offset, size)
		mustHold(t, ctx, store, host.Packfile, "p", data[from:min(from+uint64(part.Length), size)], &part)
	}
	if s.Name == "v1.1" {
		for _, kind := range []host.Kind{host.State, host.Lock} {
			put(t, ctx, store, kind, "r", data[:2000], 500)
			mustHold(t, ctx, store, kind, "r", data[100:300], &host.Range{Offset: 100, Length: 200})
		}
	}
	check(t, "Close", store.Close(ctx))
}

func (s *Suite) createAndOpen(t *testing.T) {
	ctx := bounded(t)
	root := filepath.Join(repositoryDir(t), "a/b/c")
	// One process after the other, as hosts do.
	fails := func(what, text string, work func(store host.Store) error) {
		t.Helper()
		store, err := s.start(t, "storage", pipes.Pipes).Store(ctx, host.At("tsfs", root))
		check(t, "Init", err)
		if err := work(store); err == nil || err.Error() != text {
			t.Errorf("%s: %v, not %s", what, err, text)
		}
	}
	open := func(store host.Store) error {
		_, err := store.Open(ctx)
		return err
	}
	create := func(store host.Store) error { return store.Create(ctx, config) }
	fails("Open of nothing", "there is no repository in "+root+": its CONFIG file is missing", open)
	s.openStore(t, ctx, root, pipes.Pipes)
	fails("the second Create", "there is a repository in "+root+" already", create)
}
