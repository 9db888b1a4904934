// Package etcdctl drives Debian's etcdctl through all that it can ask of one server.
// ETCDCTL_BIN names another etcdctl.
package etcdctl

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// ctl runs etcdctl against one server.
type ctl struct {
	t      *testing.T
	url    string
	server *server.Server
}

func start(t *testing.T, options ...server.Options) *ctl {
	t.Helper()
	s := server.Start(t, options...)
	return &ctl{t, s.URL(), s}
}

func (c *ctl) command(ctx context.Context, arguments ...string) *exec.Cmd {
	program := os.Getenv("ETCDCTL_BIN")
	if program == "" {
		program = "/usr/bin/etcdctl"
	}
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = append(os.Environ(), "ETCDCTL_API=3", "ETCDCTL_ENDPOINTS="+c.url)
	command.Dir = c.t.TempDir()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command
}

// try runs etcdctl and returns its output, standard error included, and whether it succeeded.
func (c *ctl) try(input string, arguments ...string) (string, bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	command := c.command(ctx, arguments...)
	command.Stdin = strings.NewReader(input)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	return strings.TrimSpace(output.String()), err == nil
}

// run demands success.
func (c *ctl) run(arguments ...string) string {
	c.t.Helper()
	output, ok := c.try("", arguments...)
	expect.True(c.t, ok, "etcdctl ", strings.Join(arguments, " "), " fails: ", output)
	return output
}

// is demands success and this whole output.
func (c *ctl) is(want string, arguments ...string) {
	c.t.Helper()
	expect.Equal(c.t, want, c.run(arguments...), "etcdctl ", strings.Join(arguments, " "))
}

// fails demands failure and this text in the output.
func (c *ctl) fails(text string, arguments ...string) {
	c.t.Helper()
	output, ok := c.try("", arguments...)
	expect.True(c.t, !ok, "etcdctl ", strings.Join(arguments, " "), " succeeds: ", output)
	expect.Contains(c.t, output, text)
}

// running is an etcdctl that goes on by itself: watch, lock, elect, lease keep-alive, make-mirror.
type running struct {
	t       *testing.T
	command *exec.Cmd
	lines   chan string
	input   io.WriteCloser
}

func (c *ctl) launch(arguments ...string) *running {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	r := &running{t: c.t, command: c.command(ctx, arguments...), lines: make(chan string, 1000)}
	output, err := r.command.StdoutPipe()
	expect.NoError(c.t, err)
	r.command.Stderr = r.command.Stdout
	r.input, err = r.command.StdinPipe()
	expect.NoError(c.t, err)
	expect.NoError(c.t, r.command.Start())
	go func() {
		defer close(r.lines)
		scanner := bufio.NewScanner(output)
		for scanner.Scan() {
			r.lines <- scanner.Text()
		}
	}()
	c.t.Cleanup(func() {
		cancel()
		r.command.Wait()
	})
	return r
}

// line is the next line that it prints.
func (r *running) line() string {
	r.t.Helper()
	select {
	case line, open := <-r.lines:
		expect.True(r.t, open, "etcdctl ended")
		return line
	case <-time.After(10 * time.Second):
		r.t.Fatal("no line within 10 s")
	}
	return ""
}

func (r *running) prints(want ...string) {
	r.t.Helper()
	for _, line := range want {
		expect.Equal(r.t, line, r.line())
	}
}

func (r *running) silent(while time.Duration) {
	r.t.Helper()
	select {
	case line := <-r.lines:
		r.t.Fatalf("unexpected %q", line)
	case <-time.After(while):
	}
}

func (r *running) interrupt() {
	r.t.Helper()
	expect.NoError(r.t, r.command.Process.Signal(os.Interrupt))
	for range r.lines {
	}
}
