//go:build unix

package tree

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pkg/xattr"
)

const mib = 1 << 20

// BigSize is the length of the sample's largest file: enough for a host to measure
// the bandwidth and to grow its windows.
const BigSize = 40 * mib

// Random returns a stream of bytes that depends only on the seed.
func Random(seed string) io.Reader {
	var key [32]byte
	copy(key[:], seed)
	return rand.NewChaCha8(key)
}

// Bytes returns the first n bytes of Random.
func Bytes(seed string, n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(Random(seed), b)
	return b
}

// WriteFile writes a file of n bytes of Random.
func WriteFile(name string, n int64) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, Random(filepath.Base(name)), n)
	return errors.Join(err, file.Close())
}

// Sample fills an empty directory with sizes around the wire's chunks, all types
// that need no device, and odd names, modes and times.
func Sample(top string) error {
	m := maker{top: top}
	for name, size := range map[string]int64{
		"empty": 0, "small": 5, "one": 1, "mib-1": mib - 1, "mib": mib, "mib+1": mib + 1, "big": BigSize,
	} {
		m.file(name, size)
	}
	m.sparse("sparse", 8*mib)

	for i := range 100 {
		m.file(fmt.Sprintf("many/%03d", i), int64(i)*97)
	}
	m.dir("nothing in it")
	deep := "deep"
	for i := range 40 {
		deep = filepath.Join(deep, fmt.Sprintf("%02d-%s", i, strings.Repeat("d", 60)))
	}
	m.file(deep+"/bottom", 100)

	for _, name := range []string{
		"sp ce", " lead and trail ", "new\nline", "tab\tquote\"'", "back\\slash", "per%cent%41", "-dash", "~tilde",
		"ünïcødé", "u\u0308 decomposed", "日本語", "🦊 astral", "\u202eright to left", "\x01\x7fcontrol", "...", "a:b?c*d",
		strings.Repeat("n", 255), strings.Repeat("é", 127),
	} {
		m.file("names/"+name, int64(len(name)))
	}

	m.symlink("small", "links/relative")
	m.symlink("/does/not/exist", "links/dangling")
	m.symlink("../many", "links/to directory")
	m.symlink(strings.Repeat("long/", 200)+"ünï\n", "links/long")
	m.link("mib+1", "links/hard")
	m.link("mib+1", "links/hard too")
	m.link("empty", "links/hard empty")
	m.fifo("fifo")

	// Users other than root must be able to read and to clean up.
	var owner, ownerOfDir uint32
	if os.Geteuid() != 0 {
		owner, ownerOfDir = 0o400, 0o700
	}
	m.file("modes/dir-r/inside", 10)
	for name, mode := range map[string]uint32{
		"r": 0o400, "none": 0, "setuid": 0o4755, "setgid": 0o2711, "sticky": 0o1777, "all": 0o7777,
	} {
		m.file("modes/"+name, 10)
		m.chmod("modes/"+name, mode|owner)
		m.dir("modes/dir-" + name)
		m.chmod("modes/dir-"+name, mode|ownerOfDir)
	}

	m.xattr("small", "user.color", "red")
	m.xattr("small", "user.empty", "")
	m.xattr("big", "user.bytes", string(Bytes("xattr", 1000)))
	m.xattr("many", "user.ünï", "on a directory")
	m.xattr("links/hard", "user.shared", "by all names")

	for name, at := range map[string]time.Time{
		"old": time.Unix(1, 1), "epoch": time.Unix(0, 0), "before": time.Unix(-86400*365, 123_456_789),
		"late": time.Date(2099, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		m.file("times/"+name, 1)
		m.time("times/"+name, at)
	}
	m.time("links/dangling", time.Unix(1_000_000_000, 987_654_321))
	m.time("times", time.Unix(1_234_567_890, 123_456_000))
	m.time("nothing in it", time.Unix(1_111_111_111, 0))
	return m.err
}

// maker runs one step after the other until one fails.
type maker struct {
	top string
	err error
}

func (m *maker) do(name string, work func(path string) error) {
	if m.err != nil {
		return
	}
	path := filepath.Join(m.top, name)
	if m.err = os.MkdirAll(filepath.Dir(path), 0o755); m.err == nil {
		m.err = work(path)
	}
}

func (m *maker) file(name string, size int64) {
	m.do(name, func(path string) error { return WriteFile(path, size) })
}

func (m *maker) sparse(name string, size int64) {
	m.do(name, func(path string) error {
		if err := os.WriteFile(path, []byte("at the start"), 0o644); err != nil {
			return err
		}
		return os.Truncate(path, size)
	})
}

func (m *maker) dir(name string) {
	m.do(name, func(path string) error { return os.MkdirAll(path, 0o755) })
}

func (m *maker) symlink(target, name string) {
	m.do(name, func(path string) error { return os.Symlink(target, path) })
}

func (m *maker) link(old, name string) {
	m.do(name, func(path string) error { return os.Link(filepath.Join(m.top, old), path) })
}

func (m *maker) fifo(name string) {
	m.do(name, func(path string) error { return syscall.Mkfifo(path, 0o640) })
}

// chmod sets POSIX bits; the umask does not apply.
func (m *maker) chmod(name string, mode uint32) {
	m.do(name, func(path string) error { return syscall.Chmod(path, mode) })
}

// xattr skips file systems without extended attributes.
func (m *maker) xattr(name, attribute, value string) {
	m.do(name, func(path string) error {
		err := xattr.LSet(path, attribute, []byte(value))
		if errors.Is(err, syscall.ENOTSUP) {
			return nil
		}
		return err
	})
}

// time sets the times of an entry; it does not follow links.
func (m *maker) time(name string, at time.Time) {
	m.do(name, func(path string) error { return SetTime(path, at) })
}
