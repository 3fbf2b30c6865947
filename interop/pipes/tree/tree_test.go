//go:build unix

package tree

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, top string) []Entry {
	t.Helper()
	entries, err := Read(top)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestDiffFindsWhatDiffers(t *testing.T) {
	top := t.TempDir()
	if err := Sample(top); err != nil {
		t.Fatal(err)
	}
	before := read(t, top)
	how := Compare{Xattrs: true}
	if got := Diff(before, read(t, top), how); len(got) != 0 {
		t.Fatalf("a tree differs from itself: %q", got)
	}
	in := func(name string) string { return filepath.Join(top, name) }
	for want, change := range map[string]func() error{
		`"/one": is missing`:            func() error { return os.Remove(in("one")) },
		`"/new": is too much`:           func() error { return os.WriteFile(in("new"), nil, 0o644) },
		`"/mib": content`:               func() error { return os.WriteFile(in("mib"), make([]byte, mib), 0o644) },
		`"/many/003": mode`:             func() error { return os.Chmod(in("many/003"), 0o600) },
		`"/many/004": time`:             func() error { return os.Chtimes(in("many/004"), time.Now(), time.Unix(1, 0)) },
		`"/many/005": 3 bytes, not 485`: func() error { return os.Truncate(in("many/005"), 3) },
		`"/links/relative": target`:     func() error { _ = os.Remove(in("links/relative")); return os.Symlink("x", in("links/relative")) },
		`"/": names of one file`:        func() error { _ = os.Remove(in("links/hard")); return os.WriteFile(in("links/hard"), nil, 0o644) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Diff(before, read(t, top), how), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s is not among\n%s", want, got)
		}
	}
}
