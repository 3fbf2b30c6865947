//go:build unix

package host

import (
	"testing"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/hosttest"
)

// The version in the user-agent selects the generation.
func TestVersion(t *testing.T) {
	if grpc.Version != "1.77.0" {
		t.Errorf("grpc-go %s is not what a released Plakar carries", grpc.Version)
	}
}

func TestHost(t *testing.T) {
	hosttest.Run(t, hosttest.Generation{
		Name:       "v1.0",
		Connect:    Connect,
		Transports: []pipes.Transport{pipes.Pipes, pipes.Socketpair},
		Release:    "1.0.6",
	})
}
