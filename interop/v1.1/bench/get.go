//go:build unix

package bench

import (
	"context"
	"math/rand/v2"

	"google.golang.org/grpc"
)

const (
	// The lengths of ranges that hosts ask for: those of the blobs in packfiles.
	shortestRange, longestRange = 17, 2000
	// mergedRange is the longest range of a host that merges those of neighbouring
	// blobs: plaklet, and the next Plakar.
	mergedRange = 4 << 20
	// shortestWide is the shortest of the ranges of a host that merges them if only
	// little lies between them.
	shortestWide = 2 << 20
	// seed makes the ranges the same in every run.
	seed = 20260401
)

// getRun reads the resources that were put before.
type getRun struct {
	*storage
	parts   func(n int) part
	isRange bool
	bytes   uint64
}

func startGet(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	filled, err := fill(ctx, conn, job, answered)
	if err != nil {
		return nil, err
	}
	whole := func(n int) part { return part{uint64(n % filled.kept), 0, job.Size} }
	return &getRun{storage: filled, parts: whole, bytes: uint64(job.Count) * job.Size}, nil
}

func startRanges(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	return startRangesOf(ctx, conn, job, answered, shortestRange, longestRange)
}

func startMerged(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	return startRangesOf(ctx, conn, job, answered, mergedRange, mergedRange)
}

func startWide(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	return startRangesOf(ctx, conn, job, answered, shortestWide, mergedRange)
}

func startRangesOf(ctx context.Context, conn *grpc.ClientConn, job Job, answered func(), shortest, longest uint64) (run, error) {
	filled, err := fill(ctx, conn, job, answered)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, seed))
	chosen := make([]part, job.Count)
	run := &getRun{storage: filled, parts: func(n int) part { return chosen[n] }, isRange: true}
	for n := range chosen {
		length := min(shortest+random.Uint64N(longest-shortest+1), job.Size)
		chosen[n] = part{uint64(n % filled.kept), random.Uint64N(job.Size - length + 1), length}
		run.bytes += length
	}
	return run, nil
}

func fill(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (*storage, error) {
	opened, err := openStorage(ctx, conn, job, answered)
	if err != nil {
		return nil, err
	}
	for n, content := range contents(opened.kept, job.Size) {
		if err := opened.put(ctx, n, content); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

func (r *getRun) drive(ctx context.Context) error {
	return r.each(ctx, func(ctx context.Context, n int) error { return r.get(ctx, r.parts(n), r.isRange) })
}

func (r *getRun) moved() uint64 { return r.bytes }

func (r *getRun) check(context.Context) error { return nil }
