package tree

import (
	"strings"
	"syscall"
)

// SetXattr sets an extended attribute. It may follow a link.
func SetXattr(name, attribute, value string) error {
	return syscall.Setxattr(name, attribute, []byte(value), 0)
}

// listXattrs lists the extended attributes of files and directories. Links have
// none in the namespace "user".
func listXattrs(name string) ([]string, error) {
	var stat syscall.Stat_t
	if err := syscall.Lstat(name, &stat); err != nil {
		return nil, err
	}
	if kind := stat.Mode & syscall.S_IFMT; kind != syscall.S_IFREG && kind != syscall.S_IFDIR {
		return nil, nil
	}
	buffer := make([]byte, 64*1024)
	n, err := syscall.Listxattr(name, buffer)
	if err != nil || n == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(buffer[:n]), "\x00"), "\x00"), nil
}

func getXattr(name, attribute string) (string, error) {
	buffer := make([]byte, 64*1024)
	n, err := syscall.Getxattr(name, attribute, buffer)
	if err != nil {
		return "", err
	}
	return string(buffer[:n]), nil
}
