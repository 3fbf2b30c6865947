package synthetic

import (
	"bytes"
	"encoding/hex"
	"io"
	"testing"
)

// byteAt is the function of content as it is documented, one byte at a time.
func byteAt(file, offset uint64) byte {
	if offset < 8 {
		return byte(file >> (8 * offset))
	}
	return pattern[(7919*file+offset)%65537]
}

func TestPatternIsPinned(t *testing.T) {
	// From another implementation of xorshift32: hosts may check bytes with their own.
	if got := hex.EncodeToString(pattern[:8]); got != "637aa07ee1eaf23d" {
		t.Errorf("the pattern begins with %s", got)
	}
	seen := map[byte]int{}
	for _, b := range pattern {
		seen[b]++
	}
	for b := range 256 {
		if seen[byte(b)] < Period/512 {
			t.Errorf("byte %d comes %d times", b, seen[byte(b)])
		}
	}
}

func TestFillIsTheDocumentedFunction(t *testing.T) {
	for _, file := range []uint64{0, 1, 8, 65536, 65537, 65538, 9_999_999, 1 << 40} {
		for _, offset := range []uint64{0, 1, 7, 8, 9, 57_617, 57_618, 65_530, 65_537, 1 << 20, 1<<33 + 5} {
			for _, length := range []int{0, 1, 7, 9, 65_537, 200_000} {
				got := make([]byte, length)
				Fill(got, file, offset)
				for i := range got {
					// 7919*file would overflow nothing here: 2^40 * 7919 < 2^53.
					if want := byteAt(file, offset+uint64(i)); got[i] != want {
						t.Fatalf("byte %d of file %d is %d, not %d (filled from %d)", offset+uint64(i), file, got[i], want, offset)
					}
				}
			}
		}
	}
}

func TestFilesThatSharePatternDiffer(t *testing.T) {
	one, other := make([]byte, 100), make([]byte, 100)
	Fill(one, 3, 0)
	Fill(other, 3+Period, 0)
	if bytes.Equal(one, other) {
		t.Error("two files are equal")
	}
	if !bytes.Equal(one[8:], other[8:]) {
		t.Error("the pattern has another period than it says")
	}
}

func TestContentEndsWhereItShould(t *testing.T) {
	for _, size := range []uint64{0, 1, 8, 65_537, 3<<20 + 1} {
		got, err := io.ReadAll(NewContent(5, size))
		if err != nil || uint64(len(got)) != size {
			t.Fatalf("%d bytes of %d, %v", len(got), size, err)
		}
		want := make([]byte, size)
		Fill(want, 5, 0)
		if !bytes.Equal(got, want) {
			t.Errorf("the content of %d bytes, read in parts, differs", size)
		}
	}
}

func TestBuffersSendNoEmptyChunk(t *testing.T) {
	for _, setting := range []string{"fresh", "pooled"} {
		buffers, err := Config{"buffers": setting}.Buffers()
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []uint64{0, 1, ChunkSize, 2*ChunkSize + 1} {
			var got []byte
			err := buffers.Send(NewContent(1, size), func(chunk []byte) error {
				if len(chunk) == 0 || len(chunk) > ChunkSize {
					t.Errorf("a chunk of %d bytes", len(chunk))
				}
				got = append(got, chunk...)
				return nil
			})
			want := make([]byte, size)
			Fill(want, 1, 0)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes came of %d, %v", setting, len(got), size, err)
			}
		}
	}
	if _, err := (Config{"buffers": "many"}).Buffers(); err == nil {
		t.Error("an unknown setting is taken")
	}
}

func TestMatches(t *testing.T) {
	content := make([]byte, 3*Period)
	for _, file := range []uint64{0, 1, Period, 1 << 40} {
		Fill(content, file, 0)
		for _, offset := range []int{0, 3, 8, Period - 1, Period, 2*Period + 5} {
			part := bytes.Clone(content[offset:])
			if !Matches(part, file, uint64(offset)) {
				t.Errorf("file %d from %d on does not match itself", file, offset)
			}
			for _, at := range []int{0, 1, 7, 8, len(part) / 2, len(part) - 1} {
				part[at]++
				if Matches(part, file, uint64(offset)) {
					t.Errorf("file %d from %d on matches with another byte at %d", file, offset, at)
				}
				part[at]--
			}
		}
	}
}

func TestFileNumber(t *testing.T) {
	for _, number := range []uint64{0, 1, 9_999_999, 10_000_000} {
		if got, ok := FileNumber(FilePathname(number)); got != number || !ok {
			t.Errorf("%d, %t: not %d", got, ok, number)
		}
	}
	for _, pathname := range []string{"", "/", "/f1", "/l0000001", "f0000001", "/f0000001/"} {
		if number, ok := FileNumber(pathname); ok {
			t.Errorf("%q is file %d", pathname, number)
		}
	}
}
