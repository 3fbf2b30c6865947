package synthetic

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Limits of the settings. Seven digits name a file; more make longer names.
const (
	highestCount = 1_000_000_000
	highestSize  = 1 << 50
)

// ModTime is the modification time of every entry, in seconds since 1970.
const ModTime = 1_700_000_000

var changed = time.Unix(ModTime, 0)

// Source is a directory of synthetic files, configured by these keys:
//
//	files       regular files /f0000000, /f0000001 ...                     (3)
//	size        bytes of each                                              (1024)
//	xattrs      extended attributes of each file                           (0)
//	links       symbolic links /l0000000 ... to the file of that number    (0)
//	broken      entries /b0000000 ... that cannot be scanned              (0)
//	unreadable  files /u0000000 ... whose content breaks off half-way      (0)
//	buffers     "fresh" or "pooled": see Config.Buffers                    ("fresh")
type Source struct {
	files, size, xattrs, links, broken, unreadable uint64
	Buffers                                        Buffers
	// WithoutAttributes omits extended attributes, for the user or the generation.
	WithoutAttributes bool
}

// OpenSource reads the configuration.
func OpenSource(config Config) (*Source, error) {
	s := &Source{}
	if _, err := config.Location(); err != nil {
		return nil, err
	}
	for _, number := range []struct {
		key              string
		value            *uint64
		without, highest uint64
	}{
		{"files", &s.files, 3, highestCount},
		{"size", &s.size, 1024, highestSize},
		{"xattrs", &s.xattrs, 0, 1000},
		{"links", &s.links, 0, highestCount},
		{"broken", &s.broken, 0, highestCount},
		{"unreadable", &s.unreadable, 0, highestCount},
	} {
		value, err := config.Number(number.key, number.without, number.highest)
		if err != nil {
			return nil, err
		}
		*number.value = value
	}
	var err error
	s.Buffers, err = config.Buffers()
	return s, err
}

// Entry is one record of a scan.
type Entry struct {
	Pathname string
	// Name is the last component, "/" for the root.
	Name string
	Mode fs.FileMode
	Size uint64
	// Inode is unique to each entry.
	Inode uint64
	// Changed is the modification time; synthetic entries have no other times.
	Changed time.Time
	// Owner and Group are numbers. Their names are empty if they have none.
	Owner, Group         uint32
	OwnerName, GroupName string
	// Target is where a symbolic link leads.
	Target string
	// Attributes are names of extended attributes; each comes as an entry of its own, too.
	Attributes []string
	// Attribute is the name if this entry is an extended attribute of Pathname.
	Attribute string
	// Err is the reason that the entry could not be scanned; other fields are empty then.
	Err string
}

// HasAttributes reports whether a scan has extended attributes for hosts that know
// them.
func (s *Source) HasAttributes() bool { return s.xattrs > 0 && s.files > 0 }

// Entries yields the same entries in every scan and keeps nothing about them.
func (s *Source) Entries() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		inode := uint64(1)
		emit := func(entry *Entry) bool {
			entry.Inode, entry.Changed = inode, changed
			entry.OwnerName, entry.GroupName = "root", "root"
			inode++
			return yield(entry)
		}
		if !emit(&Entry{Pathname: "/", Name: "/", Mode: fs.ModeDir | 0o755}) {
			return
		}
		names := s.attributeNames()
		for n := range s.files {
			file := &Entry{Mode: 0o644, Size: s.size, Attributes: names}
			file.Pathname, file.Name = nameOf('f', n)
			if !emit(file) {
				return
			}
			for _, name := range names {
				if !emit(&Entry{Pathname: file.Pathname, Attribute: name}) {
					return
				}
			}
		}
		for n := range s.unreadable {
			file := &Entry{Mode: 0o644, Size: s.size}
			file.Pathname, file.Name = nameOf('u', n)
			if !emit(file) {
				return
			}
		}
		for n := range s.links {
			link := &Entry{Mode: fs.ModeSymlink | 0o777}
			link.Pathname, link.Name = nameOf('l', n)
			_, link.Target = nameOf('f', n)
			link.Size = uint64(len(link.Target))
			if !emit(link) {
				return
			}
		}
		for n := range s.broken {
			pathname, _ := nameOf('b', n)
			if !emit(&Entry{Pathname: pathname, Err: fmt.Sprintf("scan %s: this entry is broken on purpose", pathname)}) {
				return
			}
		}
	}
}

// Open reads a file's content, or the value of one of its extended attributes
// when attribute is not empty.
func (s *Source) Open(pathname, attribute string) (io.Reader, error) {
	kind, number, ok := parsePathname(pathname)
	switch {
	case ok && kind == 'f' && number < s.files && attribute == "":
		return NewContent(number, s.size), nil
	case ok && kind == 'f' && number < s.files && s.hasAttribute(attribute):
		return strings.NewReader(AttributeValue(pathname, attribute)), nil
	case ok && kind == 'u' && number < s.unreadable && attribute == "":
		broken := fmt.Errorf("read %s: this file breaks off on purpose", pathname)
		return io.MultiReader(NewContent(number, s.size/2), failingReader{broken}), nil
	case attribute != "":
		return nil, fmt.Errorf("open %s: there is no extended attribute %q", pathname, attribute)
	}
	return nil, fmt.Errorf("open %s: no such file", pathname)
}

// AttributeValue returns the value of an extended attribute.
func AttributeValue(pathname, attribute string) string {
	return attribute + " of " + pathname
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func (s *Source) attributeNames() []string {
	if s.WithoutAttributes {
		return nil
	}
	names := make([]string, s.xattrs)
	for i := range names {
		names[i] = "user.synthetic" + strconv.Itoa(i)
	}
	return names
}

func (s *Source) hasAttribute(attribute string) bool {
	text, found := strings.CutPrefix(attribute, "user.synthetic")
	number, err := strconv.ParseUint(text, 10, 64)
	return found && err == nil && number < s.xattrs && strconv.FormatUint(number, 10) == text
}

// FilePathname returns the pathname of the regular file with a number.
func FilePathname(number uint64) string {
	pathname, _ := nameOf('f', number)
	return pathname
}

// FileNumber returns the number of a regular file from its pathname.
func FileNumber(pathname string) (number uint64, ok bool) {
	kind, number, ok := parsePathname(pathname)
	return number, ok && kind == 'f'
}

// nameOf is a cheaper Sprintf("/%c%07d"), for scans of a million entries.
func nameOf(kind byte, number uint64) (pathname, name string) {
	buffer := append(make([]byte, 0, 24), '/', kind)
	for limit := uint64(1_000_000); limit > 1 && number < limit; limit /= 10 {
		buffer = append(buffer, '0')
	}
	pathname = string(strconv.AppendUint(buffer, number, 10))
	return pathname, pathname[1:]
}

func parsePathname(pathname string) (kind byte, number uint64, ok bool) {
	if len(pathname) < 2 || pathname[0] != '/' {
		return 0, 0, false
	}
	number, err := strconv.ParseUint(pathname[2:], 10, 64)
	if err != nil {
		return 0, 0, false
	}
	canonical, _ := nameOf(pathname[1], number)
	return pathname[1], number, canonical == pathname
}
