package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	queryTimeout = 30 * time.Second
)

// Instance is one database server: running, or one that has run and can be started again on its
// data and addresses. It is used by one goroutine at a time, except that the text functions (DSN,
// Address) and Query may be called at any time.
type Instance struct {
	Kind Kind

	name      string // for messages
	directory string // of its data, socket and log; empty where another process started the server
	borrowed  bool   // other tests use it too
	port      int
	socket    string
	account   *syscall.Credential

	program     string
	settings    []string // of Options
	environment []string // the same
	arguments   func() []string
	stopSignal  syscall.Signal
	ready       func() bool
	client      func(ctx context.Context, name, sql string) *exec.Cmd

	command *exec.Cmd
	exited  chan struct{}
}

// newInstance makes an empty directory for a server of this name and account.
func newInstance(kind Kind, name, account string, o Options) (*Instance, error) {
	i := &Instance{Kind: kind, name: name}
	var err error
	if i.account, err = accountOf(account); err != nil {
		return nil, err
	}
	// Not the test's own temporary directory: that one is closed to other users, and its name may be
	// too long for a socket's.
	if i.directory, err = os.MkdirTemp("", "kvshim-"+name+"-"); err != nil {
		return nil, err
	}
	if err = guarded(i.directory); err != nil {
		return i, err
	}
	if err = give(i.directory, i.account); err != nil {
		return i, err
	}
	for file, content := range o.Files {
		if err = i.write(file, i.expand(content)); err != nil {
			return i, err
		}
	}
	i.settings, i.environment = o.Settings, o.Environment
	i.port, err = freePort()
	return i, err
}

func (i *Instance) expand(text string) string {
	return strings.ReplaceAll(text, "$DIRECTORY", i.directory)
}

func (i *Instance) write(file, content string) error {
	path := i.path(file)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return give(path, i.account)
}

func (i *Instance) read(file string) (string, error) {
	content, err := os.ReadFile(i.path(file))
	return string(content), err
}

func (i *Instance) path(file string) string { return filepath.Join(i.directory, file) }

// String names the server in messages.
func (i *Instance) String() string { return fmt.Sprintf("%s on port %d", i.name, i.port) }

// Address is the host:port of the server.
func (i *Instance) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(i.port)) }

// Port is the port of the server on 127.0.0.1.
func (i *Instance) Port() int { return i.port }

// Socket is the path of the server's unix socket.
func (i *Instance) Socket() string { return i.socket }

// Directory holds the server's data and the files of Options.Files, one level above the data.
func (i *Instance) Directory() string { return i.directory }

// Start runs the server again on its data and addresses and returns when it answers.
func (i *Instance) Start(t testing.TB) {
	t.Helper()
	if err := i.launch(); err != nil {
		t.Fatal(err)
	}
}

// firstLaunch is launch on another port where this one was taken before the server had it.
func (i *Instance) firstLaunch() (err error) {
	for range 5 {
		if err = i.launch(); err == nil || !strings.Contains(i.LogTail(8192), "ddress already in use") {
			return err
		}
		os.Remove(i.logPath())
		var failed error
		if i.port, failed = freePort(); failed != nil {
			return failed
		}
	}
	return err
}

func (i *Instance) launch() error {
	if err := i.mustBeOurs(); err != nil {
		return err
	}
	if i.command != nil {
		return fmt.Errorf("%s runs already", i)
	}
	log, err := os.OpenFile(i.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := i.run(i.program, i.arguments()...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	i.command, i.exited = command, exited
	go func() {
		command.Wait()
		close(exited)
	}()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		select {
		case <-exited:
			err := fmt.Errorf("%s did not start: %v\n%s", i, command.ProcessState, i.LogTail(8192))
			i.Kill()
			return err
		case <-time.After(5 * time.Millisecond):
		}
		if i.ready() {
			return nil
		}
	}
	i.Kill()
	return fmt.Errorf("%s does not answer after %v\n%s", i, startTimeout, i.LogTail(8192))
}

// run is a command in the server's directory and as its user. It is in a session of its own: an
// interrupt at the terminal reaches the tests first.
func (i *Instance) run(program string, arguments ...string) *exec.Cmd {
	command := exec.Command(program, arguments...)
	command.Dir = i.directory
	command.Env = append(serverEnvironment(), "TMPDIR="+i.directory)
	for _, variable := range i.environment {
		command.Env = append(command.Env, i.expand(variable))
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: i.account}
	return command
}

// Kill ends every process of the server with SIGKILL, as a machine that loses its power would.
func (i *Instance) Kill() {
	if err := i.mustBeOurs(); err != nil {
		panic(err)
	}
	if err := killIn(i.directory); err != nil {
		panic(err)
	}
	if i.command != nil {
		<-i.exited
		i.command = nil
	}
}

// Stop asks the server to end, as its administrator would, breaking its connections, and waits.
func (i *Instance) Stop(t testing.TB) {
	t.Helper()
	if err := i.mustBeOurs(); err != nil {
		t.Fatal(err)
	}
	if i.command == nil {
		t.Fatalf("%s does not run", i)
	}
	i.command.Process.Signal(i.stopSignal)
	select {
	case <-i.exited:
		i.command = nil
	case <-time.After(stopTimeout):
		tail := i.LogTail(8192)
		i.Kill()
		t.Fatalf("%s still runs %v after %v\n%s", i, stopTimeout, i.stopSignal, tail)
	}
}

// Pause stops every process of the server in its tracks. Its connections stay and get no answer.
func (i *Instance) Pause() {
	if err := i.mustBeOurs(); err != nil {
		panic(err)
	}
	pauseIn(i.directory)
}

// Resume lets the server go on after Pause.
func (i *Instance) Resume() {
	if err := i.mustBeOurs(); err != nil {
		panic(err)
	}
	resumeIn(i.directory)
}

// Remove kills the server and removes its data.
func (i *Instance) Remove() {
	i.Kill()
	os.RemoveAll(i.directory)
	unguarded(i.directory)
}

func (i *Instance) mustBeOurs() error {
	if i.borrowed {
		return fmt.Errorf("%s is shared with other tests: start one to stop or pause it", i)
	}
	return nil
}

// Query runs SQL as the server's administrator, in the database of this name or, where that is
// empty, outside of any, and returns the rows as lines of values. Between values are tabs.
func (i *Instance) Query(t testing.TB, name, sql string) string {
	t.Helper()
	rows, err := i.TryQuery(name, sql)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TryQuery is Query that returns what went wrong.
func (i *Instance) TryQuery(name, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	command := i.client(ctx, name, sql)
	command.Env = append(serverEnvironment(), command.Env...)
	rows, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%s: %s: %w: %s", i, sql, err, strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSuffix(string(rows), "\n"), err
}

func (i *Instance) logPath() string { return i.path("log") }

// LogTail is the end of the server's log.
func (i *Instance) LogTail(limit int) string {
	if i.directory == "" {
		return ""
	}
	content, _ := os.ReadFile(i.logPath())
	return string(content[max(0, len(content)-limit):])
}
