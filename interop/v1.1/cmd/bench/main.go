//go:build unix

// Command bench drives a plugin of generation v1.1 once and prints its figures as
// a line of JSON: see bench/ in the project's top folder.
//
//	bench -work WORK [-count N] [-size N] [-calls N] [-config key=value ...] PLUGIN [ARGUMENT ...]
//	bench -work tree -folder FOLDER [-calls N] [-config key=value ...] PLUGIN [ARGUMENT ...]
//	bench -work WORK -folder FOLDER [-count N] ... -config location=PROTOCOL:// PLUGIN [ARGUMENT ...]
//	bench -work exec COMMAND [ARGUMENT ...]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/bench"
)

func main() {
	var settings []string
	job := bench.Job{}
	flag.StringVar(&job.Work, "work", "", "what is to be done: exec, "+strings.Join(bench.Works(), ", "))
	flag.IntVar(&job.Count, "count", 1, "files, or calls")
	flag.Uint64Var(&job.Size, "size", 1024, "bytes of each")
	flag.IntVar(&job.Calls, "calls", 1, "calls at once")
	flag.StringVar(&job.Folder, "folder", "", "what the work \"tree\" imports; others make a folder in it, which completes the location")
	limit := flag.Duration("limit", 10*time.Minute, "time after which the work has hung")
	flag.Func("config", "key=value for the plugin's configuration", func(text string) error {
		settings = append(settings, text)
		return nil
	})
	flag.Parse()
	job.Plugin = flag.Args()

	// Not context.WithTimeout: each call would have a deadline, and Plakar's have none.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hung := time.AfterFunc(*limit, cancel)
	measures, err := measure(ctx, job, settings)
	if !hung.Stop() {
		err = errors.Join(fmt.Errorf("not done after %v", *limit), err)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(measures)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s: %v\n", job.Work, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, job bench.Job, settings []string) (bench.Measures, error) {
	if job.Work == "exec" {
		return bench.MeasureCommand(ctx, job.Plugin)
	}
	config, err := synthetic.ParseArgs(settings)
	if err != nil {
		return bench.Measures{}, err
	}
	job.Config = config
	return bench.Measure(ctx, job)
}
