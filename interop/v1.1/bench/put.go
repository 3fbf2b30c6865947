//go:build unix

package bench

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"kloset.invalid/interop/v1.1/gen/store"
)

type putRun struct {
	*storage
	contents [][]byte
}

func startPut(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	opened, err := openStorage(ctx, conn, job, answered)
	if err != nil {
		return nil, err
	}
	return &putRun{opened, contents(opened.kept, job.Size)}, nil
}

func (r *putRun) drive(ctx context.Context) error {
	return r.each(ctx, func(ctx context.Context, n int) error {
		return r.put(ctx, n%r.kept, r.contents[n%r.kept])
	})
}

func (r *putRun) moved() uint64 { return uint64(r.job.Count) * r.job.Size }

// check reads everything back.
func (r *putRun) check(ctx context.Context) error {
	list, err := r.client.List(ctx, &store.ListRequest{Type: packfile})
	if err != nil {
		return err
	}
	want := min(r.kept, r.job.Count)
	if len(list.GetMacs()) != want {
		return fmt.Errorf("%d resources are listed, not %d", len(list.GetMacs()), want)
	}
	for n := range want {
		if err := r.get(ctx, part{uint64(n), 0, r.job.Size}, false); err != nil {
			return fmt.Errorf("resource %d: %w", n, err)
		}
	}
	return nil
}
