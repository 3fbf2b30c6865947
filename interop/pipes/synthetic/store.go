package synthetic

import (
	"fmt"
	"io"
	"strings"
)

// Kind is a kind of resource; the numbers are those of generation v1.1's wire.
type Kind int32

// The kinds of resources. Hosts up to 1.1.4 use the first three.
const (
	Packfile Kind = iota + 1
	State
	Lock
	ECCPackfile
	ECCState
)

var kindNames = [...]string{Packfile: "packfile", State: "state", Lock: "lock", ECCPackfile: "ecc-packfile", ECCState: "ecc-state"}

func (k Kind) String() string { return kindNames[k] }

// ParseKind fails for numbers that name no resource.
func ParseKind(number int32) (Kind, error) {
	if number < 1 || int(number) >= len(kindNames) {
		return 0, fmt.Errorf("there is no storage resource of type %d", number)
	}
	return Kind(number), nil
}

// MAC names a resource.
type MAC [32]byte

func (m MAC) String() string { return fmt.Sprintf("%x", m[:]) }

// ParseMAC fails for any other length than 32.
func ParseMAC(bytes []byte) (MAC, error) {
	if len(bytes) != len(MAC{}) {
		return MAC{}, fmt.Errorf("a MAC has %d bytes, not %d", len(MAC{}), len(bytes))
	}
	return MAC(bytes), nil
}

// Store is one repository. It is safe for concurrent use.
type Store interface {
	Create(config []byte) error
	Open() ([]byte, error)
	List(kind Kind) ([]MAC, error)
	// Put begins a resource, which becomes visible with Commit.
	Put(kind Kind, mac MAC) (Upload, error)
	Get(kind Kind, mac MAC) (Content, error)
	Delete(kind Kind, mac MAC) error
	// Size returns the total length of all resources in bytes.
	Size() (int64, error)
}

// Upload receives one resource.
type Upload interface {
	io.Writer
	// Commit makes the resource visible and replaces an earlier one.
	Commit() error
	// Discard drops the resource. After Commit it does nothing.
	Discard()
}

// Content is a resource as it was when it was opened.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// OpenStore chooses by the text after "://" in the location: a path that begins
// with "/" is a directory; anything else names a store in the memory of this
// process alone. The key sync of a directory: "0" renames files without syncing
// them, as Plakar's own storage does; "1" (the default) syncs them and their names.
func OpenStore(config Config) (store Store, location string, err error) {
	if location, err = config.Location(); err != nil {
		return nil, "", err
	}
	if path := PathOf(location); strings.HasPrefix(path, "/") {
		sync, err := config.Number("sync", 1, 1)
		return &directoryStore{root: path, sync: sync == 1}, location, err
	}
	buffers, err := config.Buffers()
	return newMemoryStore(location, buffers), location, err
}

// Whole reads all of a resource.
func Whole(content Content) io.Reader {
	return io.NewSectionReader(content, 0, content.Size())
}

// Section reads a part of a resource, clipped at its end: a part after the end is
// empty, which is not an error.
func Section(content Content, offset uint64, length uint32) io.Reader {
	size := content.Size()
	return io.NewSectionReader(content, int64(min(offset, uint64(size))), int64(length))
}

func errNoRepository(where string) error {
	return fmt.Errorf("there is no repository in %s", where)
}

func errNoResource(kind Kind, mac MAC) error {
	return fmt.Errorf("there is no %s %s", kind, mac)
}
