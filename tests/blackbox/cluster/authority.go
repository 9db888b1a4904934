package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
)

// authority signs the certificates of database servers and their clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{key: expect.Value(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var der []byte
	der, a.pem = a.sign(t, template, template, a.key)
	a.certificate = expect.Value(x509.ParseCertificate(der))(t)
	return a
}

// issue is a certificate and its key for a server at a host, or a client.
func (a *authority) issue(t testing.TB, name string, hosts ...string) (certificate, key string) {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	own := expect.Value(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	_, certificate = a.sign(t, template, a.certificate, own)
	der := expect.Value(x509.MarshalPKCS8PrivateKey(own))(t)
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (a *authority) sign(t testing.TB, template, parent *x509.Certificate, key *ecdsa.PrivateKey) (der []byte, text string) {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der = expect.Value(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key))(t)
	return der, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
