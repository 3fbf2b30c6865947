// Package wiretap observes the HTTP/2 frames of a connection and reports what the
// client library does not: GOAWAY frames of the plugin, its answers to PINGs, and
// the growth of the host's windows.
package wiretap

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
)

// maxFrame is the largest frame for a host without SETTINGS_MAX_FRAME_SIZE.
const maxFrame = 16384

// bdpPing is the payload of the PINGs by which grpc-go measures bandwidth.
const bdpPing = "\x02\x04\x10\x10\x09\x0e\x07\x07"

// Counts describes the frames that have passed so far.
type Counts struct {
	// Pings of the host, those among them that measure bandwidth, and the plugin's answers.
	Pings, BandwidthPings, PingAcks int
	// InitialWindows that the host set by SETTINGS, in order.
	InitialWindows []uint32
	// WindowUpdates of the host's.
	WindowUpdates int
	// SettingsAcks of the plugin's.
	SettingsAcks int
	// HostResets and PluginResets are RST_STREAM frames.
	HostResets, PluginResets int
	// HostGoAways are the host's own.
	HostGoAways int
	// Received are bytes of DATA frames from the plugin.
	Received int64
}

// Tap is an observed connection.
type Tap struct {
	net.Conn

	mu           sync.Mutex
	counts       Counts
	violations   []string
	open         []string
	fromHost     parser
	fromPlugin   parser
	pluginFrames int
}

// New observes conn, the host's end of a connection.
func New(conn net.Conn) *Tap {
	t := &Tap{Conn: conn}
	t.fromHost = parser{skip: preface, onFrame: t.hostFrame}
	t.fromPlugin = parser{onFrame: t.pluginFrame}
	return t
}

func (t *Tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fromPlugin.feed(b[:n])
	return n, err
}

func (t *Tap) Write(b []byte) (int, error) {
	// Before the write: the answer may come before it returns.
	t.mu.Lock()
	t.fromHost.feed(b)
	t.mu.Unlock()
	return t.Conn.Write(b)
}

// Counts returns a copy of the counts.
func (t *Tap) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := t.counts
	counts.InitialWindows = append([]uint32(nil), counts.InitialWindows...)
	return counts
}

// Violations describes breaches of the rules by the plugin. A PING that is not yet
// answered is not one.
func (t *Tap) Violations() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.violations...)
}

func (t *Tap) hostFrame(f frame) {
	switch f.kind {
	case frameSettings:
		if f.flags&flagAck != 0 {
			return
		}
		for p := f.payload; len(p) >= 6; p = p[6:] {
			if binary.BigEndian.Uint16(p) == settingInitialWindowSize {
				t.counts.InitialWindows = append(t.counts.InitialWindows, binary.BigEndian.Uint32(p[2:]))
			}
		}
	case framePing:
		if f.flags&flagAck == 0 {
			t.counts.Pings++
			t.open = append(t.open, string(f.payload))
			if string(f.payload) == bdpPing {
				t.counts.BandwidthPings++
			}
		}
	case frameWindowUpdate:
		t.counts.WindowUpdates++
	case frameRstStream:
		t.counts.HostResets++
	case frameGoAway:
		t.counts.HostGoAways++
	}
}

func (t *Tap) pluginFrame(f frame) {
	t.pluginFrames++
	if t.pluginFrames == 1 && (f.kind != frameSettings || f.flags&flagAck != 0) {
		t.violate("the first frame is of type %d, not SETTINGS", f.kind)
	}
	if f.length > maxFrame {
		t.violate("a frame of type %d has %d bytes", f.kind, f.length)
	}
	switch f.kind {
	case frameData:
		t.counts.Received += int64(f.length)
	case frameRstStream:
		t.counts.PluginResets++
	case frameSettings:
		if f.flags&flagAck != 0 {
			t.counts.SettingsAcks++
		}
	case framePushPromise:
		t.violate("PUSH_PROMISE")
	case framePing:
		if f.flags&flagAck == 0 {
			return
		}
		t.counts.PingAcks++
		if len(t.open) == 0 || t.open[0] != string(f.payload) {
			t.violate("a PING answer that fits no PING: %x", f.payload)
			return
		}
		t.open = t.open[1:]
	case frameGoAway:
		t.violate("GOAWAY: %x", f.payload)
	}
}

func (t *Tap) violate(format string, args ...any) {
	t.violations = append(t.violations, fmt.Sprintf(format, args...))
}
