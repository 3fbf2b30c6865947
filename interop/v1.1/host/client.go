//go:build unix

// Package host drives plugins of generation v1.1 on the version of grpc-go that a
// released Plakar uses.
package host

import (
	"net"

	"google.golang.org/grpc"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.1/gen/connectors"
)

// Client is a host connected to one plugin.
type Client struct{ *grpchost.Client }

var _ host.Client = (*Client)(nil)

// Dial speaks gRPC on a connection, with Plakar's dial options.
func Dial(conn net.Conn) (*grpc.ClientConn, error) {
	return grpchost.Dial(conn, options()...)
}

// Connect is like [Dial] and returns the interface that both generations share.
func Connect(conn net.Conn) (host.Client, error) {
	client, err := grpchost.Connect(conn, pathnameOf, options()...)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

func options() []grpc.DialOption { return []grpc.DialOption{grpc.WithIdleTimeout(0)} }

// pathnameOf returns the pathname in a request, or "".
func pathnameOf(request any) string {
	switch named := request.(type) {
	case interface{ GetPathname() string }:
		return named.GetPathname()
	case interface{ GetRecord() *connectors.Record }:
		return named.GetRecord().GetPathname()
	}
	return ""
}
