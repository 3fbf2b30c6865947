//go:build unix

// Package disk is the smallest importer of a folder that a host accepts, for
// comparison with plugins for real files. It knows neither extended attributes
// nor names of owners, and follows symbolic links when it opens a file.
package disk

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kloset.invalid/interop/pipes/synthetic"
)

// Folder is an importer's source: the files below the location.
type Folder struct {
	// Root is absolute.
	Root string
}

// OpenFolder opens the folder that the location names.
func OpenFolder(config synthetic.Config) (*Folder, error) {
	location, err := config.Location()
	if err != nil {
		return nil, err
	}
	root := synthetic.PathOf(location)
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("the location is %q: an absolute path is needed", location)
	}
	return &Folder{Root: filepath.Clean(root)}, nil
}

// Entries yields the folders above the root, then everything below it.
func (f *Folder) Entries() iter.Seq[*synthetic.Entry] {
	return func(yield func(*synthetic.Entry) bool) {
		for _, parent := range parentsOf(f.Root) {
			info, err := os.Lstat(parent)
			if !yield(entryOf(parent, info, err)) {
				return
			}
		}
		_ = filepath.WalkDir(f.Root, func(pathname string, entry fs.DirEntry, err error) error {
			var info fs.FileInfo
			if err == nil {
				info, err = entry.Info()
			}
			if !yield(entryOf(pathname, info, err)) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

// Open opens a file below the root.
func (f *Folder) Open(pathname, attribute string) (io.Reader, error) {
	if attribute != "" || !strings.HasPrefix(pathname, f.Root) {
		return nil, fmt.Errorf("open %s: no such file", pathname)
	}
	return os.Open(pathname)
}

// parentsOf returns the folders above a path, from "/" on.
func parentsOf(pathname string) (parents []string) {
	for at := pathname; at != "/"; {
		at = filepath.Dir(at)
		parents = append([]string{at}, parents...)
	}
	return parents
}

func entryOf(pathname string, info fs.FileInfo, err error) *synthetic.Entry {
	if err != nil {
		return &synthetic.Entry{Pathname: pathname, Err: err.Error()}
	}
	entry := &synthetic.Entry{Pathname: pathname, Name: filepath.Base(pathname), Mode: info.Mode(), Size: uint64(info.Size()), Changed: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		entry.Inode, entry.Owner, entry.Group = uint64(stat.Ino), stat.Uid, stat.Gid
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(pathname)
		if err != nil {
			return &synthetic.Entry{Pathname: pathname, Err: err.Error()}
		}
		entry.Target = target
	}
	return entry
}
