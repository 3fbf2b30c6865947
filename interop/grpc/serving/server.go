// Package serving is what the plugins of both generations have in common on
// grpc-go: the server's options, its end, and the command.
package serving

import (
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"kloset.invalid/interop/pipes/synthetic"
)

// stopLimit is how long calls may clean up once the host has gone. A write into a
// pipe that nobody empties would never end.
const stopLimit = time.Second

// Maker makes a server of one connector: "importer", "exporter" or "storage".
//
// defaults is the configuration; what the host sends wins.
type Maker func(connector string, defaults synthetic.Config) (*grpc.Server, error)

// NewServer makes a server of one of the connectors, each known by what registers it.
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

// Serve serves until the listener fails, then lets the calls that were cut off
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
