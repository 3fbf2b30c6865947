//go:build unix && !linux

package tree

import (
	"io/fs"
	"os"
	"time"
)

// SetTime ignores links: Go's standard library cannot set their times.
func SetTime(path string, at time.Time) error {
	if stat, err := os.Lstat(path); err != nil || stat.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return os.Chtimes(path, at, at)
}
