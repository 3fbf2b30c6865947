//go:build unix

package tree

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"time"
)

// Compare selects the attributes to compare.
type Compare struct {
	// Xattrs are compared.
	Xattrs bool
	// TimeWithin is the amount by which modification times may be lower: Node cuts
	// the times that it sets.
	TimeWithin time.Duration
	// SkipTop ignores the attributes of "/".
	SkipTop bool
}

// Diff describes how got differs from want: names, modes, owners, times, targets,
// content, and the names that are links to one file.
func Diff(want, got []Entry, how Compare) []string {
	var differences []string
	differ := func(path, format string, args ...any) {
		differences = append(differences, fmt.Sprintf("%q: ", path)+fmt.Sprintf(format, args...))
	}
	others := make(map[string]Entry)
	for _, entry := range got {
		others[entry.Path] = entry
	}
	for _, a := range want {
		b, ok := others[a.Path]
		if !ok {
			differ(a.Path, "is missing")
			continue
		}
		delete(others, a.Path)
		if a.Path == "/" && how.SkipTop {
			continue
		}
		if a.Info.Mode != b.Info.Mode {
			differ(a.Path, "mode %v, not %v", b.Info.Mode, a.Info.Mode)
		}
		if a.Info.UID != b.Info.UID || a.Info.GID != b.Info.GID {
			differ(a.Path, "owner %d:%d, not %d:%d", b.Info.UID, b.Info.GID, a.Info.UID, a.Info.GID)
		}
		if late := a.Info.ModTime.Sub(b.Info.ModTime); late < 0 || late > how.TimeWithin {
			differ(a.Path, "time %v, not %v", b.Info.ModTime, a.Info.ModTime)
		}
		if a.Info.Mode&fs.ModeDir == 0 && a.Info.Size != b.Info.Size {
			differ(a.Path, "%d bytes, not %d", b.Info.Size, a.Info.Size)
		}
		if a.Target != b.Target {
			differ(a.Path, "target %q, not %q", b.Target, a.Target)
		}
		if a.Sum != b.Sum {
			differ(a.Path, "content %.12s, not %.12s", b.Sum, a.Sum)
		}
		if how.Xattrs && !maps.Equal(a.Xattrs, b.Xattrs) {
			differ(a.Path, "extended attributes %q, not %q", b.Xattrs, a.Xattrs)
		}
	}
	for path := range others {
		differ(path, "is too much")
	}
	if a, b := links(want), links(got); !slices.EqualFunc(a, b, slices.Equal[[]string]) {
		differ("/", "names of one file %q, not %q", b, a)
	}
	sort.Strings(differences)
	return differences
}

// links returns the groups of names that are links to one file.
func links(entries []Entry) [][]string {
	type inode struct{ dev, ino uint64 }
	names := make(map[inode][]string)
	for _, entry := range entries {
		if !entry.Info.Mode.IsDir() {
			key := inode{entry.Info.Dev, entry.Info.Ino}
			names[key] = append(names[key], entry.Path)
		}
	}
	var groups [][]string
	for _, group := range names {
		if len(group) > 1 {
			slices.Sort(group)
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, slices.Compare[[]string])
	return groups
}
