//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/v1.1/host"
)

// Measures holds the figures of a job.
type Measures struct {
	// Seconds of the work itself.
	Seconds float64 `json:"seconds"`
	// Bytes of content transferred in them.
	Bytes uint64 `json:"bytes"`
	// CPUSeconds are the plugin's, from its start to its end.
	CPUSeconds float64 `json:"cpuSeconds"`
	// PeakBytes is the plugin's largest resident set.
	PeakBytes int64 `json:"peakBytes"`
	// AnswerSeconds is the time from the start of the process to the answer of Init.
	AnswerSeconds float64 `json:"answerSeconds"`
	// ExitSeconds is the time from the start of the process to its end.
	ExitSeconds float64 `json:"exitSeconds"`
}

// Measure starts the plugin, runs the job, checks everything that arrives, and
// waits for the plugin to exit.
func Measure(ctx context.Context, job Job) (measures Measures, err error) {
	if err := job.Check(); err != nil {
		return measures, err
	}
	job, remove, err := job.withFolder()
	if err != nil {
		return measures, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	ctx, cancel := context.WithCancel(ctx)
	// A plugin that has not ended by then is killed.
	defer cancel()
	began := time.Now()
	process, err := pipes.Start(ctx, pipes.Command{Path: job.Plugin[0], Args: job.Plugin[1:]})
	if err != nil {
		return measures, err
	}
	defer func() {
		if text := process.Stderr(); err != nil && text != "" {
			err = fmt.Errorf("%w; the plugin printed: %s", err, text)
		}
	}()
	conn, err := host.Dial(process.Conn)
	if err != nil {
		return measures, err
	}
	answered := func() { measures.AnswerSeconds = time.Since(began).Seconds() }
	run, err := works[job.Work].start(ctx, conn, job, answered)
	if err != nil {
		return measures, fmt.Errorf("before the work: %w", err)
	}
	since := time.Now()
	err = run.drive(ctx)
	measures.Seconds = time.Since(since).Seconds()
	if err != nil {
		return measures, err
	}
	measures.Bytes = run.moved()
	if err := errors.Join(run.check(ctx), run.close(ctx)); err != nil {
		return measures, fmt.Errorf("after the work: %w", err)
	}
	return measures, end(ctx, process, began, &measures)
}

// end disconnects the host and fails unless the plugin exits without output.
func end(ctx context.Context, process *pipes.Process, began time.Time, measures *Measures) error {
	if err := process.Conn.CloseWrite(); err != nil {
		return err
	}
	exit, err := process.Wait(ctx)
	if err != nil {
		return err
	}
	measures.ExitSeconds = time.Since(began).Seconds()
	if exit.Code != 0 || exit.Stderr != "" {
		return fmt.Errorf("the plugin ended with code %d, and printed %q", exit.Code, exit.Stderr)
	}
	usage, err := process.Usage()
	measures.CPUSeconds, measures.PeakBytes = usage.CPU.Seconds(), usage.PeakMemory
	return err
}
