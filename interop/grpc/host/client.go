//go:build unix

// Package host is what hosts of both generations have in common on grpc-go: the
// connection with Plakar's dial options, a list of the calls, calls by name.
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

// target is never dialled; it becomes the calls' authority.
const target = "127.0.0.1:0"

// Client is a host with one connection.
type Client struct {
	Conn *grpc.ClientConn

	pathnameOf func(request any) string

	mu    sync.Mutex
	calls []host.Call
}

// Dial speaks gRPC on a connection, with the dial options of Plakar, and those
// that only one generation has.
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

// Connect is [Dial], with a list of the calls. pathnameOf tells the pathname in a
// request, if there is one.
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

// Close says GOAWAY and closes the connection.
func (c *Client) Close() error { return c.Conn.Close() }

// Calls are the RPCs made so far.
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

// notedStream notes its call with the first message.
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

// Unwrap makes a status what Plakar shows of it: the message.
func Unwrap(err error) error {
	if state, ok := status.FromError(err); ok && err != nil {
		return &host.PluginError{Code: uint32(state.Code()), Text: state.Message()}
	}
	return err
}
