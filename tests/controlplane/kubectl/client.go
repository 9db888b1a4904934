package kubectl

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Client is a kubectl and a helm with one kubeconfig, or one token.
type Client struct {
	t      testing.TB
	folder string // of the two programs
	home   string
	args   []string
}

// ofOurMinor is where the kubectl of the minor version that kvplane serves is.
func ofOurMinor() string { return os.Getenv("KUBECTL_DIR") }

// Admin is the client of the kubeconfig that the server wrote.
func (s *Server) Admin(t testing.TB) *Client {
	return &Client{t: t, folder: ofOurMinor(), home: t.TempDir(), args: []string{"--kubeconfig", s.Kubeconfig}}
}

func (s *Server) caFile() string { return filepath.Join(s.DataDir, "server/tls/server-ca.crt") }

// WithToken is a client that shows a bearer token.
func (s *Server) WithToken(t testing.TB, token string) *Client {
	return &Client{t: t, folder: ofOurMinor(), home: t.TempDir(), args: []string{"--kubeconfig", "/dev/null",
		"--server", s.URL, "--certificate-authority", s.caFile(), "--token", token}}
}

// Ask sends a request that shows nothing: its status and its body.
func (s *Server) Ask(t testing.TB, method, path string) (int, string) {
	t.Helper()
	pem, err := os.ReadFile(s.caFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Timeout: patience,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequest(method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// At is the same client, speaking to another server.
func (c *Client) At(s *Server) *Client {
	return &Client{t: c.t, folder: c.folder, home: c.home,
		args: append(append([]string{}, c.args...), "--server", s.URL)}
}

func (c *Client) command(program string, args []string) *exec.Cmd {
	command := exec.Command(filepath.Join(c.folder, program), args...)
	command.Env = append(os.Environ(), "HOME="+c.home, "KUBECONFIG=")
	return command
}

func (c *Client) try(stdin string, args ...string) (string, error) {
	command := c.command("kubectl", append(append([]string{}, c.args...), args...))
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Run is what kubectl says; where it fails the test does.
func (c *Client) Run(args ...string) string {
	c.t.Helper()
	return c.RunWith("", args...)
}

// RunWith gives it a standard input.
func (c *Client) RunWith(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.try(stdin, args...)
	if err != nil {
		c.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Refused is what kubectl says where it must fail.
func (c *Client) Refused(args ...string) string {
	c.t.Helper()
	out, err := c.try("", args...)
	if err == nil {
		c.t.Fatalf("kubectl %s succeeded:\n%s", strings.Join(args, " "), out)
	}
	return out
}

// RefusedWith is the same with something to read.
func (c *Client) RefusedWith(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.try(stdin, args...)
	if err == nil {
		c.t.Fatalf("kubectl %s succeeded:\n%s\n%s", strings.Join(args, " "), out, stdin)
	}
	return out
}

// Eventually runs kubectl until it says something with `wanted` in it.
func (c *Client) Eventually(wanted string, args ...string) {
	c.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, _ := c.try("", args...)
		if strings.Contains(out, wanted) {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("kubectl %s never says %q but\n%s", strings.Join(args, " "), wanted, out)
		}
	}
}

// Helm is what helm says.
func (c *Client) Helm(args ...string) string {
	c.t.Helper()
	out, err := c.command("helm", append(append([]string{}, c.args...), args...)).CombinedOutput()
	if err != nil {
		c.t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Background is a kubectl that goes on; its output so far is in Output.
type Background struct {
	out     log
	command *exec.Cmd
}

func (c *Client) Background(args ...string) *Background {
	c.t.Helper()
	b := &Background{command: c.command("kubectl", append(append([]string{}, c.args...), args...))}
	b.command.Stdout, b.command.Stderr = &b.out, &b.out
	if err := b.command.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = b.command.Wait(); close(ended) }()
	c.t.Cleanup(func() { _ = b.command.Process.Kill(); <-ended })
	return b
}

// Await waits until it has said all of `lines`, in that order.
func (b *Background) Await(t testing.TB, lines ...string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		rest, all := []byte(b.out.String()), true
		for _, line := range lines {
			at := bytes.Index(rest, []byte(line))
			if all = at >= 0; !all {
				break
			}
			rest = rest[at+len(line):]
		}
		if all {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it never said %q, but\n%s", lines, b.out.String())
		}
	}
}

// Expect fails the test where `text` does not contain each of `parts`.
func Expect(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}
