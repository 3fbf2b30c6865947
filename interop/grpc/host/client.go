//go:build unix

// Package host holds the part of a host that both generations share on grpc-go:
// the connection with Plakar's dial options, a list of the calls, calls by name.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"kloset.invalid/interop/pipes/host"
)

// target is never resolved; it becomes the authority of the calls.
const target = "127.0.0.1:0"

// Client is a host connected to one plugin.
type Client struct {
	Conn *grpc.ClientConn

	pathnameOf func(request any) string

	mu    sync.Mutex
	calls []host.Call
}

// Dial speaks gRPC on a connection, with Plakar's dial options and those that
// only one generation uses.
func Dial(conn net.Conn, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	var used atomic.Bool
	grpcConn, err := grpc.NewClient(target, append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			// There is one connection for the life of the process.
			if used.Swap(true) {
				return nil, errors.New("the connection to the plugin is lost")
			}
			return conn, nil
		}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("grpc: %w", err)
	}
	return grpcConn, nil
}

// Connect is like [Dial] and records the calls. pathnameOf returns the pathname
// in a request, or "".
func Connect(conn net.Conn, pathnameOf func(request any) string, options ...grpc.DialOption) (*Client, error) {
	client := &Client{pathnameOf: pathnameOf}
	grpcConn, err := Dial(conn, append(options,
		grpc.WithChainUnaryInterceptor(client.noteUnary),
		grpc.WithChainStreamInterceptor(client.noteStream),
	)...)
	if err != nil {
		return nil, err
	}
	client.Conn = grpcConn
	return client, nil
}

// Close sends GOAWAY and closes the connection.
func (c *Client) Close() error { return c.Conn.Close() }

// Calls returns the RPCs made so far.
func (c *Client) Calls() []host.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]host.Call(nil), c.calls...)
}

func (c *Client) note(method string, request any) {
	call := host.Call{Method: method, Pathname: c.pathnameOf(request)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

func (c *Client) noteUnary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	c.note(method, request)
	return invoke(ctx, method, request, reply, conn, options...)
}

func (c *Client) noteStream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	return &notedStream{ClientStream: stream, client: c, method: method}, err
}

// notedStream records its call when the first message is sent.
type notedStream struct {
	grpc.ClientStream
	client *Client
	method string
	once   sync.Once
}

func (s *notedStream) SendMsg(message any) error {
	s.once.Do(func() { s.client.note(s.method, message) })
	return s.ClientStream.SendMsg(message)
}

// Unwrap converts a status to what Plakar shows of it: the message.
func Unwrap(err error) error {
	if state, ok := status.FromError(err); ok && err != nil {
		return &host.PluginError{Code: uint32(state.Code()), Text: state.Message()}
	}
	return err
}
