//go:build unix

package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/grpc"

	"kloset.invalid/interop/v1.1/gen/store"
)

// listRun lists Count resources once.
type listRun struct {
	*storage
}

// startList puts one resource. The others are empty files beside it: putting each
// would take longer than everything else.
func startList(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	opened, err := openStorage(ctx, conn, job, answered)
	if err != nil {
		return nil, err
	}
	if err := opened.put(ctx, 0, []byte("resource")); err != nil {
		return nil, err
	}
	return &listRun{opened}, addEmpty(job.path(), job.Count)
}

func addEmpty(root string, count int) error {
	nameOf := func(number int) string { return hex.EncodeToString(macOf(number)) }
	first := ""
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Base(path) == nameOf(0) {
			first = path
		}
		return err
	})
	if err == nil && first == "" {
		err = fmt.Errorf("no file in %q has the name of the first resource", root)
	}
	if err != nil {
		return err
	}
	folder := filepath.Dir(first)
	// A folder for each first byte of a MAC.
	spread := filepath.Base(folder) == nameOf(0)[:2]
	for number := 1; number < count; number++ {
		path := filepath.Join(folder, nameOf(number))
		if spread {
			path = filepath.Join(filepath.Dir(folder), nameOf(number)[:2], nameOf(number))
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (r *listRun) drive(ctx context.Context) error {
	list, err := r.client.List(ctx, &store.ListRequest{Type: packfile})
	if err != nil {
		return err
	}
	listed := make(map[string]bool, len(list.GetMacs()))
	for _, mac := range list.GetMacs() {
		listed[string(mac)] = true
	}
	if len(listed) != r.job.Count || len(list.GetMacs()) != r.job.Count {
		return fmt.Errorf("%d resources are listed, not %d", len(list.GetMacs()), r.job.Count)
	}
	if !listed[string(macOf(r.job.Count-1))] {
		return errors.New("the last resource is not listed")
	}
	return nil
}

func (r *listRun) moved() uint64 { return 0 }

func (r *listRun) check(context.Context) error { return nil }
