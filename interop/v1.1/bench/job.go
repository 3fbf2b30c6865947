//go:build unix

package bench

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/synthetic"
)

// Job describes the work of a plugin.
type Job struct {
	// Work is a name in [Works].
	Work string
	// Plugin is the command that starts it.
	Plugin []string
	// Config is sent at Init, with the location.
	Config map[string]string
	// Count is the number of files, or of calls.
	Count int
	// Size is that of each file or resource, in bytes.
	Size uint64
	// Calls is the number of calls at once.
	Calls int
	// Folder is imported by the work "tree". Other works make a folder in it, which
	// completes the location and is removed at the end.
	Folder string
}

// work drives a plugin.
type work struct {
	// start prepares the run without being measured; the plugin answers Init first.
	start func(ctx context.Context, conn *grpc.ClientConn, job Job, answered func()) (run, error)
}

// run is the measured part and the checks after it.
type run interface {
	drive(ctx context.Context) error
	// moved is the number of bytes of content that were transferred.
	moved() uint64
	// check fails if the plugin has done less than requested.
	check(ctx context.Context) error
	// close is a host's Close.
	close(ctx context.Context) error
}

var works = map[string]work{
	"records": {startRecords},
	"import":  {startImport},
	"export":  {startExport},
	"put":     {startPut},
	"get":     {startGet},
	"ranges":  {startRanges},
	"merged":  {startMerged},
	"init":    {startInit},
	"tree":    {startTree},

	"backup":  {startBackup},
	"wide":    {startWide},
	"list":    {startList},
	"restore": {startRestore},
	"mixed":   {startMixed},
}

// Works lists the names of the kinds of work.
func Works() []string { return slices.Sorted(maps.Keys(works)) }

// Check fails for an invalid job.
func (j Job) Check() error {
	if _, ok := works[j.Work]; !ok {
		return fmt.Errorf("there is no work %q: it is one of %s", j.Work, strings.Join(Works(), ", "))
	}
	if len(j.Plugin) == 0 {
		return fmt.Errorf("the command of the plugin is missing")
	}
	if j.Count < 1 {
		return fmt.Errorf("count is %d: 1 or more is needed", j.Count)
	}
	if j.Calls < 1 {
		return fmt.Errorf("calls is %d: 1 or more is needed", j.Calls)
	}
	return nil
}

func (j Job) config() map[string]string {
	config := map[string]string{"location": "bench://memory"}
	maps.Copy(config, j.Config)
	return config
}

// withFolder returns the job with a new folder in its location, and a function that
// removes the folder.
func (j Job) withFolder() (Job, func() error, error) {
	if j.Folder == "" || j.Work == "tree" {
		return j, func() error { return nil }, nil
	}
	folder, err := os.MkdirTemp(j.Folder, "kloset-bench-")
	if err != nil {
		return j, nil, err
	}
	j.Config = j.config()
	j.Config["location"] += folder
	return j, func() error { return os.RemoveAll(folder) }, nil
}

// path returns the folder of the location.
func (j Job) path() string { return synthetic.PathOf(j.config()["location"]) }

// protocol returns the protocol of the location.
func (j Job) protocol() string {
	protocol, _, _ := strings.Cut(j.config()["location"], "://")
	return protocol
}
