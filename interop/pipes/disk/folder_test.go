//go:build unix

package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pkg/xattr"

	"kloset.invalid/interop/pipes/synthetic"
)

func TestFolder(t *testing.T) {
	root := t.TempDir()
	file, link := filepath.Join(root, "folder", "file"), filepath.Join(root, "link")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("folder/file", link); err != nil {
		t.Fatal(err)
	}
	hasAttributes := true
	if err := xattr.LSet(file, "user.color", []byte("red")); errors.Is(err, syscall.ENOTSUP) {
		hasAttributes = false
	} else if err != nil {
		t.Fatal(err)
	}
	folder, err := OpenFolder(synthetic.Config{"location": "disk://" + root + "/"})
	if err != nil {
		t.Fatal(err)
	}
	var pathnames, attributes []string
	for entry := range folder.Entries() {
		if entry.Attribute != "" {
			attributes = append(attributes, entry.Pathname+" "+entry.Attribute)
			continue
		}
		if entry.Err != "" || entry.Name != filepath.Base(entry.Pathname) || entry.Changed.IsZero() || entry.Inode == 0 {
			t.Errorf("%+v", entry)
		}
		if entry.Pathname == link && entry.Target != "folder/file" {
			t.Errorf("%+v", entry)
		}
		pathnames = append(pathnames, entry.Pathname)
	}
	want := append(parentsOf(root), root, filepath.Dir(file), file, link)
	if !slices.Equal(pathnames, want) {
		t.Errorf("%q, not %q", pathnames, want)
	}
	if hasAttributes {
		if want := []string{file + " user.color"}; !slices.Equal(attributes, want) {
			t.Errorf("%q, not %q", attributes, want)
		}
		value, err := folder.Open(file, "user.color")
		if err != nil {
			t.Fatal(err)
		}
		if bytes, err := io.ReadAll(value); string(bytes) != "red" || err != nil {
			t.Errorf("%q, %v", bytes, err)
		}
	}
	content, err := folder.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	if bytes, err := io.ReadAll(content); string(bytes) != "content" || err != nil {
		t.Errorf("%q, %v", bytes, err)
	}
	folder.WithoutAttributes = true
	for entry := range folder.Entries() {
		if entry.Attribute != "" || len(entry.Attributes) > 0 {
			t.Errorf("%+v", entry)
		}
	}
	if _, err := folder.Open("/elsewhere", ""); err == nil || err.Error() != "open /elsewhere: no such file" {
		t.Error(err)
	}
}

func TestFolderNeedsAPath(t *testing.T) {
	if _, err := OpenFolder(synthetic.Config{"location": "disk://here"}); err == nil || !strings.Contains(err.Error(), `"disk://here"`) {
		t.Error(err)
	}
}
