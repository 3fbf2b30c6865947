package tree

import (
	"syscall"
	"time"
	"unsafe"
)

// SetTime sets the times of an entry in nanoseconds; it does not follow links.
func SetTime(path string, at time.Time) error {
	const atFdcwd, noFollow = -100, 0x100
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	spec := syscall.Timespec{Sec: at.Unix(), Nsec: int64(at.Nanosecond())}
	times := [2]syscall.Timespec{spec, spec}
	dir := atFdcwd
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(dir), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&times)), noFollow, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
