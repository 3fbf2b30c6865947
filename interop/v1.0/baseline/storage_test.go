package baseline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/store"
)

func startStorage(t *testing.T, location string) (context.Context, store.StoreClient) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "storage", nil)
	client := store.NewStoreClient(host)
	if _, err := client.Init(ctx, &store.InitRequest{Config: map[string]string{"location": location}}); err != nil {
		t.Fatal(err)
	}
	// With another mode hosts would silently back up nothing.
	if response, err := client.GetLocation(ctx, &store.GetLocationRequest{}); response.GetLocation() != location {
		t.Errorf("%v, %v", response, err)
	}
	return ctx, client
}

func mac(fill byte) *store.MAC { return &store.MAC{Value: bytes.Repeat([]byte{fill}, 32)} }

// calls holds the RPCs of one kind of resource, which differ only in their types.
type calls struct {
	put    func(mac *store.MAC, chunks ...[]byte) (int64, error)
	get    func(mac *store.MAC) ([]byte, error)
	delete func(mac *store.MAC) error
	list   func() ([]*store.MAC, error)
}

func callsOf(ctx context.Context, client store.StoreClient) map[string]calls {
	return map[string]calls{
		"state": {
			put: func(mac *store.MAC, chunks ...[]byte) (int64, error) {
				stream, err := client.PutState(ctx)
				if err != nil {
					return 0, err
				}
				if err := stream.Send(&store.PutStateRequest{Mac: mac}); err != nil {
					return 0, err
				}
				for _, chunk := range chunks {
					if err := stream.Send(&store.PutStateRequest{Chunk: chunk}); err != nil {
						return 0, errors.Join(errors.New("not everything was taken"), err)
					}
				}
				response, err := stream.CloseAndRecv()
				return response.GetBytesWritten(), err
			},
			get: func(mac *store.MAC) ([]byte, error) {
				stream, err := client.GetState(ctx, &store.GetStateRequest{Mac: mac})
				return readAll(stream, err)
			},
			delete: func(mac *store.MAC) error {
				_, err := client.DeleteState(ctx, &store.DeleteStateRequest{Mac: mac})
				return err
			},
			list: func() ([]*store.MAC, error) {
				response, err := client.GetStates(ctx, &store.GetStatesRequest{})
				return response.GetMacs(), err
			},
		},
		"packfile": {
			put: func(mac *store.MAC, chunks ...[]byte) (int64, error) {
				stream, err := client.PutPackfile(ctx)
				if err != nil {
					return 0, err
				}
				if err := stream.Send(&store.PutPackfileRequest{Mac: mac}); err != nil {
					return 0, err
				}
				for _, chunk := range chunks {
					if err := stream.Send(&store.PutPackfileRequest{Chunk: chunk}); err != nil {
						return 0, errors.Join(errors.New("not everything was taken"), err)
					}
				}
				response, err := stream.CloseAndRecv()
				return response.GetBytesWritten(), err
			},
			get: func(mac *store.MAC) ([]byte, error) {
				stream, err := client.GetPackfile(ctx, &store.GetPackfileRequest{Mac: mac})
				return readAll(stream, err)
			},
			delete: func(mac *store.MAC) error {
				_, err := client.DeletePackfile(ctx, &store.DeletePackfileRequest{Mac: mac})
				return err
			},
			list: func() ([]*store.MAC, error) {
				response, err := client.GetPackfiles(ctx, &store.GetPackfilesRequest{})
				return response.GetMacs(), err
			},
		},
		"lock": {
			put: func(mac *store.MAC, chunks ...[]byte) (int64, error) {
				stream, err := client.PutLock(ctx)
				if err != nil {
					return 0, err
				}
				if err := stream.Send(&store.PutLockRequest{Mac: mac}); err != nil {
					return 0, err
				}
				for _, chunk := range chunks {
					if err := stream.Send(&store.PutLockRequest{Chunk: chunk}); err != nil {
						return 0, errors.Join(errors.New("not everything was taken"), err)
					}
				}
				response, err := stream.CloseAndRecv()
				return response.GetBytesWritten(), err
			},
			get: func(mac *store.MAC) ([]byte, error) {
				stream, err := client.GetLock(ctx, &store.GetLockRequest{Mac: mac})
				return readAll(stream, err)
			},
			delete: func(mac *store.MAC) error {
				_, err := client.DeleteLock(ctx, &store.DeleteLockRequest{Mac: mac})
				return err
			},
			list: func() ([]*store.MAC, error) {
				response, err := client.GetLocks(ctx, &store.GetLocksRequest{})
				return response.GetMacs(), err
			},
		},
	}
}

type chunkStream[R any] interface{ Recv() (R, error) }

func readAll[R interface{ GetChunk() []byte }](stream chunkStream[R], err error) ([]byte, error) {
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
		if n := len(response.GetChunk()); n == 0 || n > synthetic.ChunkSize {
			return nil, errors.New("a chunk of a wrong size")
		}
		content = append(content, response.GetChunk()...)
	}
}

func TestStorage(t *testing.T) {
	content := make([]byte, 3_000_001)
	synthetic.Fill(content, 1, 0)
	for _, location := range []string{"mem://one", "gomem://" + filepath.Join(t.TempDir(), "repository")} {
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
		if response, err := client.GetMode(ctx, &store.GetModeRequest{}); response.GetMode() != 6 {
			t.Errorf("%v, %v", response, err)
		}
		for kind, call := range callsOf(ctx, client) {
			if n, err := call.put(mac(1), content[:1<<20], nil, content[1<<20:]); n != int64(len(content)) || err != nil {
				t.Errorf("%s: %d, %v", kind, n, err)
			}
			if got, err := call.get(mac(1)); !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes, %v", kind, len(got), err)
			}
			if n, err := call.put(mac(1), []byte(kind)); n != int64(len(kind)) || err != nil {
				t.Errorf("%s: %d, %v", kind, n, err)
			}
			if n, err := call.put(mac(2)); n != 0 || err != nil {
				t.Errorf("%s: %d, %v", kind, n, err)
			}
		}
		if response, err := client.GetSize(ctx, &store.GetSizeRequest{}); response.GetSize() != int64(len("state")+len("packfile")+len("lock")) {
			t.Errorf("%v, %v", response, err)
		}
		if _, err := client.Close(ctx, &store.CloseRequest{}); err != nil {
			t.Error(err)
		}
		// Hosts delete their lock after Close.
		for kind, call := range callsOf(ctx, client) {
			if got, err := call.get(mac(1)); string(got) != kind {
				t.Errorf("%s: %q, %v", kind, got, err)
			}
			if err := call.delete(mac(1)); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			if macs, err := call.list(); len(macs) != 1 || !bytes.Equal(macs[0].GetValue(), mac(2).Value) {
				t.Errorf("%s: %v, %v", kind, macs, err)
			}
		}
	}
}

func TestPackfileBlobs(t *testing.T) {
	ctx, client := startStorage(t, "mem://x")
	if _, err := callsOf(ctx, client)["packfile"].put(mac(1), []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		offset uint64
		length uint32
		want   string
	}{{0, 10, "0123456789"}, {3, 4, "3456"}, {8, 10, "89"}, {10, 1, ""}, {1<<64 - 1, 1, ""}, {2, 0, ""}} {
		stream, err := client.GetPackfileBlob(ctx, &store.GetPackfileBlobRequest{Mac: mac(1), Offset: c.offset, Length: c.length})
		if got, err := readAll(stream, err); string(got) != c.want || err != nil {
			t.Errorf("%d+%d: %q, %v", c.offset, c.length, got, err)
		}
	}
	stream, err := client.GetPackfileBlob(ctx, &store.GetPackfileBlobRequest{Mac: mac(2), Length: 1})
	_, err = readAll(stream, err)
	servingtest.ExpectError(t, err, "there is no packfile "+strings.Repeat("02", 32))
}

func TestStorageFailures(t *testing.T) {
	ctx, client := startStorage(t, "mem://x")
	short := &store.MAC{Value: make([]byte, 31)}
	for kind, call := range callsOf(ctx, client) {
		missing := "there is no " + kind + " " + strings.Repeat("01", 32)
		_, err := call.get(mac(1))
		servingtest.ExpectError(t, err, missing)
		servingtest.ExpectError(t, call.delete(mac(1)), missing)
		for length, name := range map[string]*store.MAC{"31": short, "0": nil} {
			wrong := "a MAC has 32 bytes, not " + length
			_, err = call.get(name)
			servingtest.ExpectError(t, err, wrong)
			servingtest.ExpectError(t, call.delete(name), wrong)
			_, err = call.put(name, make([]byte, 1<<20), make([]byte, 1<<20), make([]byte, 1<<20))
			servingtest.ExpectError(t, err, wrong)
		}
		if macs, err := call.list(); len(macs) != 0 || err != nil {
			t.Errorf("%s: %v, %v", kind, macs, err)
		}
	}
}

func TestCancelledPutKeepsNothing(t *testing.T) {
	for _, location := range []string{"mem://x", "gomem://" + filepath.Join(t.TempDir(), "repository")} {
		ctx, client := startStorage(t, location)
		if _, err := client.Create(ctx, &store.CreateRequest{}); err != nil {
			t.Fatal(err)
		}
		putting, cancel := context.WithCancel(ctx)
		stream, err := client.PutState(putting)
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []*store.PutStateRequest{{Mac: mac(1)}, {Chunk: []byte("half")}} {
			if err := stream.Send(request); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		// Not CloseAndRecv: its half-close could overtake the cancellation.
		if err := stream.RecvMsg(&store.PutStateResponse{}); err == nil {
			t.Error("a cancelled put succeeds")
		}
		if macs, err := callsOf(ctx, client)["state"].list(); len(macs) != 0 || err != nil {
			t.Errorf("%v, %v", macs, err)
		}
	}
}
