//go:build unix

package pipes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Transport is how a host hands the connection over.
type Transport int

const (
	// Pipes: the plugin reads fd 0 and writes fd 1 (every released Plakar).
	Pipes Transport = iota
	// Socketpair: both directions on fd 0; fd 1 is the host's own stdout
	// (development builds before 1.0.3).
	Socketpair
)

func (t Transport) String() string {
	if t == Socketpair {
		return "socketpair"
	}
	return "pipes"
}

// defaultChildWait is the default of Command.ChildWait.
const defaultChildWait = 10 * time.Second

// Command describes a plugin to start.
type Command struct {
	// Path of the executable. It is executed without a shell.
	Path string
	Args []string
	// Env is added to the host's environment.
	Env []string
	// Dir is the working directory. Empty: the host's own, as Plakar does it.
	Dir       string
	Transport Transport
	// Stdout is fd 1 with Socketpair. Nil: the host's own.
	Stdout *os.File
	// Stderr receives a copy of the plugin's stderr.
	Stderr io.Writer
	// ChildWait is how long a child process may outlive the plugin before it is
	// reported as left behind. Zero: 10 s.
	ChildWait time.Duration
}

// Exit describes the end of a plugin.
type Exit struct {
	// Code is -1 after a signal.
	Code   int
	Signal syscall.Signal
	// Stderr is everything printed to fd 2.
	Stderr string
	// Left is true if a child process outlived the plugin.
	Left bool
}

// Process is a running plugin.
type Process struct {
	// Conn is the one connection to it.
	Conn Conn

	cmd       *exec.Cmd
	stderr    *collector
	childWait time.Duration
	exited    chan struct{}
	err       error
}

// Conn is a connection whose directions can be closed one by one.
type Conn interface {
	net.Conn
	// CloseWrite lets the plugin read EOF; its output can still be read.
	CloseWrite() error
}

// Start starts a plugin. It is killed with SIGKILL when ctx ends.
func Start(ctx context.Context, command Command) (*Process, error) {
	cmd := exec.CommandContext(ctx, command.Path, command.Args...)
	cmd.Env = append(os.Environ(), command.Env...)
	cmd.Dir = command.Dir
	childWait := command.ChildWait
	if childWait == 0 {
		childWait = defaultChildWait
	}
	cmd.WaitDelay = childWait
	// A separate process group shows whether a child outlives the plugin.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr := &collector{copy: command.Stderr}
	cmd.Stderr = stderr

	connect := connectPipes
	if command.Transport == Socketpair {
		connect = connectSocketpair
	}
	conn, theirs, err := connect(cmd)
	if err != nil {
		return nil, err
	}
	if command.Transport == Socketpair {
		cmd.Stdout = command.Stdout
		if command.Stdout == nil {
			cmd.Stdout = os.Stdout
		}
	}
	err = cmd.Start()
	for _, file := range theirs {
		_ = file.Close()
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}

	process := &Process{Conn: conn, cmd: cmd, stderr: stderr, childWait: childWait, exited: make(chan struct{})}
	go func() {
		process.err = cmd.Wait()
		close(process.exited)
	}()
	return process, nil
}

// Pid returns the plugin's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Stderr returns what the plugin has printed so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// Kill ends the plugin with SIGKILL, like a host whose context is cancelled.
func (p *Process) Kill() error { return p.cmd.Process.Kill() }

// Wait waits for the plugin to exit. It does not close the connection: unless it
// is killed, a plugin exits when its input ends.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	select {
	case <-p.exited:
	case <-ctx.Done():
		return Exit{}, fmt.Errorf("the plugin still runs: %w; its stderr: %q", ctx.Err(), p.Stderr())
	}
	state := p.cmd.ProcessState
	exit := Exit{Code: state.ExitCode(), Stderr: p.Stderr()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
	}
	exit.Left = errors.Is(p.err, exec.ErrWaitDelay) || p.groupLives(ctx)
	return exit, nil
}

// groupLives reports whether a process of the plugin's group remains. One that is
// about to exit is given a moment.
func (p *Process) groupLives(ctx context.Context) bool {
	deadline := time.Now().Add(p.childWait)
	for {
		if errors.Is(syscall.Kill(-p.Pid(), 0), syscall.ESRCH) {
			return false
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// collector keeps everything written to it. It is safe for concurrent use.
type collector struct {
	mu   sync.Mutex
	text []byte
	copy io.Writer
}

func (c *collector) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p...)
	if c.copy != nil {
		return c.copy.Write(p)
	}
	return len(p), nil
}

func (c *collector) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}
