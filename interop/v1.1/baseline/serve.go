// Package baseline is the plugin of this generation: synthetic data behind
// the services that Plakar calls, on the grpc-go that Plakar carries.
package baseline

import (
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/exporter"
	"kloset.invalid/interop/v1.1/gen/importer"
	"kloset.invalid/interop/v1.1/gen/store"
)

// stopLimit is how long calls may clean up once the host has gone. A write into a
// pipe that nobody empties would never end.
const stopLimit = time.Second

// NewServer makes a server of one connector: "importer", "exporter" or "storage".
//
// defaults is the configuration; what the host sends wins.
func NewServer(connector string, defaults synthetic.Config) (*grpc.Server, error) {
	server := grpc.NewServer(
		// Without it, grpc-go answers frequent pings with a GOAWAY, and hosts hang on that.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Nanosecond, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	switch connector {
	case "importer":
		importer.RegisterImporterServer(server, &importerServer{defaults: defaults})
	case "exporter":
		exporter.RegisterExporterServer(server, &exporterServer{defaults: defaults})
	case "storage":
		store.RegisterStoreServer(server, &storeServer{defaults: defaults})
	default:
		return nil, fmt.Errorf("there is no connector %q: \"importer\", \"exporter\" or \"storage\" is needed", connector)
	}
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
