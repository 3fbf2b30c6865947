// Package servingtest holds the tests of plugins that both generations share.
package servingtest

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

	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/synthetic"
)

// Connect serves a connector over two pipes in this process. When the test ends,
// the host disconnects, and the plugin must end.
func Connect(t *testing.T, newServer serving.Maker, connector string, defaults synthetic.Config) (context.Context, *grpc.ClientConn) {
	t.Helper()
	server, err := newServer(connector, defaults)
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
		served <- pipes.ServeConn(plugin, func(listener net.Listener) error { return serving.Serve(server, listener) })
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
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		// Closed already if the host dialled.
		_ = toPlugin.Close()
		if err := <-served; err != nil {
			t.Errorf("the plugin ended with %v", err)
		}
	})
	return ctx, host
}

// ExpectError fails the test unless err has this message and the code UNKNOWN,
// which grpc-go gives to errors without a status.
func ExpectError(t *testing.T, err error, text string) {
	t.Helper()
	if got := status.Convert(err); err == nil || got.Code() != codes.Unknown || got.Message() != text {
		t.Errorf("got %v, want %q", err, text)
	}
}

// UnknownConnector tests that a connector of another name is refused.
func UnknownConnector(t *testing.T, newServer serving.Maker) {
	t.Helper()
	if _, err := newServer("teleporter", nil); err == nil {
		t.Error("an unknown connector is served")
	}
}
