package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

const startTimeout = 20 * time.Second

// Server is one running server process, or one that has run and can be started again on its data.
type Server struct {
	Options   Options
	Directory string // of its data, its log and its certificates

	program    string
	listen     string // host:port, or unix://PATH; fixed from the first start on
	metrics    string
	peer       string // etcd only
	clientURL  string
	metricsURL string

	command *exec.Cmd
	exited  chan struct{}
	exit    error
}

// Start runs a server and returns when it serves. It is killed when the test ends.
func Start(t testing.TB, options ...Options) *Server {
	t.Helper()
	s := New(t, options...)
	s.Launch(t)
	return s
}

// New prepares a server without running it.
func New(t testing.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{Directory: t.TempDir()}
	if len(options) > 0 {
		s.Options = options[0]
	}
	if s.Options.Flavor == "" {
		s.Options.Flavor = UnderTest()
	}
	s.program = program(t, s.Options.Flavor)
	if s.Options.Flavor == Kvshim && s.Options.Endpoint == "" {
		if kind := database.UnderTest(); kind != database.SQLite {
			s.Options.Endpoint = database.FreshDSN(t, kind)
		}
	}
	t.Cleanup(func() {
		if s.command != nil {
			s.Kill()
		}
		if t.Failed() {
			t.Logf("end of the %s server's log:\n%s", s.Options.Flavor, s.LogTail(4096))
		}
	})
	return s
}

// Launch runs the server on its directory, again on the addresses that it had, and waits until it
// serves.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	var err error
	for attempt := 0; attempt < 5; attempt++ { // a free port may be taken before etcd binds it
		if err = s.TryLaunch(); err == nil {
			return
		}
		if s.Options.Flavor != Etcd || !strings.Contains(s.LogTail(8192), "address already in use") {
			break
		}
		s.listen = ""
	}
	t.Fatalf("%s did not start: %v\n%s", s.Options.Flavor, err, s.LogTail(8192))
}

// TryLaunch is Launch that returns what went wrong.
func (s *Server) TryLaunch() error {
	arguments, err := s.arguments()
	if err != nil {
		return err
	}
	line := append(append([]string{}, s.Options.Wrapper...), s.program)
	line = append(line, arguments...)
	log, err := os.OpenFile(s.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	os.Remove(s.readyPath())
	command := exec.Command(line[0], line[1:]...)
	command.Stdout, command.Stderr = log, log
	command.Dir = s.Directory
	command.Env = append(environment(), s.Options.Environment...)
	// A test that is killed takes its server with it.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	s.command, s.exited = command, exited
	go func() {
		s.exit = command.Wait()
		close(exited)
	}()
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-exited:
			s.command = nil
			return fmt.Errorf("exited at once: %v", s.exit)
		default:
		}
		if s.serves() {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Kill()
	return fmt.Errorf("does not serve after %v", startTimeout)
}

// environment is the test's own without what would be taken for settings of the server.
func environment() (kept []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "KVSHIM_") && !strings.HasPrefix(variable, "ETCD_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

func (s *Server) arguments() ([]string, error) {
	if s.Options.Flavor == Kvshim {
		if s.listen == "" {
			s.listen, s.metrics = "127.0.0.1:0", "127.0.0.1:0"
			if s.Options.Listen != "" {
				s.listen = s.Options.Listen
			}
		}
		return kvshimArguments(s.Options, s.listen, s.metrics, s.Directory), nil
	}
	if s.listen == "" {
		var ports []string
		for len(ports) < 3 {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			defer listener.Close()
			ports = append(ports, listener.Addr().String())
		}
		s.listen, s.metrics, s.peer = ports[0], ports[1], ports[2]
	}
	scheme := "http://"
	if s.Options.CertFile != "" {
		scheme = "https://"
	}
	s.clientURL, s.metricsURL = scheme+s.listen, "http://"+s.metrics
	return etcdArguments(s.Options, s.clientURL, "http://"+s.peer, s.metricsURL, s.Directory), nil
}

func (s *Server) serves() bool {
	if s.Options.Flavor == Kvshim {
		return s.readReadyFile()
	}
	client := http.Client{Timeout: time.Second}
	answer, err := client.Get(s.metricsURL + "/metrics")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	metrics, _ := io.ReadAll(answer.Body)
	return bytes.Contains(metrics, []byte("\netcd_server_has_leader 1\n"))
}

// readReadyFile takes the bound addresses from the file that kvshim writes once it serves.
func (s *Server) readReadyFile() bool {
	content, err := os.ReadFile(s.readyPath())
	if err != nil {
		return false
	}
	var ready struct {
		PID        int      `json:"pid"`
		ClientURLs []string `json:"client_urls"`
		MetricsURL string   `json:"metrics_url"`
	}
	if json.Unmarshal(content, &ready) != nil || len(ready.ClientURLs) == 0 {
		return false
	}
	s.clientURL, s.metricsURL = ready.ClientURLs[0], ready.MetricsURL
	if s.Options.Listen == "" {
		s.listen = s.clientURL[strings.Index(s.clientURL, "://")+3:]
	}
	s.metrics = strings.TrimPrefix(s.metricsURL, "http://")
	return true
}

// Kill ends the server with SIGKILL.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	s.command.Process.Kill()
	<-s.exited
	s.command = nil
}

// Runs says whether the process is there.
func (s *Server) Runs() bool {
	if s.command == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// Signal sends a signal and does not wait.
func (s *Server) Signal(signal syscall.Signal) error { return s.command.Process.Signal(signal) }

// Stop asks the server to end with SIGTERM and waits for it up to limit. It returns the error of a
// process that ended with another code than 0, or that had to be killed.
func (s *Server) Stop(limit time.Duration) error {
	if err := s.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.WaitForExit(limit)
}

// WaitForExit waits for a server that is ending by itself.
func (s *Server) WaitForExit(limit time.Duration) error {
	select {
	case <-s.exited:
		s.command = nil
		var status *exec.ExitError
		if s.Options.Flavor == Etcd && errors.As(s.exit, &status) &&
			status.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
			return nil // etcd ends itself by the signal once it has shut down
		}
		return s.exit
	case <-time.After(limit):
		s.Kill()
		return fmt.Errorf("still running %v after SIGTERM", limit)
	}
}

// Restart stops the server as an operator would and starts it again on its data and addresses.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.Stop(10 * time.Second); err != nil {
		t.Fatalf("stopping: %v", err)
	}
	s.Launch(t)
}

// URL is where clients connect: http(s)://127.0.0.1:PORT or unix://PATH.
func (s *Server) URL() string { return s.clientURL }

// MetricsURL is the plain HTTP address of metrics and health.
func (s *Server) MetricsURL() string { return s.metricsURL }

// Address is the host:port that clients connect to.
func (s *Server) Address() string { return s.listen }

// PID is the process id of a running server.
func (s *Server) PID() int { return s.command.Process.Pid }

// LogPath is where the server's output goes.
func (s *Server) LogPath() string { return filepath.Join(s.Directory, "log") }

func (s *Server) readyPath() string { return filepath.Join(s.Directory, "ready.json") }

// LogTail is the end of the server's output.
func (s *Server) LogTail(limit int) string {
	content, _ := os.ReadFile(s.LogPath())
	if len(content) > limit {
		content = content[len(content)-limit:]
		if line := bytes.IndexByte(content, '\n'); line >= 0 {
			content = content[line+1:]
		}
	}
	return string(content)
}
