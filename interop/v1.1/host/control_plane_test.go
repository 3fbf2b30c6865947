//go:build unix

package host

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/v1.1/gen/inventory"
	"kloset.invalid/interop/v1.1/gen/secretprovider"
)

// controlPlanePlugin prints to its standard output, and is a secret provider or an
// inventory.
const controlPlanePlugin = "../../../packages/sdk/fixtures/control-plane-plugin.js"

// startScript starts a plugin that Node runs.
func startScript(t *testing.T, script string, args ...string) (context.Context, *pipes.Process) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	// Node 20.19 warns that X25519, which age uses, is experimental.
	args = append([]string{"--disable-warning=ExperimentalWarning", script}, args...)
	process, err := pipes.Start(ctx, pipes.Command{Path: node, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, process
}

func TestSecretProvider(t *testing.T) {
	ctx, process := startScript(t, controlPlanePlugin, "secret_provider")
	conn, err := Dial(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	client := secretprovider.NewSecretProviderClient(conn)
	config := map[string]string{"location": "vault://", "token": "t0ken-of-the-vault"}
	if _, err := client.Init(ctx, &secretprovider.InitRequest{Config: config}); err != nil {
		t.Fatal(err)
	}
	answer, err := client.Resolve(ctx, &secretprovider.ResolveRequest{Handle: "db"})
	if err != nil || answer.GetSecret() != "s3cret of db" {
		t.Errorf("Resolve: %q, %v", answer.GetSecret(), err)
	}
	_, err = client.Resolve(ctx, &secretprovider.ResolveRequest{Handle: "throws"})
	if got := status.Convert(err); got.Code() != codes.Unknown || got.Message() != `no key in {"a":"***","token":"***"}` {
		t.Errorf("an error of the author: %v", err)
	}
	_, err = client.Resolve(ctx, &secretprovider.ResolveRequest{Handle: "missing"})
	if got := status.Convert(err); got.Code() != codes.NotFound || got.Message() != `secret "missing" does not exist` {
		t.Errorf("a missing secret: %v", err)
	}
	for range 2 {
		if _, err := client.Close(ctx, &secretprovider.CloseRequest{}); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	exits(ctx, t, process, "closed\n")
}

func TestInventory(t *testing.T) {
	ctx, process := startScript(t, controlPlanePlugin, "inventory")
	conn, err := Dial(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	client := inventory.NewInventoryClient(conn)
	config := map[string]string{"token": "t", "hangs": "false"}
	if _, err := client.Init(ctx, &inventory.InitRequest{Config: config}); err != nil {
		t.Fatal(err)
	}
	stream, err := client.List(ctx, &inventory.ListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		message, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		want := &inventory.InventoryEntry{
			Class: "compute", Urn: "urn:" + string(rune('0'+i)), Tags: []string{"a", "é"}, Details: []byte{0, byte(i)}, Country: "FR",
			Endpoints: []*inventory.HostEndpoint{{Type: "inet4", Endpoint: "192.0.2.1", Attributes: map[string]string{"port": "22"}}},
		}
		if !proto.Equal(message.GetEntry(), want) {
			t.Errorf("entry %d: %v", i, message)
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the end of the list: %v", err)
	}
	exits(ctx, t, process, "closed\n")
}

// exits disconnects as plaklet does: its read end first, then its write end. It
// fails unless the plugin exits with 0 and prints a text once, or nothing for "".
func exits(ctx context.Context, t *testing.T, process *pipes.Process, printed string) {
	t.Helper()
	_ = process.Conn.Close()
	exit, err := process.Wait(ctx)
	if err != nil || exit.Code != 0 || exit.Left {
		t.Errorf("exit: %+v, %v", exit, err)
	}
	if printed == "" && exit.Stderr != "" || printed != "" && strings.Count(exit.Stderr, printed) != 1 {
		t.Errorf("stderr: %q, expected %q", exit.Stderr, printed)
	}
}
