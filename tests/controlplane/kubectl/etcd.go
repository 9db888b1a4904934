package kubectl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Etcd is one member of a real etcd that runs: ETCD_BIN, or Debian's.
type Etcd struct {
	URL     string
	health  string
	args    []string
	command *exec.Cmd
	log     *log
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// StartEtcd starts a cluster of that many members; flags are for each. With TLS the flags say so.
func StartEtcd(t testing.TB, members int, flags ...string) []*Etcd {
	t.Helper()
	scheme := "http"
	if len(flags) > 0 {
		scheme = "https"
	}
	var etcds []*Etcd
	var peers []string
	addresses := make([]string, members)
	for i := range members {
		addresses[i] = freeAddress(t)
		peers = append(peers, fmt.Sprintf("m%d=http://%s", i, addresses[i]))
	}
	for i := range members {
		client, health := freeAddress(t), "http://"+freeAddress(t)
		url, peer := scheme+"://"+client, "http://"+addresses[i]
		e := &Etcd{URL: url, health: health, log: &log{}, args: append([]string{
			"--name", fmt.Sprintf("m%d", i), "--data-dir", t.TempDir(),
			"--listen-client-urls", url, "--advertise-client-urls", url,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
			"--initial-cluster", strings.Join(peers, ","), "--listen-metrics-urls", health,
			"--unsafe-no-fsync"}, flags...)}
		e.launch(t)
		t.Cleanup(func() {
			e.Kill()
			if t.Failed() {
				said := e.log.String()
				t.Logf("the etcd's log ends:\n%s", said[max(0, len(said)-2000):])
			}
		})
		etcds = append(etcds, e)
	}
	for _, e := range etcds {
		e.await(t)
	}
	return etcds
}

func (e *Etcd) launch(t testing.TB) {
	t.Helper()
	binary := os.Getenv("ETCD_BIN")
	if binary == "" {
		binary = "/usr/bin/etcd"
	}
	args := e.args
	if out, _ := exec.Command(binary, "--version").Output(); strings.Contains(string(out), "etcd Version: 3.4") {
		args = args[:0:0]
		for _, arg := range e.args {
			if arg != "--unsafe-no-fsync" {
				args = append(args, arg)
			}
		}
	}
	e.command = exec.Command(binary, args...)
	e.command.Stdout, e.command.Stderr = e.log, e.log
	if err := e.command.Start(); err != nil {
		t.Fatal(err)
	}
}

// Until it has a leader.
func (e *Etcd) await(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(e.health + "/health")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the etcd does not serve:\n%s", e.log)
		}
	}
}

// Kill ends the member at once.
func (e *Etcd) Kill() {
	_ = e.command.Process.Kill()
	_ = e.command.Wait()
}

// StartAgain starts a member that was killed, with what it had.
func (e *Etcd) StartAgain(t testing.TB) {
	t.Helper()
	e.launch(t)
	e.await(t)
}

// URLs is what --datastore-endpoint takes.
func URLs(etcds []*Etcd) string {
	var urls []string
	for _, e := range etcds {
		urls = append(urls, e.URL)
	}
	return strings.Join(urls, ",")
}

// Certificates is a folder with ca.crt, and a tls.crt and tls.key that it signed for 127.0.0.1.
func Certificates(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) {
		content := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sign := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			signer = key
		}
		made, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		return key, made
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caKey, caBytes := sign(ca, ca, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "etcd"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.ParseIP("127.0.0.1")},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	key, leafBytes := sign(leaf, ca, caKey)
	keyBytes, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write("ca.crt", "CERTIFICATE", caBytes)
	write("tls.crt", "CERTIFICATE", leafBytes)
	write("tls.key", "EC PRIVATE KEY", keyBytes)
	return dir
}
