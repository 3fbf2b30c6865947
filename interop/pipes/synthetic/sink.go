package synthetic

import (
	"fmt"
	"path"
	"strings"
)

// Sink is the target of a restore that keeps nothing: it checks that hosts keep
// the rules of an exporter, and discards the content. Its keys:
//
//	xattrs  "1" asks for extended attributes, "0" (the default) does not
//	exact   "1" fails a file whose size differs from its record, "0" (the
//	        default) accepts it on v1.1, where the record has the size at the scan
type Sink struct {
	// Root is the path part of the location, "/" when there is none.
	Root string
	// Attributes is true if the host is asked for extended attributes.
	Attributes bool
	// Exact is true if the size in a v1.1 record is checked.
	Exact bool
}

// OpenSink reads the configuration.
func OpenSink(config Config) (*Sink, error) {
	location, err := config.Location()
	if err != nil {
		return nil, err
	}
	attributes, err := config.Switch("xattrs")
	if err != nil {
		return nil, err
	}
	exact, err := config.Switch("exact")
	if err != nil {
		return nil, err
	}
	root := PathOf(location)
	if root == "" {
		root = "/"
	}
	return &Sink{Root: root, Attributes: attributes, Exact: exact}, nil
}

// Below removes the root from a pathname of a v1.0 host, which joins the two with
// path.Join. It fails for pathnames that are not below the root.
func (s *Sink) Below(pathname string) (string, error) {
	if pathname == "" {
		return "", fmt.Errorf("the pathname is empty")
	}
	root, clean := path.Clean(s.Root), path.Clean(pathname)
	if clean == root {
		return "/", nil
	}
	switch root {
	case "/":
		root = ""
	case ".":
		// path.Join(".", "/a") is "a".
		root, clean = "", "/"+clean
	}
	below, found := strings.CutPrefix(clean, root+"/")
	if !found || leavesParent(pathname, below) {
		return "", fmt.Errorf("%q is not below the root %q", pathname, s.Root)
	}
	return "/" + below, nil
}

func leavesParent(pathname, below string) bool {
	if strings.ContainsRune(pathname, 0) {
		return true
	}
	return below == ".." || strings.HasPrefix(below, "../") || strings.HasPrefix(below, "/")
}

// Check checks a pathname of a v1.1 host, which is relative to the root.
func (s *Sink) Check(pathname string) error {
	if !strings.HasPrefix(pathname, "/") {
		return fmt.Errorf("%q does not begin with \"/\"", pathname)
	}
	if strings.ContainsRune(pathname, 0) {
		return fmt.Errorf("%q holds a NUL", pathname)
	}
	for part := range strings.SplitSeq(pathname, "/") {
		if part == ".." {
			return fmt.Errorf("%q holds \"..\": it could leave the root", pathname)
		}
	}
	return nil
}

// CheckSize fails unless a file arrived whole.
func CheckSize(pathname string, expected, received uint64) error {
	if expected == received {
		return nil
	}
	return fmt.Errorf("%q has %d bytes, but %d came", pathname, expected, received)
}
