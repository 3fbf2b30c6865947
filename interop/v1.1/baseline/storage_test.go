package baseline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/store"
)

func startStorage(t *testing.T, location string) (context.Context, store.StoreClient) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "storage", nil)
	client := store.NewStoreClient(host)
	response, err := client.Init(ctx, &store.InitRequest{Config: map[string]string{"location": location}})
	if err != nil {
		t.Fatal(err)
	}
	if response.Root == "" || response.Type == "" || response.Origin == "" {
		t.Errorf("%v", response)
	}
	return ctx, client
}

func mac(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func putState(ctx context.Context, client store.StoreClient, mac []byte, chunks ...[]byte) (int64, error) {
	stream, err := client.Put(ctx)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(&store.PutRequest{Mac: mac, Type: store.StorageResource_STORAGE_RESOURCE_STATE}); err != nil {
		return 0, err
	}
	for _, chunk := range chunks {
		if err := stream.Send(&store.PutRequest{Chunk: chunk}); err != nil {
			return 0, errors.Join(errors.New("not everything was taken"), err)
		}
	}
	response, err := stream.CloseAndRecv()
	return response.GetBytesWritten(), err
}

func get(ctx context.Context, client store.StoreClient, request *store.GetRequest) ([]byte, error) {
	stream, err := client.Get(ctx, request)
	if err != nil {
		return nil, err
	}
	var content []byte
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
		if n := len(response.Chunk); n == 0 || n > synthetic.ChunkSize {
			return nil, errors.New("a chunk of a wrong size")
		}
		content = append(content, response.Chunk...)
	}
}

func states(t *testing.T, ctx context.Context, client store.StoreClient) [][]byte {
	t.Helper()
	response, err := client.List(ctx, &store.ListRequest{Type: store.StorageResource_STORAGE_RESOURCE_STATE})
	if err != nil {
		t.Fatal(err)
	}
	return response.Macs
}

func TestStorage(t *testing.T) {
	const state = store.StorageResource_STORAGE_RESOURCE_STATE
	content := make([]byte, 3_000_001)
	synthetic.Fill(content, 1, 0)
	for _, location := range []string{"mem://", "mem://one", "gomem://" + filepath.Join(t.TempDir(), "repository")} {
		ctx, client := startStorage(t, location)
		if _, err := client.Open(ctx, &store.OpenRequest{}); err == nil {
			t.Error("opened before it was created")
		}
		if _, err := client.Create(ctx, &store.CreateRequest{Config: []byte("configuration")}); err != nil {
			t.Fatal(err)
		}
		if response, err := client.Open(ctx, &store.OpenRequest{}); string(response.GetConfig()) != "configuration" {
			t.Errorf("%v, %v", response, err)
		}
		if n, err := putState(ctx, client, mac(1), content[:1<<20], nil, content[1<<20:]); n != int64(len(content)) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got, err := get(ctx, client, &store.GetRequest{Mac: mac(1), Type: state}); !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		part := &store.GetRequest_Range{Offset: 1_000_000, Length: 2_000_000}
		if got, err := get(ctx, client, &store.GetRequest{Mac: mac(1), Type: state, Range: part}); !bytes.Equal(got, content[1_000_000:3_000_000]) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		none := &store.GetRequest_Range{Offset: 1 << 63, Length: 2}
		if got, err := get(ctx, client, &store.GetRequest{Mac: mac(1), Type: state, Range: none}); len(got) != 0 || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if response, err := client.Size(ctx, &store.SizeRequest{}); response.GetSize() != int64(len(content)) {
			t.Errorf("%v, %v", response, err)
		}
		if response, err := client.Mode(ctx, &store.ModeRequest{}); response.GetMode() != 6 {
			t.Errorf("%v, %v", response, err)
		}
		if _, err := client.Close(ctx, &store.CloseRequest{}); err != nil {
			t.Error(err)
		}
		// Hosts delete their lock after Close.
		if _, err := client.Delete(ctx, &store.DeleteRequest{Mac: mac(1), Type: state}); err != nil {
			t.Error(err)
		}
		if macs := states(t, ctx, client); len(macs) != 0 {
			t.Errorf("%v is left", macs)
		}
	}
}

func TestStorageFailures(t *testing.T) {
	ctx, client := startStorage(t, "mem://x")
	name := strings.Repeat("01", 32)
	_, err := get(ctx, client, &store.GetRequest{Mac: mac(1), Type: 1})
	servingtest.ExpectError(t, err, "there is no packfile "+name)
	_, err = client.Delete(ctx, &store.DeleteRequest{Mac: mac(1), Type: 3})
	servingtest.ExpectError(t, err, "there is no lock "+name)
	_, err = get(ctx, client, &store.GetRequest{Mac: mac(1), Type: 9})
	servingtest.ExpectError(t, err, "there is no storage resource of type 9")
	_, err = client.List(ctx, &store.ListRequest{})
	servingtest.ExpectError(t, err, "there is no storage resource of type 0")
	_, err = get(ctx, client, &store.GetRequest{Mac: mac(1)[:31], Type: 1})
	servingtest.ExpectError(t, err, "a MAC has 32 bytes, not 31")
	_, err = putState(ctx, client, mac(1)[:31], make([]byte, 1<<20), make([]byte, 1<<20), make([]byte, 1<<20))
	servingtest.ExpectError(t, err, "a MAC has 32 bytes, not 31")
	_, err = client.Init(ctx, &store.InitRequest{Config: map[string]string{"location": "mem://x"}})
	servingtest.ExpectError(t, err, "Init was called twice")
}

func TestCancelledPutKeepsNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "repository")
	for _, location := range []string{"mem://x", "gomem://" + root} {
		ctx, client := startStorage(t, location)
		if _, err := client.Create(ctx, &store.CreateRequest{}); err != nil {
			t.Fatal(err)
		}
		putting, cancel := context.WithCancel(ctx)
		stream, err := client.Put(putting)
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []*store.PutRequest{{Mac: mac(1), Type: 2}, {Chunk: []byte("half")}} {
			if err := stream.Send(request); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		// Not CloseAndRecv: its half-close could overtake the cancellation.
		if err := stream.RecvMsg(&store.PutResponse{}); err == nil {
			t.Error("a cancelled put succeeds")
		}
		if macs := states(t, ctx, client); len(macs) != 0 {
			t.Errorf("%x is kept", macs)
		}
	}
}

// The plugin has ended before the directory is examined: this tests a Put that the
// end of the host cuts off.
func TestEndOfHostLeavesNothingHalfWritten(t *testing.T) {
	root := filepath.Join(t.TempDir(), "repository")
	t.Run("host", func(t *testing.T) {
		ctx, client := startStorage(t, "gomem://"+root)
		if _, err := client.Create(ctx, &store.CreateRequest{}); err != nil {
			t.Fatal(err)
		}
		stream, err := client.Put(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []*store.PutRequest{{Mac: mac(1), Type: 2}, {Chunk: []byte("half")}} {
			if err := stream.Send(request); err != nil {
				t.Fatal(err)
			}
		}
		for {
			// The plugin has begun to write.
			if files, err := os.ReadDir(filepath.Join(root, "tmp")); len(files) == 1 || err != nil {
				break
			}
		}
	})
	for _, folder := range []string{"tmp", "state"} {
		if files, err := os.ReadDir(filepath.Join(root, folder)); len(files) != 0 || err != nil {
			t.Errorf("%s: %v, %v", folder, files, err)
		}
	}
}
