//go:build unix

// Package host drives plugins of generation v1.0 on the version of grpc-go that a
// released Plakar uses.
package host

import (
	"net"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.0/gen/exporter"
)

// Client is a host connected to one plugin.
type Client struct{ *grpchost.Client }

var _ host.Client = (*Client)(nil)

// Connect speaks gRPC on a connection, with Plakar's dial options.
func Connect(conn net.Conn) (host.Client, error) {
	client, err := grpchost.Connect(conn, pathnameOf)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// pathnameOf returns the pathname in a request, or "".
func pathnameOf(request any) string {
	switch named := request.(type) {
	case interface{ GetPathname() string }:
		return named.GetPathname()
	case interface{ GetHeader() *exporter.Header }:
		return named.GetHeader().GetPathname()
	}
	return ""
}
