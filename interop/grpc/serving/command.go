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

// Command is the plugin's main function: the connector and its settings are the
// arguments.
//
// The settings are defaults of the configuration: what the host sends wins. It
// exits with 0 when the host has gone, with 2 when there is no host, or when it
// was called wrongly, with 1 when it failed.
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
