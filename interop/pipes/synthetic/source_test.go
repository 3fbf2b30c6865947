package synthetic

import (
	"bytes"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func openSource(t *testing.T, config Config) *Source {
	t.Helper()
	source, err := OpenSource(config.With(map[string]string{"location": "gosynth:///"}))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestScanIsCompleteAndRepeatable(t *testing.T) {
	source := openSource(t, Config{"files": "2", "size": "10", "xattrs": "1", "links": "1", "broken": "1", "unreadable": "1"})
	want := []string{
		"/ /", "/f0000000 f0000000", "/f0000000@user.synthetic0", "/f0000001 f0000001", "/f0000001@user.synthetic0",
		"/u0000000 u0000000", "/l0000000 l0000000 -> f0000000", "/b0000000 failed",
	}
	for range 2 {
		var got []string
		inodes := map[uint64]bool{}
		for entry := range source.Entries() {
			text := entry.Pathname
			switch {
			case entry.Err != "":
				text += " failed"
			case entry.Attribute != "":
				text += "@" + entry.Attribute
			default:
				text += " " + entry.Name
				if entry.Target != "" {
					text += " -> " + entry.Target
				}
			}
			got = append(got, text)
			if inodes[entry.Inode] {
				t.Errorf("%s shares its inode", text)
			}
			inodes[entry.Inode] = true
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestScanCanBeLeft(t *testing.T) {
	source := openSource(t, Config{"files": "1000000000", "xattrs": "3"})
	seen := 0
	for entry := range source.Entries() {
		if seen == 0 && entry.Mode != fs.ModeDir|0o755 {
			t.Errorf("the root has mode %v", entry.Mode)
		}
		if seen++; seen == 4 {
			break
		}
	}
	if seen != 4 {
		t.Errorf("%d entries", seen)
	}
}

func TestOpenGivesContent(t *testing.T) {
	source := openSource(t, Config{"files": "12345679", "size": "100", "xattrs": "2", "unreadable": "1", "links": "1"})
	for pathname, number := range map[string]uint64{"/f0000000": 0, "/f0000007": 7, "/f9999999": 9_999_999, "/f12345678": 12_345_678} {
		reader, err := source.Open(pathname, "")
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(reader)
		want := make([]byte, 100)
		Fill(want, number, 0)
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not file %d", pathname, number)
		}
	}
	reader, err := source.Open("/f0000003", "user.synthetic1")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(reader); string(got) != "user.synthetic1 of /f0000003" {
		t.Errorf("the attribute is %q", got)
	}
	reader, err = source.Open("/u0000000", "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(reader); len(got) != 50 || err == nil || !strings.Contains(err.Error(), "/u0000000") {
		t.Errorf("%d bytes, then %v", len(got), err)
	}
}

func TestOpenNamesWhatIsNotThere(t *testing.T) {
	source := openSource(t, Config{"files": "2", "xattrs": "1", "links": "1", "broken": "1"})
	for _, pathname := range []string{"", "/", "f0000000", "/f", "/f0", "/f00000000", "/f0000002", "/f-000001", "/l0000000", "/b0000000", "/u0000000", "/x0000000"} {
		if _, err := source.Open(pathname, ""); err == nil || !strings.Contains(err.Error(), "open "+pathname+":") {
			t.Errorf("open %q: %v", pathname, err)
		}
	}
	for _, attribute := range []string{"user.synthetic1", "user.synthetic00", "user.synthetic", "x"} {
		if _, err := source.Open("/f0000000", attribute); err == nil || !strings.Contains(err.Error(), attribute) {
			t.Errorf("attribute %q: %v", attribute, err)
		}
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for _, config := range []Config{{"files": "x"}, {"files": "-1"}, {"size": "1.5"}, {"size": ""}, {"xattrs": "1001"}, {"buffers": "x"}} {
		if _, err := OpenSource(config.With(map[string]string{"location": "x://"})); err == nil {
			t.Errorf("%v is taken", config)
		}
	}
	if _, err := OpenSource(Config{}); err == nil || err.Error() != "the configuration has no location" {
		t.Errorf("no location: %v", err)
	}
	defaults, err := ParseArgs([]string{"files=1", "size=2=3"})
	if err != nil || defaults["files"] != "1" || defaults["size"] != "2=3" {
		t.Errorf("%v, %v", defaults, err)
	}
	if merged := defaults.With(map[string]string{"files": "4"}); merged["files"] != "4" || defaults["files"] != "1" {
		t.Errorf("the host's setting does not win: %v, %v", merged, defaults)
	}
	for _, arg := range []string{"files", "=1", ""} {
		if _, err := ParseArgs([]string{arg}); err == nil {
			t.Errorf("%q is taken", arg)
		}
	}
}
