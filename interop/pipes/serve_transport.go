package pipes

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// How a host hands over the connection.
const (
	// The plugin reads fd 0 and writes fd 1: every released Plakar.
	transportPipes = "pipes"
	// Both directions on fd 0: development builds before 1.0.3.
	transportSocket = "socket"
)

// transportVariable overrides detection, here as in the TypeScript SDK.
const transportVariable = "KLOSET_TRANSPORT"

type descriptorKind int

const (
	kindOther descriptorKind = iota
	kindPipe
	kindSocket
)

func (k descriptorKind) isStream() bool { return k != kindOther }

func findTransport() (string, error) {
	override := os.Getenv(transportVariable)
	switch override {
	case "", transportPipes, transportSocket:
	default:
		return "", fmt.Errorf("%s is %q; it can be %q or %q", transportVariable, override, transportPipes, transportSocket)
	}
	transport := chooseTransport(kindOf(os.Stdin), kindOf(os.Stdout), override, stdoutIsInherited)
	if transport == "" {
		return "", ErrNoHost
	}
	return transport, nil
}

// chooseTransport decides which transport the host uses; "" without a host. A
// host on Node passes two sockets in place of pipes; then the owner of fd 1 is
// the only difference between the transports.
func chooseTransport(input, output descriptorKind, override string, outputIsInherited func() bool) string {
	pipes := input.isStream() && output.isStream()
	switch {
	case override == transportSocket && input != kindSocket, override == transportPipes && !pipes:
		return ""
	case override != "":
		return override
	case input == kindSocket && (output != kindSocket || outputIsInherited()):
		return transportSocket
	case pipes:
		return transportPipes
	}
	return ""
}

func kindOf(file *os.File) descriptorKind {
	info, err := file.Stat()
	switch {
	case err != nil:
		return kindOther
	case info.Mode()&os.ModeNamedPipe != 0:
		return kindPipe
	case info.Mode()&os.ModeSocket != 0:
		return kindSocket
	}
	return kindOther
}

// stdoutIsInherited reports whether fd 1 is the host's own stdout and was not made
// for this process. A wrapper (a shell, npx) shares fd 0 and 1 with its child, so
// its parent is examined. Without /proc the answer is no.
func stdoutIsInherited() bool {
	input, errInput := os.Readlink("/proc/self/fd/0")
	output, errOutput := os.Readlink("/proc/self/fd/1")
	if errInput != nil || errOutput != nil {
		return false
	}
	pid := os.Getppid()
	for depth := 0; depth < 8 && pid > 1; depth++ {
		theirs := fmt.Sprintf("/proc/%d/fd/", pid)
		if link, err := os.Readlink(theirs + "1"); err != nil || link != output {
			return false
		}
		link, err := os.Readlink(theirs + "0")
		if err != nil {
			return false
		}
		if link != input {
			return true
		}
		if pid, err = parentOf(pid); err != nil {
			return false
		}
	}
	return false
}

func parentOf(pid int) (int, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// "pid (name) state ppid ...": the name may hold spaces and brackets.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/stat has no parent", pid)
	}
	return strconv.Atoi(fields[1])
}
