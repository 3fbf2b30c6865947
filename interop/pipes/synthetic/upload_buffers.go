package synthetic

import (
	"bytes"
	"sync"
)

// uploadBuffers provides the buffers in which uploads into memory grow.
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

// contentOf returns the content of a buffer: the buffer itself, or a copy of just
// that length if the buffer will be reused.
func (u uploadBuffers) contentOf(buffer *bytes.Buffer) []byte {
	if u.pool == nil {
		return buffer.Bytes()
	}
	return bytes.Clone(buffer.Bytes())
}

// giveBack returns a buffer to the pool. Called once per upload.
func (u uploadBuffers) giveBack(buffer *bytes.Buffer) {
	if u.pool != nil {
		buffer.Reset()
		u.pool.Put(buffer)
	}
}
