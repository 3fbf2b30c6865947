package pipes

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
)

func TestChooseTransport(t *testing.T) {
	const pipe, socket, other = kindPipe, kindSocket, kindOther
	for _, c := range []struct {
		input, output descriptorKind
		override      string
		inherited     bool
		want          string
	}{
		{pipe, pipe, "", false, "pipes"},
		{pipe, socket, "", true, "pipes"},
		{pipe, other, "", false, ""},
		{other, pipe, "", false, ""},
		{socket, other, "", false, "socket"},
		{socket, pipe, "", false, "socket"},
		{socket, socket, "", true, "socket"},
		{socket, socket, "", false, "pipes"},
		{socket, socket, "socket", false, "socket"},
		{socket, socket, "pipes", true, "pipes"},
		{socket, pipe, "pipes", false, "pipes"},
		{pipe, pipe, "socket", false, ""},
		{socket, other, "pipes", false, ""},
		{other, other, "pipes", false, ""},
	} {
		got := chooseTransport(c.input, c.output, c.override, func() bool { return c.inherited })
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	t.Setenv(transportVariable, "carrier pigeon")
	if _, err := findTransport(); err == nil {
		t.Error("an unknown override is taken")
	}
}

// pipePair connects a plugin's end with a host's.
func pipePair(t *testing.T) (plugin *ServerConn, fromPlugin, toPlugin *os.File) {
	t.Helper()
	input, toPlugin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromPlugin, output, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	plugin = NewServerConn(input, output)
	t.Cleanup(func() {
		// A test may have closed them already.
		_, _, _ = plugin.Close(), fromPlugin.Close(), toPlugin.Close()
	})
	return plugin, fromPlugin, toPlugin
}

// echo serves one connection: it sends back what it reads.
func echo(listener net.Listener) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	if _, err := io.Copy(conn, conn); err != nil {
		return err
	}
	_, err = listener.Accept()
	return err
}

func TestServeEndsWithTheHost(t *testing.T) {
	plugin, fromPlugin, toPlugin := pipePair(t)
	served := make(chan error, 1)
	go func() { served <- ServeConn(plugin, echo) }()
	if _, err := toPlugin.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(fromPlugin, got); err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("%q, %v", got, err)
	}
	if err := toPlugin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("the end of the host is an error: %v", err)
	}
}

func TestServeEndsWithoutAReader(t *testing.T) {
	plugin, fromPlugin, toPlugin := pipePair(t)
	if err := fromPlugin.Close(); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- ServeConn(plugin, echo) }()
	if _, err := toPlugin.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("the end of the host is an error: %v", err)
	}
}

func TestServeTellsFailures(t *testing.T) {
	plugin, _, _ := pipePair(t)
	broken := errors.New("cannot serve")
	if err := ServeConn(plugin, func(net.Listener) error { return broken }); err != broken {
		t.Errorf("got %v", err)
	}
}
