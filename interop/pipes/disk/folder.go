//go:build unix

// Package disk reads and writes the local file system with the calls that
// Plakar's own plugin makes, for comparison with plugins for real files. It
// follows symbolic links when it opens a file.
package disk

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/pkg/xattr"

	"kloset.invalid/interop/pipes/synthetic"
)

// Folder is an importer's source: the files below the location.
type Folder struct {
	// Root is absolute.
	Root string
	// WithoutAttributes omits extended attributes.
	WithoutAttributes bool
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

// Entries yields the folders above the root, then everything below it: each
// entry, then its extended attributes.
func (f *Folder) Entries() iter.Seq[*synthetic.Entry] {
	return func(yield func(*synthetic.Entry) bool) {
		owners := owners{users: map[uint32]string{}, groups: map[uint32]string{}}
		for _, parent := range parentsOf(f.Root) {
			info, err := os.Lstat(parent)
			if !yield(owners.entryOf(parent, info, err)) {
				return
			}
		}
		_ = filepath.WalkDir(f.Root, func(pathname string, entry fs.DirEntry, err error) error {
			var info fs.FileInfo
			if err == nil {
				info, err = entry.Info()
			}
			if !f.yieldWithAttributes(owners.entryOf(pathname, info, err), yield) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

func (f *Folder) yieldWithAttributes(entry *synthetic.Entry, yield func(*synthetic.Entry) bool) bool {
	if f.WithoutAttributes || entry.Err != "" {
		return yield(entry)
	}
	names, err := xattr.LList(entry.Pathname)
	if err != nil {
		return yield(&synthetic.Entry{Pathname: entry.Pathname, Err: err.Error()})
	}
	entry.Attributes = names
	if !yield(entry) {
		return false
	}
	for _, name := range names {
		if !yield(&synthetic.Entry{Pathname: entry.Pathname, Attribute: name}) {
			return false
		}
	}
	return true
}

// Open opens a file below the root, or one of its extended attributes.
func (f *Folder) Open(pathname, attribute string) (io.Reader, error) {
	if !strings.HasPrefix(pathname, f.Root) {
		return nil, fmt.Errorf("open %s: no such file", pathname)
	}
	if attribute == "" {
		return os.Open(pathname)
	}
	value, err := xattr.LGet(pathname, attribute)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(value), nil
}

// parentsOf returns the folders above a path, from "/" on.
func parentsOf(pathname string) (parents []string) {
	for at := pathname; at != "/"; {
		at = filepath.Dir(at)
		parents = append([]string{at}, parents...)
	}
	return parents
}

// owners remembers the names of users and groups. One without a name has "".
type owners struct {
	users, groups map[uint32]string
}

func (o owners) entryOf(pathname string, info fs.FileInfo, err error) *synthetic.Entry {
	if err != nil {
		return &synthetic.Entry{Pathname: pathname, Err: err.Error()}
	}
	entry := &synthetic.Entry{Pathname: pathname, Name: filepath.Base(pathname), Mode: info.Mode(), Size: uint64(info.Size()), Changed: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		entry.Inode, entry.Owner, entry.Group = uint64(stat.Ino), stat.Uid, stat.Gid
		entry.OwnerName, entry.GroupName = o.userName(stat.Uid), o.groupName(stat.Gid)
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

func (o owners) userName(id uint32) string {
	return remembered(o.users, id, func(text string) (string, error) {
		found, err := user.LookupId(text)
		if err != nil {
			return "", err
		}
		return found.Username, nil
	})
}

func (o owners) groupName(id uint32) string {
	return remembered(o.groups, id, func(text string) (string, error) {
		found, err := user.LookupGroupId(text)
		if err != nil {
			return "", err
		}
		return found.Name, nil
	})
}

// remembered looks up a name once.
func remembered(names map[uint32]string, id uint32, lookUp func(id string) (string, error)) string {
	name, known := names[id]
	if !known {
		name, _ = lookUp(strconv.FormatUint(uint64(id), 10))
		names[id] = name
	}
	return name
}
