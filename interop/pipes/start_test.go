//go:build unix

package pipes

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, script string, transport Transport, stdout *os.File) (*Process, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	process, err := Start(ctx, Command{
		Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"WORD=hello"}, Transport: transport, Stdout: stdout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Conn.Close() })
	return process, ctx
}

func end(t *testing.T, ctx context.Context, process *Process) Exit {
	t.Helper()
	exit, err := process.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

func TestBothDirectionsUntilHalfClose(t *testing.T) {
	for transport, script := range map[Transport]string{Pipes: "cat; echo $WORD >&2; exit 3", Socketpair: "cat >&0; echo $WORD >&2; exit 3"} {
		process, ctx := start(t, script, transport, os.Stderr)
		const length = 1 << 20
		go func() {
			_, _ = io.WriteString(process.Conn, strings.Repeat("x", length))
			_ = process.Conn.CloseWrite()
		}()
		got, err := io.ReadAll(process.Conn)
		if err != nil || len(got) != length {
			t.Errorf("%s: %d bytes, %v", transport, len(got), err)
		}
		if exit := end(t, ctx, process); exit != (Exit{Code: 3, Stderr: "hello\n"}) {
			t.Errorf("%s: %+v", transport, exit)
		}
	}
}

func TestSocketpairLeavesStdoutToTheHost(t *testing.T) {
	stdout, err := os.Create(t.TempDir() + "/stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdout.Close() }()
	process, ctx := start(t, "echo printed", Socketpair, stdout)
	end(t, ctx, process)
	if printed, _ := os.ReadFile(stdout.Name()); string(printed) != "printed\n" {
		t.Errorf("printed: %q", printed)
	}
}

func TestCloseIsEOF(t *testing.T) {
	for _, transport := range []Transport{Pipes, Socketpair} {
		process, ctx := start(t, "cat >/dev/null", transport, os.Stderr)
		if err := process.Conn.Close(); err != nil {
			t.Error(err)
		}
		if exit := end(t, ctx, process); exit != (Exit{}) {
			t.Errorf("%s: %+v", transport, exit)
		}
	}
}

func TestKill(t *testing.T) {
	process, ctx := start(t, "read line", Pipes, nil)
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if exit := end(t, ctx, process); exit != (Exit{Code: -1, Signal: syscall.SIGKILL}) {
		t.Errorf("%+v", exit)
	}
}

func TestLeftBehind(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	process, err := Start(ctx, Command{
		Path: "/bin/sh", Args: []string{"-c", "sleep 1000 2>/dev/null & echo $!"}, Transport: Pipes,
		ChildWait: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Conn.Close() }()
	defer func() { _ = syscall.Kill(-process.Pid(), syscall.SIGKILL) }()
	if exit := end(t, ctx, process); !exit.Left {
		t.Errorf("%+v", exit)
	}
}

func TestMissing(t *testing.T) {
	_, err := Start(context.Background(), Command{Path: "/does/not/exist"})
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("%v", err)
	}
}

func TestUsage(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	process, err := Start(ctx, Command{Path: "/bin/sh", Args: []string{"-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done"}})
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := process.Wait(ctx); exit.Code != 0 || err != nil {
		t.Fatal(exit, err)
	}
	usage, err := process.Usage()
	if err != nil || usage.CPU <= 0 || usage.PeakMemory < 1<<18 {
		t.Errorf("%+v, %v", usage, err)
	}
}
