package endpoint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
)

// authority signs certificates for one test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// files are the two PEM files of a certificate.
type files struct{ cert, key string }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := expect.Value(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: "authority " + serial(t).String()},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der := expect.Value(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	return &authority{expect.Value(x509.ParseCertificate(der))(t), key}
}

// issue writes a certificate for 127.0.0.1, good as a server's and as a client's, that expires
// after validity.
func (a *authority) issue(t *testing.T, dir, name string, validity time.Duration) files {
	t.Helper()
	key := expect.Value(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: serial(t),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     []string{"localhost"},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der := expect.Value(
		x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key))(t)
	out := files{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")}
	writePEM(t, out.cert, "CERTIFICATE", der)
	writePEM(t, out.key, "EC PRIVATE KEY", expect.Value(x509.MarshalECPrivateKey(key))(t))
	return out
}

// write saves the authority's own certificate.
func (a *authority) write(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name+".ca")
	writePEM(t, path, "CERTIFICATE", a.certificate.Raw)
	return path
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func serial(t *testing.T) *big.Int {
	return expect.Value(rand.Int(rand.Reader, big.NewInt(1<<62)))(t)
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	expect.NoError(t, os.WriteFile(path, block, 0o600))
}
