//go:build unix

package baseline

import (
	"errors"
	"io/fs"

	"kloset.invalid/interop/pipes/disk"
	"kloset.invalid/interop/v1.1/gen/connectors"
)

// making is an entry that is being restored to a folder.
type making struct {
	target *disk.Target
	record *connectors.Record
	// file is nil for everything but a regular file.
	file   *disk.File
	value  []byte
	failed error
}

// begin makes everything that needs no content.
func begin(target *disk.Target, record *connectors.Record) (*making, error) {
	m := &making{target: target, record: record}
	if record.GetIsXattr() {
		return m, nil
	}
	info := record.GetFileInfo()
	switch mode := fs.FileMode(info.GetMode()); {
	case mode.IsDir():
		return m, target.Directory(record.GetPathname(), m.attributes())
	case mode&fs.ModeSymlink != 0:
		return m, target.Symlink(record.GetPathname(), record.GetTarget(), m.attributes())
	case !mode.IsRegular():
		return m, errors.New("only files, directories and symbolic links are restored")
	}
	if info.GetNlink() > 1 {
		linked, err := target.Link(record.GetPathname(), info.GetDev(), info.GetIno())
		if linked || err != nil {
			return m, err
		}
	}
	var err error
	m.file, err = target.Begin(record.GetPathname())
	return m, err
}

// write takes a part of the content. A failure is returned by end.
func (m *making) write(chunk []byte) {
	switch {
	case m == nil || m.failed != nil:
	case m.file != nil:
		_, m.failed = m.file.Write(chunk)
	case m.record.GetIsXattr():
		m.value = append(m.value, chunk...)
	}
}

// end completes the entry, or discards it if anything has failed.
func (m *making) end(failure error) error {
	failure = errors.Join(failure, m.failed)
	switch {
	case failure != nil && m.file != nil && m.file.File != nil:
		m.file.Discard()
	case failure != nil:
	case m.file != nil:
		return m.file.Commit(m.attributes())
	case m.record.GetIsXattr():
		return m.target.Xattr(m.record.GetPathname(), m.record.GetXattrName(), m.value)
	}
	return failure
}

func (m *making) attributes() disk.Attributes {
	info := m.record.GetFileInfo()
	return disk.Attributes{
		Mode: fs.FileMode(info.GetMode()), UID: info.GetUid(), GID: info.GetGid(), ModTime: info.GetModTime().AsTime(),
	}
}
