package wiretap

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

func frameOf(kind, flags byte, stream byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, stream}) + payload
}

// through sends both directions in pieces of a given size and returns the tap.
func through(t *testing.T, host, plugin string, piece int) *Tap {
	t.Helper()
	near, far := net.Pipe()
	tap := New(near)
	go func() {
		_, _ = io.Copy(io.Discard, far)
	}()
	for b := []byte(host); len(b) > 0; b = b[min(piece, len(b)):] {
		if _, err := tap.Write(b[:min(piece, len(b))]); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		_, _ = io.Copy(far, bytes.NewBufferString(plugin))
		_ = far.Close()
	}()
	buf := make([]byte, piece)
	for {
		if _, err := tap.Read(buf); err != nil {
			return tap
		}
	}
}

func TestTap(t *testing.T) {
	settings := frameOf(frameSettings, 0, 0, "\x00\x04\x00\x10\x00\x00")
	host := strings.Repeat("P", preface) + settings + frameOf(framePing, 0, 0, bdpPing) +
		frameOf(framePing, 0, 0, "12345678") + frameOf(frameWindowUpdate, 0, 0, "\x00\x00\x00\x01") + frameOf(frameData, 0, 1, strings.Repeat("x", 1000))
	fine := frameOf(frameSettings, 0, 0, "") + frameOf(frameSettings, flagAck, 0, "") + frameOf(framePing, flagAck, 0, bdpPing) +
		frameOf(frameData, 0, 1, strings.Repeat("y", 3000)) + frameOf(framePing, flagAck, 0, "12345678")
	for _, piece := range []int{1, 7, 100, 100000} {
		tap := through(t, host, fine, piece)
		if got := tap.Violations(); len(got) != 0 {
			t.Errorf("pieces of %d: %q", piece, got)
		}
		counts := tap.Counts()
		if counts.Pings != 2 || counts.BandwidthPings != 1 || counts.PingAcks != 2 || counts.WindowUpdates != 1 ||
			counts.Received != 3000 || counts.SettingsAcks != 1 || len(counts.InitialWindows) != 1 || counts.InitialWindows[0] != 1<<20 {
			t.Errorf("pieces of %d: %+v", piece, counts)
		}
	}
	for name, bad := range map[string]string{
		"GOAWAY":          frameOf(frameSettings, 0, 0, "") + frameOf(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00"),
		"first frame":     frameOf(frameData, 0, 1, "hello"),
		"fits no PING":    frameOf(frameSettings, 0, 0, "") + frameOf(framePing, flagAck, 0, "87654321"),
		"PUSH_PROMISE":    frameOf(frameSettings, 0, 0, "") + frameOf(framePushPromise, 0, 1, "abcd"),
		"has 20000 bytes": frameOf(frameSettings, 0, 0, "") + frameOf(frameData, 0, 1, strings.Repeat("x", 20000)),
	} {
		got := through(t, host, bad, 50).Violations()
		if len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
