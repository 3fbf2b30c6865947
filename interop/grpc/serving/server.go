// Package serving holds the part of the plugins that both generations share on
// grpc-go: the server's options, its shutdown, and the command.
package serving

import (
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"kloset.invalid/interop/pipes/synthetic"
)

// stopLimit bounds the clean-up of calls after the host has disconnected. A write
// into a full pipe without a reader would block forever.
const stopLimit = time.Second

// Maker makes a server for one connector: "importer", "exporter" or "storage".
//
// defaults is the configuration; values that the host sends take precedence.
type Maker func(connector string, defaults synthetic.Config) (*grpc.Server, error)

// NewServer makes a server for one of the connectors, given the functions that
// register them.
func NewServer(connector string, connectors map[string]func(*grpc.Server)) (*grpc.Server, error) {
	register, ok := connectors[connector]
	if !ok {
		return nil, fmt.Errorf("there is no connector %q: \"importer\", \"exporter\" or \"storage\" is needed", connector)
	}
	server := grpc.NewServer(
		// Without it, grpc-go answers frequent pings with a GOAWAY, and hosts hang on that.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Nanosecond, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	register(server)
	return server, nil
}

// Serve serves until the listener fails, then waits for the interrupted calls to
// clean up.
func Serve(server *grpc.Server, listener net.Listener) error {
	err := server.Serve(listener)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		// Not GracefulStop: that would send a GOAWAY.
		server.Stop()
	}()
	select {
	case <-stopped:
	case <-time.After(stopLimit):
	}
	return err
}
