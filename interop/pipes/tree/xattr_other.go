//go:build unix && !linux

package tree

import "syscall"

// SetXattr is not supported: Go's standard library has it on Linux only.
func SetXattr(_, _, _ string) error { return syscall.ENOTSUP }

func listXattrs(_ string) ([]string, error) { return nil, syscall.ENOTSUP }

func getXattr(_, _ string) (string, error) { return "", syscall.ENOTSUP }
