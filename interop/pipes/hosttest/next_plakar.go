//go:build unix

package hosttest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
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

const (
	// merged is the longest range that is read at once, and mergedAtOnce their number.
	merged, mergedAtOnce = 4 << 20, 8
	customKind           = 2
	unknownKind          = 9
)

// nextPlakar drives the plugin as kloset 1.1.4 does: extended attributes on restore
// with the pathnames of the snapshot, Mode at every opening of a file, merged ranges,
// storage flags, and names that must be valid.
func (s *Suite) nextPlakar(t *testing.T) {
	t.Run("importer", s.nextImporter)
	t.Run("exporter", s.nextExporter)
	t.Run("a copy below itself", s.copyBelowItself)
	t.Run("storage", s.nextStorage)
}

func (s *Suite) nextImporter(t *testing.T) {
	ctx := bounded(t)
	_, importer := s.openImporter(t, ctx, s.sample, pipes.Pipes, 1)
	got := scan(t, ctx, importer, 1, true)
	s.compare(t, got, true)
	for _, record := range got.records {
		if name := record.Info.Name; !record.IsXattr && !validName(record.Pathname, name) {
			t.Errorf("%q has the name %q, for which the next Plakar rejects the snapshot", record.Pathname, name)
		}
	}
	_, err := importer.Open(ctx, host.Record{
		Pathname: filepath.Join(s.sample, "small"), IsXattr: true, XattrName: "user.color", XattrType: unknownKind,
	}).Read(make([]byte, 1))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("kind ", unknownKind)) {
		t.Errorf("Open of an attribute of an unknown kind: %v", err)
	}
	check(t, "Close", importer.Close(ctx))
}

func validName(pathname, name string) bool {
	if path.Clean(pathname) != pathname {
		return false
	}
	return pathname == "/" || name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// nextExporter restores the sample. Its attributes have the pathnames of the
// snapshot; around them come those of other parts of it.
func (s *Suite) nextExporter(t *testing.T) {
	s.restoreSubtree(t, s.sample, s.entries)
}

// copyBelowItself restores a directory with a copy of itself at its own path, so that
// the attribute of the outer file has the pathname of the inner one, which may have none.
func (s *Suite) copyBelowItself(t *testing.T) {
	top := filepath.Join(tempDir(t), "docs")
	inner := filepath.Join(top, top)
	for _, file := range []struct{ folder, name, who string }{
		{top, "f", "outer"}, {inner, "f", "inner"}, {top, "only", "outer"}, {top, "outer only", "outer"}, {inner, "outer only", ""},
	} {
		name := filepath.Join(file.folder, file.name)
		check(t, "mkdir", os.MkdirAll(file.folder, 0o755))
		check(t, "write", os.WriteFile(name, []byte("of the "+file.who+" file"), 0o644))
		if file.who == "" {
			continue
		}
		if err := xattr.LSet(name, "user.who", []byte(file.who)); !errors.Is(err, syscall.ENOTSUP) {
			check(t, "setxattr", err)
		}
	}
	s.restoreSubtree(t, top, readTree(t, top))
}

// restoreSubtree restores entries that were imported from top.
func (s *Suite) restoreSubtree(t *testing.T, top string, entries []tree.Entry) {
	ctx := bounded(t)
	to := filepath.Join(tempDir(t), "restored")
	session, started := s.openExporter(t, ctx, to, pipes.Pipes, 1)
	exporter, ok := started.(host.SnapshotExporter)
	if !ok {
		t.Fatalf("a host of %s sends no extended attributes", s.Name)
	}
	outside := func(pathname string) host.Attribute {
		return host.Attribute{Pathname: pathname, Name: "user.outside", Value: "of another file"}
	}
	attributes := []host.Attribute{outside("/"), outside(filepath.Dir(top) + "/a"), outside(top + "-2/f")}
	sent := slices.Clone(entries)
	for i, entry := range entries {
		pathname := filepath.Join(top, entry.Path)
		for _, name := range slices.Sorted(maps.Keys(entry.Xattrs)) {
			attributes = append(attributes, host.Attribute{Pathname: pathname, Name: name, Value: entry.Xattrs[name]})
		}
		if entry.Path != "/" {
			continue
		}
		// Listed by their entry, but of kinds that no file system has.
		sent[i].Xattrs = maps.Clone(entry.Xattrs)
		if sent[i].Xattrs == nil {
			sent[i].Xattrs = make(map[string]string)
		}
		for name, kind := range map[string]int32{"user.custom": customKind, "user.unknown": unknownKind} {
			sent[i].Xattrs[name] = ""
			attributes = append(attributes, host.Attribute{Pathname: pathname, Name: name, Kind: kind, Value: "x"})
		}
	}
	attributes = append(attributes, outside("/zzz"), outside("/zzz/f"))
	session.stderr = []string{"of the kind custom", "of an unknown kind"}

	failures, err := exporter.RestoreSubtree(ctx, sent, attributes, fromDisk(top))
	check(t, "restore", err)
	for path, err := range failures {
		t.Errorf("%q: %v", path, err)
	}
	for _, difference := range tree.Diff(entries, readTree(t, to), s.exact()) {
		t.Error(difference)
	}
	check(t, "Close", exporter.Close(ctx))
	session.vanish()
}

func (s *Suite) nextStorage(t *testing.T) {
	ctx := bounded(t)
	session, store := s.openStore(t, ctx, filepath.Join(repositoryDir(t), "repository"), pipes.Pipes)
	s.storageFlags(t, ctx, session, store)
	s.mergedRanges(t, ctx, store)
	// The lock is released while Close runs.
	put(t, ctx, store, host.Lock, "l", tree.Bytes("lock", 124), host.ChunkSize)
	released := make(chan error, 1)
	go func() { released <- store.Delete(ctx, host.Lock, macOf("l")) }()
	check(t, "Close", store.Close(ctx))
	check(t, "Delete during Close", <-released)
}

// storageFlags makes every call that carries flags: hot, and a bit that no host sets
// today.
func (s *Suite) storageFlags(t *testing.T, ctx context.Context, session *session, store host.Store) {
	t.Helper()
	const flags = 1 | 8
	data := tree.Bytes("packfile", 3000)
	name := base64.StdEncoding.EncodeToString(macOf("hot"))
	named := fmt.Sprintf(`{"mac":%q,"type":1,"flags":%d}`, name, flags)
	call := func(method string, requests ...string) {
		t.Helper()
		messages := make([][]byte, 0, len(requests))
		for _, request := range requests {
			messages = append(messages, []byte(request))
		}
		if _, err := session.Call(ctx, "/store.Store/"+method, messages); err != nil {
			t.Errorf("%s with flags: %v", method, err)
		}
	}
	call("Put", named, fmt.Sprintf(`{"chunk":%q}`, base64.StdEncoding.EncodeToString(data)))
	call("List", fmt.Sprintf(`{"type":1,"flags":%d}`, flags))
	call("Get", named)
	mustHold(t, ctx, store, host.Packfile, "hot", data, nil)
	call("Delete", named)
	mustList(t, ctx, store, host.Packfile)
}

// mergedRanges reads a packfile as a restore does: Mode for each file, and eight
// ranges of 4 MiB at once.
func (s *Suite) mergedRanges(t *testing.T, ctx context.Context, store host.Store) {
	t.Helper()
	data := tree.Bytes("merged", mergedAtOnce*merged+5)
	put(t, ctx, store, host.Packfile, "merged", data, host.ChunkSize)
	for file := range 3 {
		if mode, err := store.Mode(ctx); err != nil || mode != 6 {
			t.Errorf("mode %d, %v", mode, err)
		}
		offsets := make(chan uint64, mergedAtOnce)
		for i := range uint64(mergedAtOnce) {
			// No two files read the same ranges, and most begin within a page.
			offsets <- i*merged + uint64(file)
		}
		close(offsets)
		check(t, "Get of merged ranges", host.Each(ctx, mergedAtOnce, offsets, func(ctx context.Context, offset uint64) error {
			got, err := get(ctx, store, host.Packfile, "merged", &host.Range{Offset: offset, Length: merged})
			if err == nil && string(got) != string(data[offset:offset+merged]) {
				err = fmt.Errorf("%d bytes at %d are not those that were put", len(got), offset)
			}
			return err
		}))
	}
	check(t, "Delete", store.Delete(ctx, host.Packfile, macOf("merged")))
}
