//go:build unix

// Package host holds the types and interfaces that the hosts of both generations
// share, so that one suite and one benchmark can drive either.
package host

import (
	"context"
	"fmt"
	"io"
	"iter"

	"kloset.invalid/interop/pipes/tree"
)

// ChunkSize is the largest chunk that a host sends and a plugin should send.
const ChunkSize = 1 << 20

// Location is where a connector works, as given to `plakar`.
type Location struct {
	Proto  string
	Config map[string]string
}

// At returns the location `proto://path`.
func At(proto, path string) Location {
	return Location{Proto: proto, Config: map[string]string{"location": proto + "://" + path}}
}

// Options are the fields about the host itself in Init.
type Options struct {
	Hostname, OS, Arch, Cwd string
	MaxConcurrency          int64
	Excludes                []string
	NoXattr                 bool
}

// Identity is a connector's description of itself.
type Identity struct {
	Type, Origin, Root string
	// Flags are always 0 on v1.0.
	Flags uint32
}

// Record is one message of a scan.
type Record struct {
	Pathname string
	// Error of what could not be scanned; all else is then empty.
	Error               string
	Info                tree.Info
	Username, Groupname string
	Target              string
	HasReader           bool
	// Attributes are the names of the entry's extended attributes.
	Attributes []string
	// IsXattr is true for an extended attribute itself, of that name and type.
	IsXattr   bool
	XattrName string
	XattrType int32
}

// Client is a host that is connected to one plugin.
type Client interface {
	Importer(ctx context.Context, at Location, options Options) (Importer, error)
	Exporter(ctx context.Context, at Location, options Options) (Exporter, error)
	Store(ctx context.Context, at Location) (Store, error)
	// Call sends the messages of one RPC, as protobuf JSON, and half-closes. It
	// returns what the plugin sent until it ended the call.
	Call(ctx context.Context, method string, requests [][]byte) ([][]byte, error)
	// Calls returns the methods called so far, in order, each with the pathname of its first message.
	Calls() []Call
	// Close sends GOAWAY and closes the connection. Plakar never does: it exits.
	Close() error
}

// Call is one RPC that was made.
type Call struct{ Method, Pathname string }

// Importer drives an importer.
type Importer interface {
	// Identity returns the connector's identity; v1.0 calls Info for it.
	Identity(ctx context.Context) (Identity, error)
	// Scan passes every record to one of the workers and returns when all are done.
	Scan(ctx context.Context, workers int, handle func(context.Context, Record) error) error
	// Open reads the content of a record. The call is made at the first Read. Close
	// ends it as hosts do: CloseReader on v1.0, cancellation on v1.1.
	Open(ctx context.Context, record Record) io.ReadCloser
	Close(ctx context.Context) error
}

// Exporter drives an exporter.
type Exporter interface {
	Identity(ctx context.Context) (Identity, error)
	// Restore sends entries, sorted by path, in the host's order of calls, and
	// returns the failures by path. An error means that the whole restore ended.
	Restore(ctx context.Context, entries []tree.Entry, open OpenFile, workers int) (map[string]error, error)
	Close(ctx context.Context) error
}

// Attribute is an extended attribute in a snapshot.
type Attribute struct {
	// Pathname of its file, as imported.
	Pathname string
	Name     string
	// Kind is 0 for an ordinary attribute, 1 for an alternate data stream, 2 for a custom one.
	Kind  int32
	Value string
}

// SnapshotExporter is an exporter whose host sends the extended attributes of a
// snapshot, up to its end, with their pathnames in the snapshot: the next Plakar.
type SnapshotExporter interface {
	Exporter
	// RestoreSubtree is like Restore; the attributes follow the entries, if the plugin
	// asks for any.
	RestoreSubtree(ctx context.Context, entries []tree.Entry, attributes []Attribute, open OpenFile) (map[string]error, error)
}

// OpenFile opens the content of a regular file.
type OpenFile func(entry tree.Entry) (io.ReadCloser, error)

// Kind of a storage's resource, by its number on v1.1's wire.
type Kind int32

// The kinds that released hosts use.
const (
	Packfile Kind = 1
	State    Kind = 2
	Lock     Kind = 3
)

// Kinds lists all kinds.
var Kinds = []Kind{Packfile, State, Lock}

func (k Kind) String() string {
	switch k {
	case Packfile:
		return "packfile"
	case State:
		return "state"
	case Lock:
		return "lock"
	}
	return fmt.Sprintf("kind %d", int32(k))
}

// Range is a part of a resource.
type Range struct {
	Offset uint64
	Length uint32
}

// Store drives a storage.
type Store interface {
	// Location returns the location that hosts show: GetLocation on v1.0, Init's answer on v1.1.
	Location(ctx context.Context) (string, error)
	Create(ctx context.Context, config []byte) error
	Open(ctx context.Context) ([]byte, error)
	Mode(ctx context.Context) (int32, error)
	Size(ctx context.Context) (int64, error)
	List(ctx context.Context, kind Kind) ([][]byte, error)
	// Put sends the MAC, then each chunk in its own message. Like Plakar it returns
	// the error of a failed send, so a plugin must read everything before it refuses.
	Put(ctx context.Context, kind Kind, mac []byte, chunks iter.Seq[[]byte]) (int64, error)
	// Get reads a resource, or a range of it: on v1.0 of packfiles only. Closing
	// cancels the call.
	Get(ctx context.Context, kind Kind, mac []byte, part *Range) (io.ReadCloser, error)
	Delete(ctx context.Context, kind Kind, mac []byte) error
	Close(ctx context.Context) error
}

// PluginError is an error status of the plugin, formatted as Plakar shows it.
type PluginError struct {
	Code uint32
	Text string
}

func (e *PluginError) Error() string { return e.Text }

// Chunks splits data as a host does.
func Chunks(data []byte, size int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(size, len(data))
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}
