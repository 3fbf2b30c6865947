package synthetic

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func eachStore(t *testing.T, test func(t *testing.T, store Store)) {
	t.Helper()
	for _, name := range []string{"memory", "memory, pooled", "directory"} {
		t.Run(name, func(t *testing.T) {
			config := Config{"location": "mem://one"}
			switch name {
			case "memory, pooled":
				config["buffers"] = "pooled"
			case "directory":
				config["location"] = "gomem://" + filepath.Join(t.TempDir(), "new", "repository")
			}
			location := config["location"]
			store, got, err := OpenStore(config)
			if err != nil || got != location {
				t.Fatal(got, err)
			}
			test(t, store)
		})
	}
}

func mac(fill byte) MAC { return MAC(bytes.Repeat([]byte{fill}, 32)) }

// messages is the stream of a Put; ended is returned after it.
func messages(ended error, of ...PutMessage) (next func() (PutMessage, error), left *int) {
	count := len(of)
	return func() (PutMessage, error) {
		if count == 0 {
			return PutMessage{}, ended
		}
		count--
		return of[len(of)-1-count], nil
	}, &count
}

func put(store Store, kind Kind, mac MAC, content string) (int64, error) {
	next, _ := messages(io.EOF, PutMessage{Kind: int32(kind), MAC: mac[:]}, PutMessage{}, PutMessage{Chunk: []byte(content)})
	return Receive(func() (Store, error) { return store, nil }, next)
}

func read(t *testing.T, store Store, kind Kind, mac MAC) string {
	t.Helper()
	content, err := store.Get(kind, mac)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	got, err := io.ReadAll(Whole(content))
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func create(t *testing.T, store Store) {
	t.Helper()
	if err := store.Create([]byte("configuration")); err != nil {
		t.Fatal(err)
	}
}

func TestRepository(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		if _, err := store.Open(); err == nil || !strings.Contains(err.Error(), "there is no repository in") {
			t.Errorf("open before create: %v", err)
		}
		create(t, store)
		if err := store.Create(nil); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("create again: %v", err)
		}
		if config, err := store.Open(); string(config) != "configuration" || err != nil {
			t.Errorf("open: %q, %v", config, err)
		}
	})
}

func TestResourcesOfEveryKind(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		create(t, store)
		for kind := Packfile; kind <= ECCState; kind++ {
			for i, content := range []string{"hello", "", strings.Repeat("x", 3_000_000)} {
				name := mac(byte(i))
				if n, err := put(store, kind, name, content); n != int64(len(content)) || err != nil {
					t.Fatal(n, err)
				}
				if got := read(t, store, kind, name); got != content {
					t.Errorf("%s: %d bytes came back of %d", kind, len(got), len(content))
				}
			}
			if macs, err := store.List(kind); len(macs) != 3 || err != nil {
				t.Errorf("%s: %d listed, %v", kind, len(macs), err)
			}
			if kind < ECCState {
				if macs, _ := store.List(kind + 1); len(macs) != 0 {
					t.Errorf("%ss are %ss too", kind, kind+1)
				}
			}
		}
		if size, err := store.Size(); size != 5*3_000_005 || err != nil {
			t.Errorf("size %d, %v", size, err)
		}
		if _, err := put(store, Lock, mac(0), "replaced"); err != nil || read(t, store, Lock, mac(0)) != "replaced" {
			t.Errorf("not replaced: %v", err)
		}
		if size, _ := store.Size(); size != 5*3_000_005+3 {
			t.Errorf("size %d after a replacement", size)
		}
		if err := store.Delete(Lock, mac(0)); err != nil {
			t.Error(err)
		}
		if size, _ := store.Size(); size != 5*3_000_005-5 {
			t.Errorf("size %d after a deletion", size)
		}
		want := "there is no lock " + strings.Repeat("00", 32)
		if _, err := store.Get(Lock, mac(0)); err == nil || err.Error() != want {
			t.Errorf("get: %v", err)
		}
		if err := store.Delete(Lock, mac(0)); err == nil || err.Error() != want {
			t.Errorf("delete: %v", err)
		}
	})
}

func TestSectionsAreCutAtTheEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		create(t, store)
		if _, err := put(store, Packfile, mac(1), "0123456789"); err != nil {
			t.Fatal(err)
		}
		content, err := store.Get(Packfile, mac(1))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = content.Close() }()
		for _, c := range []struct {
			offset uint64
			length uint32
			want   string
		}{
			{0, 10, "0123456789"}, {3, 4, "3456"}, {8, 10, "89"}, {10, 1, ""}, {99, 1, ""}, {2, 0, ""},
			{0, 1<<32 - 1, "0123456789"}, {1<<64 - 1, 1<<32 - 1, ""}, {1<<63 - 1, 5, ""}, {1 << 63, 5, ""},
		} {
			got, err := io.ReadAll(Section(content, c.offset, c.length))
			if string(got) != c.want || err != nil {
				t.Errorf("%d+%d is %q, %v", c.offset, c.length, got, err)
			}
		}
	})
}

func TestReadersKeepWhatTheyOpened(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		create(t, store)
		if _, err := put(store, State, mac(1), "before"); err != nil {
			t.Fatal(err)
		}
		content, err := store.Get(State, mac(1))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = content.Close() }()
		if _, err := put(store, State, mac(1), "afterwards"); err != nil {
			t.Fatal(err)
		}
		if err := store.Delete(State, mac(1)); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(Whole(content)); string(got) != "before" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestWritersOfOneResourceDoNotMix(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		create(t, store)
		var writers sync.WaitGroup
		for i := range 20 {
			writers.Go(func() {
				if _, err := put(store, Packfile, mac(1), strings.Repeat(string(rune('a'+i)), 100_000)); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		if got := read(t, store, Packfile, mac(1)); got != strings.Repeat(got[:1], 100_000) {
			t.Error("two writers are mixed")
		}
	})
}

func TestReceiveKeepsNothingOfWhatFails(t *testing.T) {
	first := PutMessage{Kind: int32(State), MAC: bytes.Repeat([]byte{1}, 32), Chunk: []byte("x")}
	data, other := PutMessage{Chunk: []byte("y")}, PutMessage{MAC: bytes.Repeat([]byte{2}, 32)}
	cut := errors.New("the host cancelled the call")
	eachStore(t, func(t *testing.T, store Store) {
		create(t, store)
		for _, c := range []struct {
			of    []PutMessage
			ended error
			want  string
		}{
			{[]PutMessage{first, data}, cut, cut.Error()},
			{nil, cut, cut.Error()},
			{nil, io.EOF, "the stream ended before its first message"},
			{[]PutMessage{first, other, data, data}, io.EOF, "another MAC came within the data of state 0101"},
			{[]PutMessage{{Kind: 2, MAC: []byte("short")}, data, data}, io.EOF, "a MAC has 32 bytes, not 5"},
			{[]PutMessage{{Kind: 2}, data}, io.EOF, "a MAC has 32 bytes, not 0"},
			{[]PutMessage{{Kind: 6, MAC: first.MAC}, data}, io.EOF, "there is no storage resource of type 6"},
			{[]PutMessage{{Kind: 0, MAC: first.MAC}, data}, io.EOF, "there is no storage resource of type 0"},
			{[]PutMessage{{Kind: -1, MAC: first.MAC}, data}, io.EOF, "there is no storage resource of type -1"},
		} {
			next, left := messages(c.ended, c.of...)
			_, err := Receive(func() (Store, error) { return store, nil }, next)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if *left != 0 {
				t.Errorf("%v was answered before the host had sent everything", err)
			}
		}
		next, left := messages(io.EOF, first, data)
		if _, err := Receive(func() (Store, error) { return nil, errors.New("no Init") }, next); err == nil || *left != 0 {
			t.Errorf("%v with %d messages left", err, *left)
		}
		if macs, _ := store.List(State); len(macs) != 0 {
			t.Errorf("%d are kept", len(macs))
		}
		// The same MAC may be repeated.
		next, _ = messages(io.EOF, first, PutMessage{MAC: first.MAC, Chunk: []byte("z")})
		if n, err := Receive(func() (Store, error) { return store, nil }, next); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestDirectoryIsSharedAndClean(t *testing.T) {
	root := t.TempDir()
	one, two := &directoryStore{root: root}, &directoryStore{root: root}
	create(t, one)
	if config, err := two.Open(); string(config) != "configuration" || err != nil {
		t.Errorf("%q, %v", config, err)
	}
	upload, err := one.Put(State, mac(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if macs, err := two.List(State); len(macs) != 0 || err != nil {
		t.Errorf("a half-written resource is listed: %v, %v", macs, err)
	}
	if err := upload.Commit(); err != nil {
		t.Fatal(err)
	}
	upload.Discard()
	if macs, err := two.List(State); len(macs) != 1 || err != nil {
		t.Errorf("%v, %v", macs, err)
	}
	upload, err = one.Put(State, mac(2))
	if err != nil {
		t.Fatal(err)
	}
	upload.Discard()
	if left, err := os.ReadDir(filepath.Join(root, "tmp")); len(left) != 0 || err != nil {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := os.WriteFile(filepath.Join(root, "state", "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if macs, _ := two.List(State); len(macs) != 1 {
		t.Errorf("a file that is no resource is listed: %v", macs)
	}
	if err := (&directoryStore{root: filepath.Join(root, "state")}).Create(nil); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("created where something is: %v", err)
	}
	if _, err := (&directoryStore{root: filepath.Join(root, "none")}).Put(State, mac(1)); err == nil || !strings.Contains(err.Error(), "there is no repository") {
		t.Errorf("put without a repository: %v", err)
	}
}

func TestSessionIsOpenedOnce(t *testing.T) {
	var session Session[int]
	if _, err := session.Get("Open"); err == nil || err.Error() != "Open was called before Init" {
		t.Error(err)
	}
	if _, err := session.Init(func() (int, error) { return 0, errors.New("not yet") }); err == nil {
		t.Error("a failure is lost")
	}
	if value, err := session.Init(func() (int, error) { return 7, nil }); value != 7 || err != nil {
		t.Error(value, err)
	}
	if _, err := session.Init(func() (int, error) { return 8, nil }); err == nil {
		t.Error("Init can be called twice")
	}
	if value, err := session.Get("Open"); value != 7 || err != nil {
		t.Error(value, err)
	}
}
