//go:build unix

package hosttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kloset.invalid/interop/pipes"
)

// followStorage makes Plakar's calls, process by process, and checks the answers
// against the resources that were put.
func (s *Suite) followStorage(t *testing.T) {
	ctx := bounded(t)
	root := filepath.Join(repositoryDir(t), "repository")
	t.Cleanup(func() { onlyWhole(t, root) })
	replace := at(map[string]string{"v1.0": "/srv/r10s", "v1.1": "/srv/r11s"}[s.Name], root)
	kept := keptResources{}
	s.followProcess(t, ctx, "create-storage", replace, kept)

	second := make(chan struct{})
	go func() {
		defer close(second)
		if s.Name != "v1.1" {
			return
		}
		// It fills a cache in the background; its listings depend on the moment.
		session := s.start(t, "storage", pipes.Pipes)
		for _, call := range s.transcript(t, "backup-storage-second-process", replace) {
			if _, err := session.Call(ctx, call.method, call.requests); err != nil {
				t.Errorf("second process: %s: %v", call.method, err)
			}
		}
		session.leave()
	}()
	s.followProcess(t, ctx, "backup-storage", replace, kept)
	<-second
	for _, name := range []string{"ls-storage", "check-storage", "maintenance-storage"} {
		s.followProcess(t, ctx, name, replace, kept)
	}
}

func (s *Suite) followProcess(t *testing.T, ctx context.Context, name string, replace *strings.Replacer, kept keptResources) {
	t.Helper()
	session := s.start(t, "storage", pipes.Pipes)
	for i, call := range s.transcript(t, name, replace) {
		answers, err := session.Call(ctx, call.method, call.requests)
		if err == nil {
			err = kept.hold(call, answers)
		}
		if err != nil {
			t.Fatalf("%s, call %d, %s: %v", name, i, call.method, err)
		}
	}
	session.leave()
}

// storeMessage has the fields of all messages of both generations.
type storeMessage struct {
	Mac    json.RawMessage
	Macs   []json.RawMessage
	Type   string
	Chunk  []byte
	Config []byte
	Mode   int
	Offset uint64 `json:",string"`
	Length uint32
	Range  *struct {
		Offset uint64 `json:",string"`
		Length uint32
	}
	BytesWritten string
	Location     string
	Root         string
}

// keptResources holds the resources by kind and MAC, and the configuration under
// "".
type keptResources map[string][]byte

func (k keptResources) hold(call *spokenCall, answers [][]byte) error {
	if strings.HasSuffix(call.method, "/Init") {
		return nil
	}
	requests, err := parseAll(call.requests)
	if err != nil {
		return err
	}
	got, err := parseAll(answers)
	if err != nil {
		return err
	}
	said, err := parseAll(call.answers)
	if err != nil {
		return err
	}
	first := requests[0]
	rpc := call.method[strings.LastIndex(call.method, "/")+1:]
	kind, key := kindOf(rpc, first.Type), ""
	if first.Mac != nil {
		key = kind + string(first.Mac)
	}
	switch {
	case rpc == "Create":
		k[""] = first.Config
	case rpc == "Open":
		if !bytes.Equal(got[0].Config, k[""]) {
			return fmt.Errorf("a configuration of %d bytes, not that of Create", len(got[0].Config))
		}
	case strings.HasPrefix(rpc, "Put"):
		k[key] = chunksOf(requests)
		if got[0].BytesWritten != said[0].BytesWritten || got[0].BytesWritten != strconv.Itoa(len(k[key])) {
			return fmt.Errorf("%s bytes written, not %s", got[0].BytesWritten, said[0].BytesWritten)
		}
	case strings.HasPrefix(rpc, "Delete"):
		delete(k, key)
	case rpc == "List", rpc == "GetStates", rpc == "GetPackfiles", rpc == "GetLocks":
		if was, is := macsOf(said), macsOf(got); !slices.Equal(was, is) {
			return fmt.Errorf("%s, not %s", is, was)
		}
	case rpc == "GetMode", rpc == "Mode":
		if got[0].Mode != said[0].Mode {
			return fmt.Errorf("mode %d, not %d", got[0].Mode, said[0].Mode)
		}
	case rpc == "GetLocation":
		if got[0].Location != said[0].Location || got[0].Location == "" {
			return fmt.Errorf("location %q, not %q", got[0].Location, said[0].Location)
		}
	case strings.HasPrefix(rpc, "Get"):
		want, known := k[key]
		if !known {
			return fmt.Errorf("the transcript reads %s, which was not put", key)
		}
		if rpc == "GetPackfileBlob" {
			want = want[first.Offset : first.Offset+uint64(first.Length)]
		} else if first.Range != nil {
			want = want[first.Range.Offset : first.Range.Offset+uint64(first.Range.Length)]
		}
		if is := chunksOf(got); !bytes.Equal(is, want) || len(is) != len(chunksOf(said)) {
			return fmt.Errorf("%d bytes, not the %d that were put; Plakar got %d", len(is), len(want), len(chunksOf(said)))
		}
	}
	return nil
}

// kindOf returns the kind: a part of the method's name on v1.0, a field on v1.1.
func kindOf(rpc, field string) string {
	if field != "" {
		return strings.ToLower(strings.TrimPrefix(field, "STORAGE_RESOURCE_"))
	}
	kind := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(rpc, "Put"), "Get"), "Delete"))
	return strings.TrimSuffix(kind, "blob")
}

func parseAll(texts [][]byte) ([]storeMessage, error) {
	messages := make([]storeMessage, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal(text, &messages[i]); err != nil {
			return nil, fmt.Errorf("%.200s: %w", text, err)
		}
	}
	return messages, nil
}

func chunksOf(messages []storeMessage) []byte {
	var data []byte
	for _, message := range messages {
		data = append(data, message.Chunk...)
	}
	return data
}

// macsOf returns the MACs of a listing, sorted; white space in the JSON is
// ignored.
func macsOf(messages []storeMessage) []string {
	var macs []string
	for _, mac := range messages[0].Macs {
		var compact bytes.Buffer
		_ = json.Compact(&compact, mac)
		macs = append(macs, compact.String())
	}
	slices.Sort(macs)
	return macs
}
