package baseline

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/synthetic"
)

// connect serves a connector over two pipes in this process. When the test ends,
// the host goes, and the plugin must have ended by that.
func connect(t *testing.T, connector string, defaults synthetic.Config) (context.Context, *grpc.ClientConn) {
	t.Helper()
	server, err := NewServer(connector, defaults)
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
	plugin := pipes.NewServerConn(input, output)
	served := make(chan error, 1)
	go func() {
		served <- pipes.ServeConn(plugin, func(listener net.Listener) error { return Serve(server, listener) })
	}()
	host, err := grpc.NewClient("passthrough:///plugin",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			return pipes.NewServerConn(fromPlugin, toPlugin), nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(func() {
		cancel()
		host.Close()
		toPlugin.Close()
		if err := <-served; err != nil {
			t.Errorf("the plugin ended with %v", err)
		}
	})
	return ctx, host
}

// expectError wants an author's own text, with the code that Go gives it.
func expectError(t *testing.T, err error, text string) {
	t.Helper()
	if got := status.Convert(err); err == nil || got.Code() != codes.Unknown || got.Message() != text {
		t.Errorf("got %v, want %q", err, text)
	}
}

func TestThereAreThreeConnectors(t *testing.T) {
	if _, err := NewServer("teleporter", nil); err == nil {
		t.Error("an unknown connector is served")
	}
}
