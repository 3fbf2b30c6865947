//go:build unix

package hosttest

import (
	"bytes"
	"io"
	"maps"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// compare checks a backup of the sample against the disk.
func (s *Suite) compare(t *testing.T, got *backupOf, content bool) {
	t.Helper()
	records := make(map[string]host.Record)
	for _, record := range got.records {
		if record.Error != "" {
			t.Errorf("%q: %s", record.Pathname, record.Error)
		}
		if _, twice := records[keyOf(record)]; twice {
			t.Errorf("%q came twice", keyOf(record))
		}
		records[keyOf(record)] = record
	}
	take := func(key string) host.Record {
		record, ok := records[key]
		if !ok {
			t.Errorf("%q has no record", key)
		}
		delete(records, key)
		return record
	}

	for parent := path.Dir(s.sample); ; parent = path.Dir(parent) {
		entry, err := tree.Stat(parent)
		check(t, "lstat", err)
		// Other tests work in those directories: their times and sizes change.
		record := take(parent)
		record.Info.ModTime, record.Info.Size, record.Info.Nlink = entry.Info.ModTime, entry.Info.Size, entry.Info.Nlink
		s.compareEntry(t, entry, record)
		if parent == "/" {
			break
		}
	}
	for _, entry := range s.entries {
		pathname := filepath.Join(s.sample, entry.Path)
		s.compareEntry(t, entry, take(pathname))
		if content && got.sums[pathname] != entry.Sum {
			t.Errorf("%q: content %.12s, not %.12s", entry.Path, got.sums[pathname], entry.Sum)
		}
		if !s.Xattrs {
			continue
		}
		for name, value := range entry.Xattrs {
			key := pathname + ":" + name
			record := take(key)
			if !record.IsXattr || !record.HasReader || record.XattrType != 0 {
				t.Errorf("%q: %+v", key, record)
			}
			if content && got.values[key] != value {
				t.Errorf("%q: %q, not %q", key, got.values[key], value)
			}
		}
	}
	for key := range records {
		t.Errorf("%q has a record", key)
	}
}

func (s *Suite) compareEntry(t *testing.T, entry tree.Entry, record host.Record) {
	t.Helper()
	want, got := entry.Info, record.Info
	// Plakar keeps 16 bits.
	want.Nlink, got.Nlink = want.Nlink&0xffff, got.Nlink&0xffff
	if !want.ModTime.Equal(got.ModTime) {
		t.Errorf("%q: time %v, not %v", record.Pathname, got.ModTime, want.ModTime)
	}
	want.ModTime = got.ModTime
	if got != want {
		t.Errorf("%q: %+v, not %+v", record.Pathname, got, want)
	}
	if record.Target != entry.Target {
		t.Errorf("%q: target %q, not %q", record.Pathname, record.Target, entry.Target)
	}
	if record.HasReader != (want.Mode.IsRegular()) {
		t.Errorf("%q: hasReader is %v", record.Pathname, record.HasReader)
	}
	if s.Xattrs {
		if names := slices.Sorted(maps.Keys(entry.Xattrs)); !slices.Equal(slices.Sorted(slices.Values(record.Attributes)), names) {
			t.Errorf("%q: extended attributes %q, not %q", record.Pathname, record.Attributes, names)
		}
	}
	if owner := userName(want.UID); record.Username != owner {
		t.Errorf("%q: user %q, not %q", record.Pathname, record.Username, owner)
	}
	if group := groupName(want.GID); record.Groupname != group {
		t.Errorf("%q: group %q, not %q", record.Pathname, record.Groupname, group)
	}
}

func userName(id uint64) string {
	found, err := user.LookupId(strconv.FormatUint(id, 10))
	if err != nil {
		return ""
	}
	return found.Username
}

func groupName(id uint64) string {
	found, err := user.LookupGroupId(strconv.FormatUint(id, 10))
	if err != nil {
		return ""
	}
	return found.Name
}
