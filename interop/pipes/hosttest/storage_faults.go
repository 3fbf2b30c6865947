//go:build unix

package hosttest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
)

// codeUnknown is the status code of a Go plugin's own errors.
const codeUnknown = 2

func (s *Suite) missing(t *testing.T) {
	ctx := bounded(t)
	_, store := s.openStore(t, ctx, repositoryDir(t), pipes.Pipes)
	for _, kind := range host.Kinds {
		want := fmt.Sprintf("%s not found: %s", kind, hex.EncodeToString(macOf("none")))
		_, err := get(ctx, store, kind, "none", nil)
		for what, err := range map[string]error{"Get": err, "Delete": store.Delete(ctx, kind, macOf("none"))} {
			var status *host.PluginError
			if !asPluginError(err, &status) || status.Text != want || status.Code != codeUnknown {
				t.Errorf("%s: %#v, not %s", what, err, want)
			}
		}
	}
	if _, err := get(ctx, store, host.Packfile, "none", &host.Range{Length: 10}); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("Get of a range: %v", err)
	}
	put(t, ctx, store, host.State, "s", config, 10)
	mustHold(t, ctx, store, host.State, "s", config, nil)
	check(t, "Close", store.Close(ctx))
}

// wrongMacs tests that the error names the length of a wrong MAC, and does not
// become "EOF" although much data follows.
func (s *Suite) wrongMacs(t *testing.T) {
	ctx := bounded(t)
	_, store := s.openStore(t, ctx, repositoryDir(t), pipes.Pipes)
	data := tree.Bytes("data", 20<<20)
	for _, length := range []int{0, 1, 31, 33, 64} {
		mac := bytes.Repeat([]byte{7}, length)
		for _, kind := range host.Kinds {
			_, putting := store.Put(ctx, kind, mac, host.Chunks(data, host.ChunkSize))
			reader, getting := store.Get(ctx, kind, mac, nil)
			if getting == nil {
				_, getting = reader.Read(make([]byte, 1))
			}
			for what, err := range map[string]error{"Put": putting, "Get": getting, "Delete": store.Delete(ctx, kind, mac)} {
				if err == nil || !strings.Contains(err.Error(), "MAC") || !strings.Contains(err.Error(), fmt.Sprint(length)) ||
					!strings.Contains(err.Error(), what) {
					t.Errorf("%s of a %s with a MAC of %d bytes: %v", what, kind, length, err)
				}
			}
		}
	}
	for _, kind := range host.Kinds {
		mustList(t, ctx, store, kind)
	}
	check(t, "Close", store.Close(ctx))
}

// deleteAfterClose tests the end of a maintenance.
func (s *Suite) deleteAfterClose(t *testing.T) {
	ctx := bounded(t)
	root := repositoryDir(t)
	_, store := s.openStore(t, ctx, root, pipes.Pipes)
	put(t, ctx, store, host.Lock, "lock", config[:124], 24)
	put(t, ctx, store, host.Packfile, "old", config, 100)
	mustList(t, ctx, store, host.Lock, "lock")
	check(t, "Close", store.Close(ctx))
	check(t, "Delete after Close", store.Delete(ctx, host.Packfile, macOf("old")))
	check(t, "Delete after Close", store.Delete(ctx, host.Lock, macOf("lock")))
	_, store = s.openStore(t, ctx, root, pipes.Pipes)
	mustList(t, ctx, store, host.Lock)
	mustList(t, ctx, store, host.Packfile)
}

// halfPut puts half of a resource, calls end when it is on the disk, and stops.
func (s *Suite) halfPut(t *testing.T, ctx context.Context, session *session, store host.Store, root string, end func()) error {
	t.Helper()
	data := tree.Bytes("half", 4<<20)
	_, err := store.Put(ctx, host.Packfile, macOf("half"), func(yield func([]byte) bool) {
		for chunk := range host.Chunks(data[:2<<20], host.ChunkSize) {
			if !yield(chunk) {
				return
			}
		}
		session.eventually("half a packfile is being written", func() bool { return len(unfinished(root)) == 1 })
		end()
	})
	return err
}

// unfinished lists files in a repository that are not resources.
func unfinished(root string) []string {
	var names []string
	for _, folder := range []string{"", "packfiles", "states"} {
		entries, _ := os.ReadDir(filepath.Join(root, folder))
		for _, entry := range entries {
			if !entry.IsDir() && entry.Name() != "CONFIG" {
				names = append(names, entry.Name())
			}
		}
	}
	return names
}

func (s *Suite) vanishInPut(t *testing.T) {
	ctx := bounded(t)
	root := repositoryDir(t)
	session, store := s.openStore(t, ctx, root, pipes.Pipes)
	if err := s.halfPut(t, ctx, session, store, root, session.vanish); err == nil {
		t.Error("half a Put was a success")
	}
	onlyWhole(t, root)
	_, store = s.openStore(t, ctx, root, pipes.Pipes)
	mustList(t, ctx, store, host.Packfile)
}

func (s *Suite) cancelPut(t *testing.T) {
	ctx := bounded(t)
	root := repositoryDir(t)
	session, store := s.openStore(t, ctx, root, pipes.Pipes)
	own, cancel := context.WithCancel(ctx)
	err := s.halfPut(t, own, session, store, root, cancel)
	var status *host.PluginError
	if !errors.As(err, &status) || status.Code != 1 {
		t.Errorf("a cancelled Put: %v", err)
	}
	session.eventually("nothing is left of half a packfile", func() bool { return len(unfinished(root)) == 0 })
	mustList(t, ctx, store, host.Packfile)
	put(t, ctx, store, host.Packfile, "half", config, 100)
	mustHold(t, ctx, store, host.Packfile, "half", config, nil)
	check(t, "Close", store.Close(ctx))
}
