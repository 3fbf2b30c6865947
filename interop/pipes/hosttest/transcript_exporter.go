//go:build unix

package hosttest

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/tree"
)

// followExporter makes Plakar's calls and checks the disk.
func (s *Suite) followExporter(t *testing.T) {
	ctx := bounded(t)
	root := tempDir(t)
	was, top := "/srv/o11", root
	if s.Name == "v1.0" {
		was, top = "/srv/o10", filepath.Join(root, "ds")
	}
	session := s.start(t, "exporter", pipes.Pipes)
	model := newRestored(top)
	for i, call := range s.transcript(t, "restore-exporter", at(was, root)) {
		answers, err := session.Call(ctx, call.method, call.requests)
		if err != nil {
			t.Fatalf("call %d, %s %.300s: %v", i, call.method, call.requests[0], err)
		}
		for _, text := range answers {
			var answer struct{ Result struct{ Error string } }
			check(t, "parse", json.Unmarshal(text, &answer))
			if answer.Result.Error != "" {
				t.Errorf("%.300s", text)
			}
		}
		for _, text := range call.requests {
			var said exporterMessage
			check(t, "parse", json.Unmarshal(text, &said))
			model.take(call.method[strings.LastIndex(call.method, "/")+1:], said)
		}
	}
	if len(model.entries) < 10 {
		t.Errorf("only %d entries", len(model.entries))
	}
	for _, difference := range tree.Diff(model.list(), readTree(t, top), tree.Compare{TimeWithin: time.Microsecond, SkipTop: s.Name == "v1.0"}) {
		t.Error(difference)
	}
}

type wireInfo struct {
	Mode     uint32
	ModTime  time.Time
	Dev, Ino uint64 `json:",string"`
}

// exporterMessage has the fields of all requests of both generations.
type exporterMessage struct {
	Pathname string
	FileInfo wireInfo
	Oldname  string
	Newname  string
	Ltype    int
	Header   *struct{ Pathname string }
	Data     *struct{ Chunk []byte }
	Record   *struct {
		Pathname, Target string
		FileInfo         wireInfo
		HasReader        bool
	}
	Chunk []byte
}

// restored models the tree that the calls so far must have made.
type restored struct {
	top     string
	entries map[string]*tree.Entry
	content map[string][]byte
	file    string
	inode   uint64
}

func newRestored(top string) *restored {
	return &restored{top: top, entries: make(map[string]*tree.Entry), content: make(map[string][]byte)}
}

func (r *restored) entry(path string) *tree.Entry {
	path = "/" + strings.TrimPrefix(strings.TrimPrefix(path, r.top), "/")
	if r.entries[path] == nil {
		r.inode++
		r.entries[path] = &tree.Entry{Path: path, Info: tree.Info{Ino: r.inode}}
	}
	return r.entries[path]
}

func (r *restored) take(rpc string, said exporterMessage) {
	switch {
	case rpc == "CreateDirectory":
		r.entry(said.Pathname).Info.Mode |= fs.ModeDir
	case rpc == "SetPermissions":
		r.setInfo(r.entry(said.Pathname), said.FileInfo)
	case rpc == "CreateLink" && said.Ltype == 1:
		r.entry(said.Newname).Target = said.Oldname
	case rpc == "CreateLink":
		old := r.entry(said.Oldname)
		made := r.entry(said.Newname)
		path := made.Path
		*made = *old
		made.Path = path
		r.content[path] = r.content[old.Path]
	case said.Header != nil:
		r.file = r.entry(said.Header.Pathname).Path
		r.content[r.file] = []byte{}
	case said.Data != nil:
		r.content[r.file] = append(r.content[r.file], said.Data.Chunk...)
	case said.Record != nil:
		entry := r.entry(said.Record.Pathname)
		entry.Target = said.Record.Target
		r.setInfo(entry, said.Record.FileInfo)
		// Equal dev and ino are names of one file.
		entry.Info.Ino = said.Record.FileInfo.Ino
		if r.file = ""; said.Record.HasReader {
			r.file = entry.Path
			r.content[r.file] = []byte{}
		}
	case rpc == "Export":
		r.content[r.file] = append(r.content[r.file], said.Chunk...)
	}
}

func (r *restored) setInfo(entry *tree.Entry, info wireInfo) {
	entry.Info.Mode = fs.FileMode(info.Mode)
	entry.Info.ModTime = info.ModTime
	// The host's files belong to root.
	if os.Geteuid() != 0 {
		entry.Info.UID, entry.Info.GID = uint64(os.Getuid()), uint64(os.Getgid())
	}
}

func (r *restored) list() []tree.Entry {
	var entries []tree.Entry
	for path, entry := range r.entries {
		if content, isFile := r.content[path]; isFile {
			entry.Info.Size = int64(len(content))
			entry.Sum, _, _ = tree.Sum(newReader(content))
		} else if entry.Target != "" {
			entry.Info.Size = int64(len(entry.Target))
		}
		entries = append(entries, *entry)
	}
	return entries
}
