//go:build unix

package host

import (
	"errors"
	"io"
)

// ErrEmptyChunk is reported as "unexpected response" by hosts.
var ErrEmptyChunk = errors.New("the plugin sent an empty chunk")

// Reader reads a stream of chunks. It is not safe for concurrent use.
type Reader struct {
	// Start makes the call at the first Read and returns a function that receives
	// the next chunk.
	Start func() (func() ([]byte, error), error)
	// Unwrap makes errors of the plugin readable.
	Unwrap func(error) error
	// Stop is called by Close; started reports whether the call was made.
	Stop func(started bool) error

	next   func() ([]byte, error)
	rest   []byte
	failed error
}

func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		if r.failed != nil {
			return 0, r.failed
		}
		if r.next == nil {
			if r.next, r.failed = r.Start(); r.failed != nil {
				r.failed = r.Unwrap(r.failed)
				continue
			}
		}
		chunk, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			r.failed = io.EOF
		case err != nil:
			r.failed = r.Unwrap(err)
		case len(chunk) == 0:
			r.failed = ErrEmptyChunk
		}
		r.rest = chunk
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends the call as hosts do.
func (r *Reader) Close() error {
	return r.Stop(r.next != nil)
}
