//go:build unix

package bench

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// MeasureCommand runs a command that is not a plugin to its end, to measure a bare
// runtime.
func MeasureCommand(ctx context.Context, command []string) (Measures, error) {
	if len(command) == 0 {
		return Measures{}, fmt.Errorf("the command is missing")
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return Measures{}, fmt.Errorf("%s: %w", command[0], err)
	}
	took := time.Since(began).Seconds()
	return Measures{ExitSeconds: took, CPUSeconds: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}, nil
}
