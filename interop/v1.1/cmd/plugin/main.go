// Command plugin is the baseline plugin of generation v1.1: see interop/README.md.
//
//	plugin importer|exporter|storage [key=value ...]
//
// The settings are defaults of the configuration: what the host sends wins. It
// exits with 0 when the host has gone, with 2 when there is no host, or when it
// was called wrongly, with 1 when it failed.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/baseline"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	if len(os.Args) < 2 {
		fail(exitUsage, errors.New("usage: plugin importer|exporter|storage [key=value ...]"))
	}
	defaults, err := synthetic.ParseArgs(os.Args[2:])
	if err != nil {
		fail(exitUsage, err)
	}
	server, err := baseline.NewServer(os.Args[1], defaults)
	if err != nil {
		fail(exitUsage, err)
	}
	err = pipes.Serve(func(listener net.Listener) error { return baseline.Serve(server, listener) })
	switch {
	case errors.Is(err, pipes.ErrNoHost):
		fail(exitUsage, err)
	case err != nil:
		fail(exitFailure, err)
	}
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "plugin:", err)
	os.Exit(code)
}
