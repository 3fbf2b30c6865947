package synthetic

import (
	"bytes"
	"sync"
)

// uploadBuffers are what uploads into memory grow in.
type uploadBuffers struct {
	pool *sync.Pool
}

func newUploadBuffers(buffers Buffers) uploadBuffers {
	if buffers.pool == nil {
		return uploadBuffers{}
	}
	return uploadBuffers{pool: &sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

func (u uploadBuffers) take() *bytes.Buffer {
	if u.pool == nil {
		return new(bytes.Buffer)
	}
	return u.pool.Get().(*bytes.Buffer)
}

// contentOf is what a buffer has collected: itself, or, when the buffer will be
// used again, a copy of just that length.
func (u uploadBuffers) contentOf(buffer *bytes.Buffer) []byte {
	if u.pool == nil {
		return buffer.Bytes()
	}
	return bytes.Clone(buffer.Bytes())
}

// giveBack is called once, when the upload is over.
func (u uploadBuffers) giveBack(buffer *bytes.Buffer) {
	if u.pool != nil {
		buffer.Reset()
		u.pool.Put(buffer)
	}
}
