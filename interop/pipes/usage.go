//go:build unix

package pipes

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Usage is what a plugin took of the machine.
type Usage struct {
	// CPU is the time of all its threads, in user space and in the kernel, and that
	// of the processes that it waited for.
	CPU time.Duration
	// PeakMemory is the most that it had resident, in bytes. What the host itself had
	// when it started the plugin counts: Linux hands it on.
	PeakMemory int64
}

// Usage tells what the plugin took. It must have been waited for.
func (p *Process) Usage() (Usage, error) {
	return usageOf(p.cmd.ProcessState)
}

func usageOf(state *os.ProcessState) (Usage, error) {
	if state == nil {
		return Usage{}, errors.New("the plugin has not been waited for")
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return Usage{}, errors.New("the system does not tell what the plugin used")
	}
	peak := int64(usage.Maxrss)
	if runtime.GOOS != "darwin" {
		// In KiB, but for macOS.
		peak *= 1024
	}
	return Usage{CPU: state.UserTime() + state.SystemTime(), PeakMemory: peak}, nil
}
