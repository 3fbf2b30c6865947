//go:build unix

package pipes

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Usage holds the resources that a plugin used.
type Usage struct {
	// CPU is the time of all threads in user space and in the kernel, and of the
	// processes that the plugin waited for.
	CPU time.Duration
	// PeakMemory is the largest resident set in bytes. It includes the host's at the
	// start of the plugin, which Linux passes on to child processes.
	PeakMemory int64
}

// Usage returns the resources that the plugin used. Call it after Wait.
func (p *Process) Usage() (Usage, error) {
	return usageOf(p.cmd.ProcessState)
}

func usageOf(state *os.ProcessState) (Usage, error) {
	if state == nil {
		return Usage{}, errors.New("the plugin has not been waited for")
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return Usage{}, errors.New("the system does not report what the plugin used")
	}
	peak := int64(usage.Maxrss)
	if runtime.GOOS != "darwin" {
		// In KiB, except on macOS.
		peak *= 1024
	}
	return Usage{CPU: state.UserTime() + state.SystemTime(), PeakMemory: peak}, nil
}
