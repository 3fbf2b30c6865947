//go:build unix

// Package host drives plugins of generation v1.1 on the grpc-go of a released Plakar.
package host

import (
	"net"

	"google.golang.org/grpc"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.1/gen/connectors"
)

// Client is a host with one connection.
type Client struct{ *grpchost.Client }

var _ host.Client = (*Client)(nil)

// Dial speaks gRPC on a connection, with the dial options of Plakar.
func Dial(conn net.Conn) (*grpc.ClientConn, error) {
	return grpchost.Dial(conn, options()...)
}

// Connect is [Dial], for those who drive the plugin by the words of both generations.
func Connect(conn net.Conn) (host.Client, error) {
	client, err := grpchost.Connect(conn, pathnameOf, options()...)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

func options() []grpc.DialOption { return []grpc.DialOption{grpc.WithIdleTimeout(0)} }

// pathnameOf is the pathname in a request; "" when there is none.
func pathnameOf(request any) string {
	switch named := request.(type) {
	case interface{ GetPathname() string }:
		return named.GetPathname()
	case interface{ GetRecord() *connectors.Record }:
		return named.GetRecord().GetPathname()
	}
	return ""
}
