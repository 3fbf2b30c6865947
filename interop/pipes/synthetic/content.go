package synthetic

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Period is the length of the pattern that all content is cut from: a prime close
// to 64 KiB, so that chunks of a power of two begin at different places, and small
// enough to stay in a processor's cache.
const Period = 65_537

const (
	// stride is the distance in the pattern between the beginnings of two
	// consecutive files.
	stride = 7919
	// prefix is the number of bytes at the beginning that spell the file's number:
	// without it, files whose numbers differ by Period would be equal.
	prefix = 8
)

var pattern = newPattern()

// newPattern makes the pattern: the low byte of each step of xorshift32 (shifts of
// 13, 17 and 5) from 2463534242.
func newPattern() *[Period]byte {
	var bytes [Period]byte
	x := uint32(2_463_534_242)
	for i := range bytes {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		bytes[i] = byte(x)
	}
	return &bytes
}

// Fill writes the content of a file, from an offset on. Byte i of file n is
//
//	byte i of n as a little-endian uint64   for i < 8
//	pattern[(7919*n + i) mod 65537]         for the rest
func Fill(p []byte, file, offset uint64) {
	at := (file%Period*stride + offset%Period) % Period
	for filled := 0; filled < len(p); at = 0 {
		filled += copy(p[filled:], pattern[at:])
	}
	if offset < prefix {
		var number [prefix]byte
		binary.LittleEndian.PutUint64(number[:], file)
		copy(p, number[offset:])
	}
}

// Matches reports whether p is the content of a file from an offset on.
func Matches(p []byte, file, offset uint64) bool {
	if offset < prefix {
		var number [prefix]byte
		binary.LittleEndian.PutUint64(number[:], file)
		n := min(len(p), int(prefix-offset))
		if string(p[:n]) != string(number[offset:][:n]) {
			return false
		}
		p, offset = p[n:], offset+uint64(n)
	}
	at := (file%Period*stride + offset%Period) % Period
	for ; len(p) > 0; at = 0 {
		n := min(len(p), int(Period-at))
		if !bytes.Equal(p[:n], pattern[at:][:n]) {
			return false
		}
		p = p[n:]
	}
	return true
}

// contentReader reads the content of one file.
type contentReader struct {
	file, offset, size uint64
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.offset == r.size {
		return 0, io.EOF
	}
	if left := r.size - r.offset; uint64(len(p)) > left {
		p = p[:left]
	}
	Fill(p, r.file, r.offset)
	r.offset += uint64(len(p))
	return len(p), nil
}

// NewContent reads the first size bytes of a file's content.
func NewContent(file, size uint64) io.Reader {
	return &contentReader{file: file, size: size}
}
