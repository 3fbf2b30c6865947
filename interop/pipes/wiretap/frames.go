package wiretap

import "encoding/binary"

// Frame types and settings (RFC 9113, sections 6 and 6.5.2).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRstStream    = 0x3
	frameSettings     = 0x4
	framePushPromise  = 0x5
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8

	flagAck = 0x1

	settingInitialWindowSize = 0x4

	headerLength = 9
	// preface precedes a client's first frame.
	preface = 24
	// keptPayload bounds the payload kept of a frame: enough for those examined.
	keptPayload = 256
)

// frame is a frame that has passed; payload holds its first bytes.
type frame struct {
	kind    byte
	flags   byte
	stream  uint32
	length  int
	payload []byte
}

// parser splits one direction into frames, however the bytes are chunked.
type parser struct {
	skip    int
	header  [headerLength]byte
	filled  int
	left    int
	current frame
	onFrame func(frame)
}

func (p *parser) feed(b []byte) {
	n := min(p.skip, len(b))
	p.skip -= n
	b = b[n:]
	for len(b) > 0 {
		if p.filled < headerLength {
			n := copy(p.header[p.filled:], b)
			p.filled += n
			b = b[n:]
			if p.filled < headerLength {
				return
			}
			p.left = int(p.header[0])<<16 | int(p.header[1])<<8 | int(p.header[2])
			p.current = frame{
				kind:   p.header[3],
				flags:  p.header[4],
				stream: binary.BigEndian.Uint32(p.header[5:]) & 0x7fffffff,
				length: p.left,
			}
		} else {
			n := min(p.left, len(b))
			if keep := min(n, keptPayload-len(p.current.payload)); keep > 0 && p.current.kind >= frameRstStream {
				p.current.payload = append(p.current.payload, b[:keep]...)
			}
			p.left -= n
			b = b[n:]
		}
		if p.left == 0 {
			p.onFrame(p.current)
			p.filled = 0
		}
	}
}
