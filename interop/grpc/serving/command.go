package serving

import (
	"errors"
	"fmt"
	"net"
	"os"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/synthetic"
)

// Exit codes of [Command].
const (
	ExitFailure = 1
	ExitUsage   = 2
)

// Command is the plugin's main function. Its arguments are the connector and its
// settings.
//
// The settings are defaults of the configuration: values that the host sends take
// precedence. The exit code is 0 when the host has disconnected, 2 when there is
// no host or the arguments are wrong, and 1 for any other failure.
func Command(newServer Maker) {
	if len(os.Args) < 2 {
		fail(ExitUsage, errors.New("usage: plugin importer|exporter|storage [key=value ...]"))
	}
	defaults, err := synthetic.ParseArgs(os.Args[2:])
	if err != nil {
		fail(ExitUsage, err)
	}
	server, err := newServer(os.Args[1], defaults)
	if err != nil {
		fail(ExitUsage, err)
	}
	err = pipes.Serve(func(listener net.Listener) error { return Serve(server, listener) })
	switch {
	case errors.Is(err, pipes.ErrNoHost):
		fail(ExitUsage, err)
	case err != nil:
		fail(ExitFailure, err)
	}
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "plugin:", err)
	os.Exit(code)
}
