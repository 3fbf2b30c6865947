//go:build unix

package bench

import (
	"context"
	"encoding/binary"
	"fmt"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.1/gen/store"
)

const packfile = store.StorageResource_STORAGE_RESOURCE_PACKFILE

// storage is a storage with a repository in it.
type storage struct {
	client store.StoreClient
	job    Job
	// kept is the number of resources at the end, which bounds the memory; resource
	// n has the synthetic content n.
	kept int
}

func openStorage(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (*storage, error) {
	client := store.NewStoreClient(conn)
	_, err := client.Init(ctx, &store.InitRequest{Proto: job.protocol(), Config: job.config()})
	answered()
	if err == nil {
		_, err = client.Create(ctx, &store.CreateRequest{Config: []byte("bench")})
	}
	// One for each concurrent call, and never the one that was just put.
	return &storage{client: client, job: job, kept: max(2, min(job.Calls, job.Count))}, err
}

// macOf spreads resources over the folders of a storage, as real MACs do.
func macOf(number int) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(number)), make([]byte, 24)...)
}

func (s *storage) put(ctx context.Context, number int, content []byte) error {
	stream, err := s.client.Put(ctx)
	if err != nil {
		return err
	}
	// The name is sent first, alone.
	if err := stream.Send(&store.PutRequest{Mac: macOf(number), Type: packfile}); err != nil {
		return err
	}
	for chunk := range host.Chunks(content, host.ChunkSize) {
		if err := stream.Send(&store.PutRequest{Chunk: chunk}); err != nil {
			return err
		}
	}
	answer, err := stream.CloseAndRecv()
	if err == nil && answer.GetBytesWritten() != int64(len(content)) {
		err = fmt.Errorf("%d bytes were written, not %d", answer.GetBytesWritten(), len(content))
	}
	return err
}

// get reads a resource, or a part of it if asRange is set.
func (s *storage) get(ctx context.Context, wanted part, asRange bool) error {
	request := &store.GetRequest{Mac: macOf(int(wanted.file)), Type: packfile}
	if asRange {
		request.Range = &store.GetRequest_Range{Offset: wanted.offset, Length: uint32(wanted.length)}
	}
	stream, err := s.client.Get(ctx, request)
	if err != nil {
		return err
	}
	return readAll(wanted, func() ([]byte, error) {
		response, err := stream.Recv()
		return response.GetChunk(), err
	})
}

// each makes the calls with a given concurrency.
func (s *storage) each(ctx context.Context, call func(ctx context.Context, n int) error) error {
	numbers := make(chan int)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(numbers)
		for n := range s.job.Count {
			select {
			case numbers <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	return host.Each(ctx, s.job.Calls, numbers, func(ctx context.Context, n int) error {
		if err := call(ctx, n); err != nil {
			return fmt.Errorf("call %d: %w", n, err)
		}
		return nil
	})
}

func (s *storage) close(ctx context.Context) error {
	_, err := s.client.Close(ctx, &store.CloseRequest{})
	return err
}
