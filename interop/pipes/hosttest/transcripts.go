//go:build unix

package hosttest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kloset.invalid/interop/pipes/tree"
)

// transcriptFolder holds the RPCs of real hosts.
const transcriptFolder = "../../../fixtures/transcripts"

func (s *Suite) transcripts(t *testing.T) {
	pattern := fmt.Sprintf("%s/plakar-%s-*.jsonl", transcriptFolder, s.Release)
	files, err := filepath.Glob(pattern)
	check(t, "glob", err)
	left := make(map[string]bool)
	for _, file := range files {
		left[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "plakar-"+s.Release+"-"), ".jsonl")] = true
	}
	follow := func(names []string, work func(t *testing.T)) {
		t.Run(names[0], work)
		for _, name := range names {
			if !left[name] {
				t.Errorf("there is no transcript %q in %s", name, pattern)
			}
			delete(left, name)
		}
	}
	storage := []string{"create-storage", "backup-storage", "ls-storage", "check-storage", "maintenance-storage"}
	importers := map[string]opens{"backup-importer": opensAll}
	if s.Name == "v1.1" {
		storage = append(storage, "backup-storage-second-process")
		importers["backup-importer-estimate"] = opensNothing
		importers["second-backup-importer"] = opensAttributes
	}
	follow(storage, s.followStorage)
	follow([]string{"restore-exporter"}, s.followExporter)
	for name, which := range importers {
		follow([]string{name}, func(t *testing.T) { s.followImporter(t, name, which) })
	}
	for name := range left {
		t.Errorf("nothing follows the transcript %q", name)
	}
}

// spokenCall is one RPC of a transcript.
type spokenCall struct {
	method   string
	requests [][]byte
	answers  [][]byte
}

// transcript reads the RPCs in the order in which they began. "<N bytes>" becomes
// N bytes; replace is applied to all text.
func (s *Suite) transcript(t *testing.T, name string, replace *strings.Replacer) []*spokenCall {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("%s/plakar-%s-%s.jsonl", transcriptFolder, s.Release, name))
	check(t, "open", err)
	defer func() { _ = file.Close() }()
	var calls []*spokenCall
	byStream := make(map[int]*spokenCall)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 0; lines.Scan(); number++ {
		var line struct {
			Dir, Kind, Path string
			Stream          int
			Message         any
		}
		check(t, "parse", json.Unmarshal([]byte(replace.Replace(lines.Text())), &line))
		call := byStream[line.Stream]
		if line.Dir == "host" && line.Kind == "headers" {
			call = &spokenCall{method: line.Path}
			byStream[line.Stream] = call
			calls = append(calls, call)
		}
		if line.Kind != "message" {
			continue
		}
		message, err := json.Marshal(filled(line.Message, fmt.Sprintf("%s:%d", name, number)))
		check(t, "marshal", err)
		if line.Dir == "host" {
			call.requests = append(call.requests, message)
		} else {
			call.answers = append(call.answers, message)
		}
	}
	check(t, "read", lines.Err())
	return calls
}

// filled replaces "<N bytes>" by bytes.
func filled(value any, seed string) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = filled(inner, seed)
		}
	case []any:
		for i, inner := range value {
			value[i] = filled(inner, seed)
		}
	case string:
		var n int
		if matched, _ := fmt.Sscanf(value, "<%d bytes>", &n); matched == 1 && strings.HasSuffix(value, " bytes>") {
			return base64.StdEncoding.EncodeToString(tree.Bytes(seed, n))
		}
	}
	return value
}

// at replaces the transcript's folder by one of this test.
func at(was, is string) *strings.Replacer {
	return strings.NewReplacer(
		"fixture://"+was, "tsfs://"+is,
		"fixture:"+was, is,
		`"fixture"`, `"tsfs"`,
		was, is,
	)
}
