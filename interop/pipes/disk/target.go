//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pkg/xattr"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/pipes/tree"
)

// Target restores to a folder as Plakar's own exporter does: a file is written under
// a temporary name and renamed, without a sync. It trusts the host: it follows
// symbolic links in the folder, and its configuration has the key `buffers`:
//
//	fresh   makes names with os.CreateTemp, and changes attributes by path
//	pooled  counts its names, and changes attributes of the open file
type Target struct {
	// Root is absolute.
	Root        string
	tuned       bool
	made        atomic.Uint64
	directories []directory
	names       map[inode]string
}

// Attributes are those of a restored entry.
type Attributes struct {
	Mode     fs.FileMode
	UID, GID uint64
	ModTime  time.Time
}

type directory struct {
	path       string
	attributes Attributes
}

type inode struct{ dev, ino uint64 }

// OpenTarget opens the folder that the location names, and makes it if it is missing.
func OpenTarget(config synthetic.Config) (*Target, error) {
	folder, err := OpenFolder(config)
	if err != nil {
		return nil, err
	}
	buffers := config["buffers"]
	if buffers != "" && buffers != "fresh" && buffers != "pooled" {
		return nil, fmt.Errorf("buffers is %q: \"fresh\" or \"pooled\" is needed", buffers)
	}
	return &Target{Root: folder.Root, tuned: buffers == "pooled", names: make(map[inode]string)}, os.MkdirAll(folder.Root, 0o700)
}

// Directory makes a directory. Finish sets its attributes.
func (t *Target) Directory(pathname string, attributes Attributes) error {
	path := filepath.Join(t.Root, pathname)
	t.directories = append(t.directories, directory{path, attributes})
	return os.MkdirAll(path, 0o700)
}

// Symlink makes a symbolic link.
func (t *Target) Symlink(pathname, target string, attributes Attributes) error {
	path := filepath.Join(t.Root, pathname)
	return errors.Join(os.Symlink(target, path), chown(path, attributes), tree.SetTime(path, attributes.ModTime))
}

// Link makes a hard link to an earlier file with the same numbers, if there was one.
func (t *Target) Link(pathname string, dev, ino uint64) (linked bool, err error) {
	first, found := t.names[inode{dev, ino}]
	if !found {
		t.names[inode{dev, ino}] = pathname
		return false, nil
	}
	return true, os.Link(filepath.Join(t.Root, first), filepath.Join(t.Root, pathname))
}

// Xattr sets an extended attribute.
func (t *Target) Xattr(pathname, name string, value []byte) error {
	return xattr.LSet(filepath.Join(t.Root, pathname), name, value)
}

// Finish sets the attributes of all directories, deepest first.
func (t *Target) Finish() error {
	var failed error
	for _, made := range slices.Backward(t.directories) {
		failed = errors.Join(failed, set(made.path, made.attributes))
	}
	return failed
}

// File is a file that is being written.
type File struct {
	*os.File
	target *Target
	path   string
}

// Begin makes the temporary file.
func (t *Target) Begin(pathname string) (*File, error) {
	path := filepath.Join(t.Root, pathname)
	var file *os.File
	var err error
	if t.tuned {
		name := filepath.Dir(path) + "/.bench-" + strconv.FormatUint(t.made.Add(1), 10)
		file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	} else {
		file, err = os.CreateTemp(filepath.Dir(path), ".bench-")
	}
	return &File{file, t, path}, err
}

// Commit gives the file its name and attributes.
func (f *File) Commit(attributes Attributes) error {
	var failed error
	if f.target.tuned {
		failed = f.setOpen(attributes)
	}
	if failed = errors.Join(failed, f.Close()); failed == nil {
		failed = os.Rename(f.Name(), f.path)
	}
	if failed != nil {
		return errors.Join(failed, os.Remove(f.Name()))
	}
	if f.target.tuned {
		return nil
	}
	return set(f.path, attributes)
}

func (f *File) setOpen(attributes Attributes) error {
	if os.Geteuid() == 0 {
		if err := f.Chown(int(attributes.UID), int(attributes.GID)); err != nil {
			return err
		}
	}
	return errors.Join(f.Chmod(attributes.Mode), os.Chtimes(f.Name(), attributes.ModTime, attributes.ModTime))
}

// Discard removes the temporary file.
func (f *File) Discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func set(path string, attributes Attributes) error {
	return errors.Join(chown(path, attributes), os.Chmod(path, attributes.Mode), os.Chtimes(path, attributes.ModTime, attributes.ModTime))
}

func chown(path string, attributes Attributes) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(attributes.UID), int(attributes.GID))
}
