package synthetic

import (
	"fmt"
	"io"
	"sync"
)

// ChunkSize is the content of one message: hosts accept 4 MiB, and Plakar's own
// SDK sends 1 MiB.
const ChunkSize = 1 << 20

// Buffers hands out buffers of ChunkSize.
type Buffers struct {
	pool *sync.Pool
}

// Buffers reads the key `buffers`. "fresh" (the default) allocates one for every
// call, as Plakar's Go SDK does; "pooled" reuses them, as a tuned plugin would.
func (c Config) Buffers() (Buffers, error) {
	switch value, found := c["buffers"]; {
	case !found, value == "fresh":
		return Buffers{}, nil
	case value == "pooled":
		return Buffers{pool: &sync.Pool{New: func() any { return new([ChunkSize]byte) }}}, nil
	default:
		return Buffers{}, fmt.Errorf("buffers is %q: \"fresh\" or \"pooled\" is needed", value)
	}
}

// Send reads everything and sends it in chunks that are never empty: hosts fail on
// empty ones. send must not keep a chunk after it returns.
func (b Buffers) Send(content io.Reader, send func(chunk []byte) error) error {
	var buffer []byte
	if b.pool == nil {
		buffer = make([]byte, ChunkSize)
	} else {
		pooled := b.pool.Get().(*[ChunkSize]byte)
		defer b.pool.Put(pooled)
		buffer = pooled[:]
	}
	for {
		n, err := content.Read(buffer)
		if n > 0 {
			if err := send(buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
