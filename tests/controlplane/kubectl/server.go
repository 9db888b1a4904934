// Package kubectl starts `kvplane server` and speaks to it through the real kubectl and helm. The
// binary is named by KVSHIM_KVPLANE, the folder of kubectl and helm by KUBECTL_DIR, those of a kubectl
// one minor version older and newer by KUBECTL_OLDER and KUBECTL_NEWER; ctest sets all.
package kubectl

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

// Server is one `kvplane server` that runs.
type Server struct {
	DataDir    string
	URL        string
	Kubeconfig string
	flags      []string
	command    *exec.Cmd
	log        *log
	ended      chan error
}

// Binary is the kvplane under test.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("KVSHIM_KVPLANE")
	if path == "" {
		t.Fatal("KVSHIM_KVPLANE names no kvplane")
	}
	return path
}

// Start starts a server on a free port with a data directory of its own and waits until it serves.
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	return StartIn(t, t.TempDir(), flags...)
}

// StartIn does it with the data directory given.
func StartIn(t testing.TB, dataDir string, flags ...string) *Server {
	t.Helper()
	return startAt(t, "0", dataDir, flags)
}

// StartAgain starts a server that has ended, where it was and with what it had.
func (s *Server) StartAgain(t testing.TB) *Server {
	t.Helper()
	return startAt(t, s.URL[strings.LastIndex(s.URL, ":")+1:], s.DataDir, s.flags)
}

func startAt(t testing.TB, port, dataDir string, flags []string) *Server {
	t.Helper()
	s := &Server{DataDir: dataDir, flags: flags, log: &log{}, ended: make(chan error, 1)}
	ready := filepath.Join(t.TempDir(), "ready")
	s.command = exec.Command(Binary(t), append([]string{"server", "--data-dir", dataDir,
		"--https-listen-port", port, "--bind-address", "127.0.0.1", "--ready-file", ready}, flags...)...)
	s.command.Stdout = s.log
	s.command.Stderr = s.log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.command.Wait() }()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log)
		}
	})
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if content, err := os.ReadFile(ready); err == nil {
			var told struct{ URL, Kubeconfig string }
			if err := json.Unmarshal(content, &told); err != nil {
				t.Fatal(err)
			}
			s.URL, s.Kubeconfig = told.URL, told.Kubeconfig
			return s
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			t.Fatalf("the server ended (%v):\n%s", err, s.log)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not serve:\n%s", s.log)
		}
	}
}

// Stop asks the server to end, and fails the test where it does not end well and soon.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.ended:
		s.ended <- err
		if err != nil {
			t.Fatalf("the server ended with %v:\n%s", err, s.log)
		}
	case <-time.After(patience):
		t.Fatalf("the server does not end:\n%s", s.log)
	}
}

// Kill ends the server at once, if it runs.
func (s *Server) Kill() {
	_ = s.command.Process.Kill()
	s.ended <- <-s.ended
}

// Token is what other servers join with.
func (s *Server) Token(t testing.TB) string {
	t.Helper()
	out, err := exec.Command(Binary(t), "token", "--data-dir", s.DataDir).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Refusal runs a server that must not come up, and returns what it says.
func Refusal(t testing.TB, flags ...string) string {
	t.Helper()
	command := exec.Command(Binary(t), append([]string{"server", "--data-dir", t.TempDir(),
		"--https-listen-port", "0"}, flags...)...)
	timer := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	out, err := command.CombinedOutput()
	if err == nil {
		t.Fatalf("the server came up with %v", flags)
	}
	return string(out)
}

// log takes what the server says while the test reads it.
type log struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(p)
}

func (l *log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.String()
}
