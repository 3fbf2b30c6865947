package servingtest

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"testing"

	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/pipes"
)

// Frames of HTTP/2.
const (
	frameSettings = 4
	framePing     = 6
	frameGoAway   = 7
	flagAck       = 1
)

// NoGoAwayOnPings tests that frequent PINGs are answered and never cause a
// GOAWAY. Hosts measure the bandwidth with PINGs and hang on a GOAWAY, which
// grpc-go's servers send by default to clients that ping too often.
func NoGoAwayOnPings(t *testing.T, newServer serving.Maker) {
	t.Helper()
	const pings = 200
	server, err := newServer("importer", nil)
	if err != nil {
		t.Fatal(err)
	}
	input, toPlugin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromPlugin, output, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fromPlugin.Close() }()
	served := make(chan error, 1)
	go func() {
		served <- pipes.ServeConn(pipes.NewServerConn(input, output), func(listener net.Listener) error { return serving.Serve(server, listener) })
	}()
	sent := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	sent = append(sent, 0, 0, 0, frameSettings, 0, 0, 0, 0, 0)
	for range pings {
		sent = append(sent, 0, 0, 8, framePing, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	}
	if _, err := toPlugin.Write(sent); err != nil {
		t.Fatal(err)
	}
	for answered := 0; answered < pings; {
		header := make([]byte, 9)
		if _, err := io.ReadFull(fromPlugin, header); err != nil {
			t.Fatalf("after %d answers: %v", answered, err)
		}
		length := binary.BigEndian.Uint32(append([]byte{0}, header[:3]...))
		if _, err := io.CopyN(io.Discard, fromPlugin, int64(length)); err != nil {
			t.Fatal(err)
		}
		switch {
		case header[3] == frameGoAway:
			t.Fatalf("a GOAWAY came after %d answers", answered)
		case header[3] == framePing && header[4] == flagAck:
			answered++
		}
	}
	if err := toPlugin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	// No GOAWAY at the end of the connection, either.
	for {
		header := make([]byte, 9)
		if _, err := io.ReadFull(fromPlugin, header); err != nil {
			return
		}
		if header[3] == frameGoAway {
			t.Fatal("a GOAWAY came at the end")
		}
		length := binary.BigEndian.Uint32(append([]byte{0}, header[:3]...))
		if _, err := io.CopyN(io.Discard, fromPlugin, int64(length)); err != nil {
			return
		}
	}
}
