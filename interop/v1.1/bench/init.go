//go:build unix

package bench

import (
	"context"

	"google.golang.org/grpc"

	"kloset.invalid/interop/v1.1/gen/importer"
)

// initRun only starts a plugin.
type initRun struct{ client importer.ImporterClient }

func startInit(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error) {
	client, err := openImporter(ctx, conn, job, job.config())
	answered()
	return &initRun{client}, err
}

func (*initRun) drive(context.Context) error { return nil }
func (*initRun) moved() uint64               { return 0 }
func (*initRun) check(context.Context) error { return nil }

// close makes no call: the end of the connection is measured.
func (*initRun) close(context.Context) error { return nil }
