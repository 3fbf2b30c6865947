package servingtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/pipes"
)

// asPlugin makes this test's executable run main.
const asPlugin = "INTEROP_TEST_AS_PLUGIN"

// Command runs a plugin's main function if [TestsOfCommand] asks for it, and the
// tests otherwise.
func Command(m *testing.M, main func()) {
	if os.Getenv(asPlugin) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Plugin is the command line of a connector of [Command]'s main function, for
// processes that this test starts.
func Plugin(t *testing.T, connector string) []string {
	t.Helper()
	t.Setenv(asPlugin, "1")
	return []string{os.Args[0], connector}
}

// UseStore makes some calls as a host does, with the messages of its generation.
type UseStore func(ctx context.Context, t *testing.T, host *grpc.ClientConn)

// TestsOfCommand starts the command as a host does, and in ways that no host does.
func TestsOfCommand(t *testing.T, use UseStore) {
	t.Run("pipes", func(t *testing.T) { overPipes(t, use) })
	t.Run("socket", func(t *testing.T) { overSocket(t, use) })
	t.Run("called wrongly", calledWrongly)
}

func command(t *testing.T, stderr io.Writer, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asPlugin+"=1")
	cmd.Stderr = stderr
	return cmd
}

func connectTo(t *testing.T, conn net.Conn, use UseStore) {
	t.Helper()
	host, err := grpc.NewClient("passthrough:///plugin",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return conn, nil }))
	if err != nil {
		t.Fatal(err)
	}
	// Left open: hosts exit without closing it.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	use(ctx, t, host)
}

func expectExit(t *testing.T, cmd *exec.Cmd, code int) {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d (%v), not %d", got, err, code)
	}
}

func overPipes(t *testing.T, use UseStore) {
	for name, end := range map[string]func(toPlugin *os.File, plugin *os.Process) error{
		"end of file": func(toPlugin *os.File, _ *os.Process) error { return toPlugin.Close() },
		"SIGTERM":     func(_ *os.File, plugin *os.Process) error { return plugin.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			cmd := command(t, &stderr, "storage", "location=mem://x")
			input, toPlugin, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			fromPlugin, output, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin, cmd.Stdout = input, output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(input.Close(), output.Close()); err != nil {
				t.Fatal(err)
			}
			connectTo(t, pipes.NewServerConn(fromPlugin, toPlugin), use)
			if err := end(toPlugin, cmd.Process); err != nil {
				t.Fatal(err)
			}
			expectExit(t, cmd, 0)
			if stderr.Len() != 0 {
				t.Errorf("stderr: %s", stderr.String())
			}
		})
	}
}

func overSocket(t *testing.T, use UseStore) {
	var stdout, stderr bytes.Buffer
	cmd := command(t, &stderr, "storage", "location=mem://x")
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(ends[0])
	syscall.CloseOnExec(ends[1])
	ours, theirs := os.NewFile(uintptr(ends[0]), "host"), os.NewFile(uintptr(ends[1]), "plugin")
	conn, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := ours.Close(); err != nil {
		t.Fatal(err)
	}
	// On a socket fd 1 is the host's own stdout: nothing of the connection may go there.
	cmd.Stdin, cmd.Stdout = theirs, &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	connectTo(t, conn, use)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	expectExit(t, cmd, 0)
	if stdout.Len() != 0 || stderr.Len() != 0 {
		t.Errorf("stdout: %q, stderr: %q", stdout.String(), stderr.String())
	}
}

func calledWrongly(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage: plugin importer|exporter|storage [key=value ...]"},
		{[]string{"teleporter"}, `there is no connector "teleporter"`},
		{[]string{"importer", "files"}, `"files" is not of the form key=value`},
		{[]string{"importer"}, "this is a plugin: a host starts it"},
	} {
		var stderr bytes.Buffer
		cmd := command(t, &stderr, c.args...)
		// Without a connection: fd 0 and 1 are the null device.
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		expectExit(t, cmd, serving.ExitUsage)
		if !strings.HasPrefix(stderr.String(), "plugin: "+c.want) {
			t.Errorf("%q: %s", c.args, stderr.String())
		}
	}
}
