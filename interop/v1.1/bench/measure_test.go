//go:build unix

package bench

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/baseline"
)

func TestMain(m *testing.M) {
	servingtest.Command(m, func() { serving.Command(baseline.NewServer) })
}

func connectorOf(work string) string {
	switch work {
	case "export", "restore", "mixed":
		return "exporter"
	case "put", "get", "ranges", "merged", "wide", "list":
		return "storage"
	}
	return "importer"
}

func TestEveryWork(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, work := range Works() {
		for _, calls := range []int{1, 8} {
			for _, buffers := range []string{"fresh", "pooled"} {
				job := Job{
					Work: work, Plugin: servingtest.Plugin(t, connectorOf(work)), Count: 20, Size: 1_500_000, Calls: calls, Folder: folder,
					Config: map[string]string{"buffers": buffers},
				}
				switch work {
				case "tree":
					job.Config["disk"], job.Config["location"] = "1", "disk://"+folder
				case "backup", "restore", "mixed":
					job.Config["disk"], job.Config["location"] = "1", "disk://"
				case "list":
					job.Config["sync"], job.Config["location"] = "0", "disk://"
				default:
					job.Folder = ""
				}
				measures, err := Measure(t.Context(), job)
				if err != nil {
					t.Errorf("%s: %v", work, err)
					continue
				}
				want := uint64(20 * 1_500_000)
				switch work {
				case "records", "init", "list":
					want = 0
				case "tree":
					want = 7
				case "ranges", "wide", "mixed":
					want = measures.Bytes
				}
				if measures.Bytes != want {
					t.Errorf("%s: %d bytes, not %d", work, measures.Bytes, want)
				}
				if measures.PeakBytes < 1<<20 || measures.AnswerSeconds <= 0 || measures.ExitSeconds < measures.AnswerSeconds {
					t.Errorf("%s: %+v", work, measures)
				}
			}
		}
	}
}

func TestWhatCameWrongFails(t *testing.T) {
	for _, c := range []struct {
		work, setting, want string
	}{
		{"records", "xattrs", `record 2 is "/f0000000"`},
		{"import", "links", `record 4 is "/l0000000"`},
		{"import", "broken", `record 4 is "/b0000000"`},
	} {
		job := Job{
			Work: c.work, Plugin: servingtest.Plugin(t, "importer"), Count: 3, Size: 10, Calls: 2,
			Config: map[string]string{c.setting: "1"},
		}
		if _, err := Measure(t.Context(), job); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v", c.work, c.setting, err)
		}
	}
}

func TestRemovesItsFolder(t *testing.T) {
	folder := t.TempDir()
	job := Job{
		Work: "list", Plugin: servingtest.Plugin(t, "storage"), Count: 3, Calls: 1, Folder: folder, Config: map[string]string{"location": "disk://"},
	}
	if _, err := Measure(t.Context(), job); err != nil {
		t.Error(err)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) > 0 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

func TestWrongJobsFail(t *testing.T) {
	for want, job := range map[string]Job{
		`there is no work "nap"`:                                  {Work: "nap"},
		"the command of the plugin is missing":                    {Work: "put"},
		"count is 0: 1 or more is needed":                         {Work: "put", Plugin: []string{"x"}},
		"calls is 0: 1 or more is needed":                         {Work: "put", Plugin: []string{"x"}, Count: 1},
		"start /nowhere: fork/exec /nowhere: no such file or dir": {Work: "put", Plugin: []string{"/nowhere"}, Count: 1, Calls: 1},
	} {
		if _, err := Measure(t.Context(), job); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

func TestReadAll(t *testing.T) {
	content := make([]byte, 100)
	synthetic.Fill(content, 7, 0)
	wrong := append([]byte(nil), content...)
	wrong[60]++
	for _, c := range []struct {
		name   string
		chunks [][]byte
		want   string
	}{
		{"whole", [][]byte{content[:50], content[50:]}, ""},
		{"short", [][]byte{content[:50]}, "50 bytes came, not 100"},
		{"wrong", [][]byte{wrong[:50], wrong[50:]}, "wrong bytes came at 50"},
		{"in another order", [][]byte{content[50:], content[:50]}, "wrong bytes came at 0"},
		{"an empty chunk", [][]byte{{}}, host.ErrEmptyChunk.Error()},
	} {
		err := readAll(part{7, 0, 100}, func() ([]byte, error) {
			if len(c.chunks) == 0 {
				return nil, io.EOF
			}
			chunk := c.chunks[0]
			c.chunks = c.chunks[1:]
			return chunk, nil
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	failure := errors.New("broken")
	if err := readAll(part{7, 0, 100}, func() ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
}

func TestMeasureCommand(t *testing.T) {
	if measures, err := MeasureCommand(t.Context(), []string{"true"}); err != nil || measures.ExitSeconds <= 0 {
		t.Errorf("%+v, %v", measures, err)
	}
	if _, err := MeasureCommand(t.Context(), []string{"false"}); err == nil || err.Error() != "false: exit status 1" {
		t.Error(err)
	}
	if _, err := MeasureCommand(t.Context(), nil); err == nil {
		t.Error("no command is no failure")
	}
}
