//go:build unix

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Call makes any RPC with messages in protobuf JSON, the format of transcripts.
func (c *Client) Call(ctx context.Context, method string, requests [][]byte) ([][]byte, error) {
	input, output, err := messagesOf(method)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return nil, Unwrap(err)
	}
	sent := make(chan error, 1)
	go func() { sent <- send(stream, input, requests) }()
	var answers [][]byte
	for {
		answer := output.New().Interface()
		if err := stream.RecvMsg(answer); err != nil {
			if !errors.Is(err, io.EOF) {
				return answers, Unwrap(err)
			}
			return answers, <-sent
		}
		text, err := protojson.Marshal(answer)
		if err != nil {
			return answers, fmt.Errorf("%s: %w", method, err)
		}
		answers = append(answers, text)
	}
}

func send(stream grpc.ClientStream, input protoreflect.MessageType, requests [][]byte) error {
	for _, text := range requests {
		request := input.New().Interface()
		if err := protojson.Unmarshal(text, request); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := stream.SendMsg(request); err != nil {
			return fmt.Errorf("%s: send: %w", proto.MessageName(request), err)
		}
	}
	return stream.CloseSend()
}

// messagesOf finds the types of "/package.Service/Method".
func messagesOf(method string) (input, output protoreflect.MessageType, err error) {
	service, name, ok := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if !ok {
		return nil, nil, fmt.Errorf("not a method: %q", method)
	}
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", method, err)
	}
	found, ok := descriptor.(protoreflect.ServiceDescriptor)
	if !ok || found.Methods().ByName(protoreflect.Name(name)) == nil {
		return nil, nil, fmt.Errorf("no such method: %s", method)
	}
	rpc := found.Methods().ByName(protoreflect.Name(name))
	if input, err = protoregistry.GlobalTypes.FindMessageByName(rpc.Input().FullName()); err != nil {
		return nil, nil, err
	}
	output, err = protoregistry.GlobalTypes.FindMessageByName(rpc.Output().FullName())
	return input, output, err
}
