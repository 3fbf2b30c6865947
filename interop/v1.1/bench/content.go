//go:build unix

package bench

import (
	"errors"
	"fmt"
	"io"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/synthetic"
)

// part is a piece of synthetic content.
type part struct{ file, offset, length uint64 }

// readAll reads chunks to their end and checks that they are exactly that part.
func readAll(wanted part, next func() ([]byte, error)) error {
	var received uint64
	for {
		chunk, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(chunk) == 0 {
			return host.ErrEmptyChunk
		}
		if !synthetic.Matches(chunk, wanted.file, wanted.offset+received) {
			return fmt.Errorf("wrong bytes came at %d", wanted.offset+received)
		}
		received += uint64(len(chunk))
	}
	if received != wanted.length {
		return fmt.Errorf("%d bytes came, not %d", received, wanted.length)
	}
	return nil
}

// contents makes the content to send before the measurement begins.
func contents(count int, size uint64) [][]byte {
	made := make([][]byte, count)
	for n := range made {
		made[n] = make([]byte, size)
		synthetic.Fill(made[n], uint64(n), 0)
	}
	return made
}
