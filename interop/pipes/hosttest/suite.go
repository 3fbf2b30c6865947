//go:build unix

// Package hosttest drives the plugins of a file system as Plakar does, and
// checks every byte. Each generation's host runs it.
package hosttest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kloset.invalid/interop/pipes"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/pipes/wiretap"
)

// distVariable names the folder with the plugin's executables.
const distVariable = "KLOSET_FS_DIST"

// Generation holds the differences between the hosts.
type Generation struct {
	// Name as on the wire: "v1.0".
	Name    string
	Connect func(net.Conn) (host.Client, error)
	// Transports that hosts of this generation use.
	Transports []pipes.Transport
	// Xattrs is true where extended attributes are carried.
	Xattrs bool
	// Specials is true where named pipes are restored.
	Specials bool
	// Release is the version of Plakar whose transcripts are followed.
	Release string
}

// Suite is a generation with the state that its tests share.
type Suite struct {
	Generation
	dist string
	// sample is a tree that no test changes, and its entries.
	sample  string
	entries []tree.Entry
}

// Run runs the tests that both generations share.
func Run(t *testing.T, generation Generation) {
	s := &Suite{Generation: generation, dist: distFolder(t), sample: filepath.Join(tempDir(t), "sample")}
	if err := os.Mkdir(s.sample, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := tree.Sample(s.sample); err != nil {
		t.Fatal(err)
	}
	s.entries = readTree(t, s.sample)
	t.Run("importer", s.importer)
	t.Run("exporter", s.exporter)
	t.Run("storage", s.storage)
	t.Run("transcripts", s.transcripts)
	if s.Name == "v1.1" {
		t.Run("plaklet", s.plaklet)
		t.Run("the next Plakar", s.nextPlakar)
	}
}

func distFolder(t *testing.T) string {
	folder := os.Getenv(distVariable)
	if folder == "" {
		folder = "../../../plugins/fs/dist"
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Fatalf("no plugin to test: %v (npm run build makes it, %s names another)", err, distVariable)
	}
	return folder
}

// tempDir makes a directory and returns its path without symbolic links, as the
// plugin reports it.
func tempDir(t *testing.T) string {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// repositoryDir makes a directory for a repository, in memory where the system has
// such a file system: a storage syncs what it writes, which takes most of the time on
// a disk. One test works on the disk.
func repositoryDir(t *testing.T) string {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return tempDir(t)
	}
	folder, err := os.MkdirTemp(memory, "kloset-repository-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func readTree(t *testing.T, top string) []tree.Entry {
	t.Helper()
	entries, err := tree.Read(top)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// leaveTimeout bounds the wait for the end of a plugin, on a busy machine.
const leaveTimeout = time.Minute

// session is a running plugin and the host connected to it.
type session struct {
	host.Client
	t       *testing.T
	process *pipes.Process
	tap     *wiretap.Tap
	// stdout is the host's own, where a plugin on a socket must print nothing.
	stdout *os.File
	left   bool
	// stderr holds parts of what the plugin must print, each once; if empty, it must print nothing.
	stderr []string
}

// start starts tsfs-<connector>. The end of the test disconnects it, and fails if
// the plugin broke a rule of the wire contract.
func (s *Suite) start(t *testing.T, connector string, transport pipes.Transport, args ...string) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	command := pipes.Command{Path: filepath.Join(s.dist, "tsfs-"+connector+".cjs"), Args: args, Transport: transport}
	session := &session{t: t}
	if transport == pipes.Socketpair {
		var err error
		if session.stdout, err = os.CreateTemp(t.TempDir(), "stdout"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = session.stdout.Close() })
		command.Stdout = session.stdout
	}
	process, err := pipes.Start(ctx, command)
	if err != nil {
		t.Fatal(err)
	}
	session.process = process
	session.tap = wiretap.New(process.Conn)
	t.Cleanup(session.leave)
	if session.Client, err = s.Connect(session.tap); err != nil {
		t.Fatal(err)
	}
	return session
}

// leave ends the plugin's input and reads its remaining output.
func (s *session) leave() {
	s.t.Helper()
	if s.left {
		return
	}
	s.allAnswered()
	s.end(s.process.Conn.CloseWrite)
}

// vanish closes both directions at once, like a host that exits.
func (s *session) vanish() {
	s.t.Helper()
	s.end(s.process.Conn.Close)
}

func (s *session) end(closeConn func() error) {
	s.t.Helper()
	s.left = true
	if err := closeConn(); err != nil {
		s.t.Errorf("closing the connection: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	exit, err := s.process.Wait(ctx)
	_ = s.process.Conn.Close()
	if err != nil {
		s.t.Errorf("the plugin does not end: %v", err)
		_ = s.process.Kill()
		return
	}
	if exit.Code != 0 {
		s.t.Errorf("exit %d, signal %d", exit.Code, exit.Signal)
	}
	if exit.Left {
		s.t.Error("a process of the plugin's outlived it")
	}
	once := func(part string) bool { return strings.Count(exit.Stderr, part) == 1 }
	if len(s.stderr) == 0 && exit.Stderr != "" || !all(s.stderr, once) {
		s.t.Errorf("stderr: %q, expected %q", exit.Stderr, s.stderr)
	}
	if violations := s.tap.Violations(); len(violations) > 0 {
		s.t.Errorf("on the wire: %q", violations)
	}
	if s.stdout != nil {
		if printed, err := os.ReadFile(s.stdout.Name()); err != nil || len(printed) > 0 {
			s.t.Errorf("on the host's stdout: %q, %v", printed, err)
		}
	}
}

// allAnswered waits for the plugin's answers to PINGs and SETTINGS.
func (s *session) allAnswered() {
	s.t.Helper()
	s.eventually("PINGs and SETTINGS answered", func() bool {
		counts := s.tap.Counts()
		// grpc-go's first SETTINGS contain no window.
		return counts.PingAcks == counts.Pings && counts.SettingsAcks >= len(counts.InitialWindows)
	})
}

// eventually polls a condition.
func (s *session) eventually(what string, is func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(leaveTimeout)
	for !is() {
		if time.Now().After(deadline) {
			s.t.Errorf("never %s: %+v", what, s.tap.Counts())
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// bounded returns the context of a whole test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func all[T any](items []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !holds(item) })
}

func must[T any](t *testing.T, make func() (T, error)) T {
	t.Helper()
	value, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func plakarOptions() host.Options {
	cwd, _ := os.Getwd()
	return host.Options{Hostname: "vm", OS: "linux", Arch: "amd64", Cwd: cwd, MaxConcurrency: 1}
}
