package pipes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// ErrNoHost reports that the process has no connection to a host: the plugin was
// started by hand.
var ErrNoHost = errors.New("this is a plugin: a host starts it, with pipes on fd 0 and fd 1 or a socket on fd 0")

// Serve finds the host's connection on fd 0 and 1 and passes it to serve until
// the host disconnects.
//
// From then on os.Stdout writes to stderr: fd 1 belongs to the connection, or is
// the host's own stdout.
//
// serve receives a listener that accepts the one connection. It should return
// when Accept fails, which happens once the host has disconnected; its result is
// ignored then.
func Serve(serve func(net.Listener) error) error {
	transport, err := findTransport()
	if err != nil {
		return err
	}
	output := os.Stdout
	if transport == transportSocket {
		output = os.Stdin
	}
	os.Stdout = os.Stderr
	// SIGPIPE would kill the process on a write to fd 1 after the host has gone,
	// which is not a failure of the plugin.
	signal.Ignore(syscall.SIGPIPE)
	// A terminal sends these to the host and its plugins alike; the host decides
	// when to stop.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)

	conn := NewServerConn(os.Stdin, output)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	defer signal.Stop(terminate)
	go func() {
		select {
		case <-terminate:
			_ = conn.Close()
		case <-conn.closed:
		}
	}()
	return ServeConn(conn, serve)
}

// ServeConn serves one connection until it has ended.
func ServeConn(conn *ServerConn, serve func(net.Listener) error) error {
	listener := &oneConnListener{conn: conn, first: make(chan net.Conn, 1)}
	listener.first <- conn
	err := serve(listener)
	select {
	case <-conn.closed:
		return nil
	default:
		return err
	}
}

// ServerConn is the plugin's end of a connection over two descriptors, which may
// be the same.
type ServerConn struct {
	input, output *os.File
	closed        chan struct{}
	once          sync.Once
	err           error
}

// NewServerConn makes a connection from its two directions.
func NewServerConn(input, output *os.File) *ServerConn {
	return &ServerConn{input: input, output: output, closed: make(chan struct{})}
}

// Read reads what the host sends. Its end ends the connection.
func (c *ServerConn) Read(p []byte) (int, error) {
	n, err := c.input.Read(p)
	if err != nil {
		// Here and not in the caller: the process has to end at once.
		_ = c.Close()
	}
	return n, err
}

// Write writes to the host. The first failure ends the connection: over two
// pipes the other direction would not notice that the host has gone.
func (c *ServerConn) Write(p []byte) (int, error) {
	n, err := c.output.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

// Close closes both directions.
func (c *ServerConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.err = c.input.Close()
		if c.output != c.input {
			c.err = errors.Join(c.err, c.output.Close())
		}
	})
	return c.err
}

// LocalAddr returns a name for the log.
func (c *ServerConn) LocalAddr() net.Addr { return descriptorAddr{} }

// RemoteAddr returns a name for the log.
func (c *ServerConn) RemoteAddr() net.Addr { return descriptorAddr{} }

// SetDeadline does nothing, like SetReadDeadline and SetWriteDeadline: a host may
// take its time, and blocking descriptors have no deadlines.
func (c *ServerConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (c *ServerConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (c *ServerConn) SetWriteDeadline(time.Time) error { return nil }

type descriptorAddr struct{}

func (descriptorAddr) Network() string { return "fd" }
func (descriptorAddr) String() string  { return fmt.Sprintf("fd of process %d", os.Getpid()) }

// oneConnListener accepts one connection, then fails when that has ended.
type oneConnListener struct {
	conn  *ServerConn
	first chan net.Conn
}

func (l *oneConnListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.first:
		return conn, nil
	case <-l.conn.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConnListener) Close() error   { return l.conn.Close() }
func (l *oneConnListener) Addr() net.Addr { return l.conn.LocalAddr() }
