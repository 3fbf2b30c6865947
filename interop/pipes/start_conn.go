//go:build unix

package pipes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// connectPipes makes two pipes for fd 0 and fd 1 of the plugin. It also returns
// the plugin's ends, which the host closes once the plugin has them.
func connectPipes(cmd *exec.Cmd) (Conn, []*os.File, error) {
	theirInput, output, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	input, theirOutput, err := os.Pipe()
	if err != nil {
		_ = theirInput.Close()
		_ = output.Close()
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	cmd.Stdin, cmd.Stdout = theirInput, theirOutput
	return &pipeConn{input: input, output: output}, []*os.File{theirInput, theirOutput}, nil
}

// connectSocketpair makes one AF_UNIX stream socket for both directions.
func connectSocketpair(cmd *exec.Cmd) (Conn, []*os.File, error) {
	// The lock keeps a process that starts meanwhile from inheriting them.
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[0]), "plugin")
	ours := os.NewFile(uintptr(fds[1]), "host")
	defer func() { _ = ours.Close() }()
	conn, err := net.FileConn(ours)
	if err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		_ = theirs.Close()
		_ = conn.Close()
		return nil, nil, fmt.Errorf("socketpair: not a unix socket but %T", conn)
	}
	cmd.Stdin = theirs
	return socket, []*os.File{theirs}, nil
}

// pipeConn joins two pipes to one connection.
type pipeConn struct {
	input, output *os.File
	once          sync.Once
	err           error
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "stdio" }

func (c *pipeConn) Read(b []byte) (int, error)  { return c.input.Read(b) }
func (c *pipeConn) Write(b []byte) (int, error) { return c.output.Write(b) }
func (c *pipeConn) LocalAddr() net.Addr         { return pipeAddr{} }
func (c *pipeConn) RemoteAddr() net.Addr        { return pipeAddr{} }

func (c *pipeConn) CloseWrite() error { return c.output.Close() }

func (c *pipeConn) Close() error {
	c.once.Do(func() {
		c.err = c.input.Close()
		if err := c.output.Close(); err != nil && !errors.Is(err, os.ErrClosed) && c.err == nil {
			c.err = err
		}
	})
	return c.err
}

func (c *pipeConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
func (c *pipeConn) SetReadDeadline(t time.Time) error  { return c.input.SetReadDeadline(t) }
func (c *pipeConn) SetWriteDeadline(t time.Time) error { return c.output.SetWriteDeadline(t) }
