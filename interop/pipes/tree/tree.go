//go:build unix

// Package tree makes trees of files, reads what a disk holds, and compares.
package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/pkg/xattr"
)

// Info holds the attributes of an entry.
type Info struct {
	Name     string
	Size     int64
	Mode     fs.FileMode
	ModTime  time.Time
	Dev, Ino uint64
	UID, GID uint64
	Nlink    uint64
}

// Entry is one name of a tree.
type Entry struct {
	// Path below the top, from "/" on.
	Path   string
	Info   Info
	Target string
	Xattrs map[string]string
	// Sum of a regular file's content.
	Sum string
}

// Stat reads one entry, not following links, without its content.
func Stat(name string) (Entry, error) {
	stat, err := os.Lstat(name)
	if err != nil {
		return Entry{}, err
	}
	sys, ok := stat.Sys().(*syscall.Stat_t)
	if !ok {
		return Entry{}, fmt.Errorf("%s: no stat_t", name)
	}
	entry := Entry{Info: Info{
		Name: filepath.Base(name), Size: stat.Size(), Mode: stat.Mode(), ModTime: stat.ModTime(),
		Dev: uint64(sys.Dev), Ino: sys.Ino, UID: uint64(sys.Uid), GID: uint64(sys.Gid), Nlink: uint64(sys.Nlink),
	}}
	if stat.Mode()&fs.ModeSymlink != 0 {
		if entry.Target, err = os.Readlink(name); err != nil {
			return Entry{}, err
		}
	}
	if entry.Xattrs, err = xattrsOf(name); err != nil {
		return Entry{}, fmt.Errorf("%s: %w", name, err)
	}
	return entry, nil
}

// Read reads a whole tree with its content, sorted by path.
func Read(top string) ([]Entry, error) {
	var entries []Entry
	err := filepath.WalkDir(top, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		entry, err := Stat(name)
		if err != nil {
			return err
		}
		entry.Path = path.Join("/", strings.TrimPrefix(name, top))
		if entry.Info.Mode.IsRegular() {
			if entry.Sum, err = SumFile(name); err != nil {
				return err
			}
		}
		entries = append(entries, entry)
		return nil
	})
	sort.Slice(entries, func(i, j int) bool { return entries[i].Path < entries[j].Path })
	return entries, err
}

// SumFile returns the SHA-256 of a file's content, even if its mode forbids its
// owner to read it.
func SumFile(name string) (string, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		file, err = openUnreadable(name)
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum, _, err := Sum(file)
	return sum, err
}

func openUnreadable(name string) (*os.File, error) {
	stat, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, stat.Mode()|0o400); err != nil {
		return nil, err
	}
	file, err := os.Open(name)
	return file, errors.Join(err, os.Chmod(name, stat.Mode()))
}

// Sum returns the SHA-256 of a stream and its length in bytes.
func Sum(r io.Reader) (string, int64, error) {
	hash := sha256.New()
	n, err := io.CopyBuffer(hash, struct{ io.Reader }{r}, make([]byte, 256*1024))
	return hex.EncodeToString(hash.Sum(nil)), n, err
}

// xattrsOf reads the extended attributes in the namespace "user".
func xattrsOf(name string) (map[string]string, error) {
	names, err := xattr.LList(name)
	if errors.Is(err, syscall.ENOTSUP) {
		return nil, nil
	}
	if err != nil || len(names) == 0 {
		return nil, err
	}
	values := make(map[string]string)
	for _, attribute := range names {
		if !strings.HasPrefix(attribute, "user.") {
			continue
		}
		value, err := xattr.LGet(name, attribute)
		if err != nil {
			return nil, err
		}
		values[attribute] = string(value)
	}
	return values, nil
}
