package endpoint

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// refused demands that a client with this TLS configuration cannot read.
func refused(t *testing.T, s *server.Server, config *tls.Config, what string) {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{s.URL()}, TLS: config,
		Logger: zap.NewNop()})
	expect.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	_, err = client.Get(ctx, "k")
	expect.True(t, err != nil, what, " must be refused")
}

func TestTLSServesGRPCAndHTTPOnOnePort(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	certificate := authority.issue(t, dir, "server", time.Hour)
	s := server.Start(t, server.Options{CertFile: certificate.cert, KeyFile: certificate.key})
	expect.Contains(t, s.URL(), "https://")
	ctx := server.Context(t)
	client := s.TLSClient(t, &tls.Config{RootCAs: authority.pool()})
	expect.Value(client.Put(ctx, "k", "v"))(t)
	watch := client.Watch(ctx, "k", clientv3.WithRev(2))
	expect.Equal(t, "v", string((<-watch).Events[0].Kv.Value))

	for _, protocols := range [][]string{nil, {"http/1.1"}} {
		browser := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: authority.pool(), NextProtos: protocols}}}
		code, body := get(t, browser, s.URL()+"/health")
		expect.Equal(t, 200, code, body)
		code, body = get(t, browser, s.URL()+"/version")
		expect.Equal(t, 200, code, body)
	}
	refused(t, s, &tls.Config{RootCAs: stranger.pool()}, "a server of another authority")
	refused(t, s, nil, "a client without TLS")
	refused(t, s, &tls.Config{RootCAs: authority.pool(), MaxVersion: tls.VersionTLS11}, "TLS 1.1")
	expect.Value(client.Put(ctx, "k", "still"))(t)
}

func TestTrustedCAAdmitsOnlyClientsWithItsCertificate(t *testing.T) {
	authority, clients, stranger := newAuthority(t), newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	own := authority.issue(t, dir, "server", time.Hour)
	s := server.Start(t, server.Options{CertFile: own.cert, KeyFile: own.key,
		TrustedCA: clients.write(t, dir, "clients")})
	ctx := server.Context(t)
	with := func(files files) *tls.Config {
		pair := expect.Value(tls.LoadX509KeyPair(files.cert, files.key))(t)
		return &tls.Config{RootCAs: authority.pool(), Certificates: []tls.Certificate{pair}}
	}
	member := with(clients.issue(t, dir, "member", time.Hour))
	expect.Value(s.TLSClient(t, member).Put(ctx, "k", "v"))(t)
	refused(t, s, &tls.Config{RootCAs: authority.pool()}, "a client without a certificate")
	refused(t, s, with(stranger.issue(t, dir, "stranger", time.Hour)), "another authority's client")
	refused(t, s, with(clients.issue(t, dir, "expired", -time.Minute)), "an expired certificate")

	browser := &http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: member}}
	code, _ := get(t, browser, s.URL()+"/health")
	expect.Equal(t, 200, code)
	bare := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.pool()}}}
	_, err := bare.Get(s.URL() + "/health")
	expect.True(t, err != nil, "HTTP needs the certificate too")
	code, _ = get(t, &http.Client{Timeout: 5 * time.Second}, s.MetricsURL()+"/health")
	expect.Equal(t, 200, code, "the metrics address is plain")
}

func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	old, renewed := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	first := old.issue(t, dir, "server", time.Hour)
	s := server.Start(t, server.Options{CertFile: first.cert, KeyFile: first.key})
	ctx := server.Context(t)
	before := s.TLSClient(t, &tls.Config{RootCAs: old.pool()})
	expect.Value(before.Put(ctx, "k", "v"))(t)

	// As cert-manager or an operator does: the new pair takes the old one's place by rename.
	second := renewed.issue(t, dir, "renewed", time.Hour)
	expect.NoError(t, os.Rename(second.key, first.key))
	expect.NoError(t, os.Rename(second.cert, first.cert))
	answers := func(authority *authority) bool {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{s.URL()},
			TLS: &tls.Config{RootCAs: authority.pool()}, Logger: zap.NewNop()})
		expect.NoError(t, err)
		defer client.Close()
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		_, err = client.Get(short, "k")
		return err == nil
	}
	expect.Eventually(t, 15*time.Second, func() bool { return answers(renewed) },
		"new connections see the new certificate")
	expect.True(t, !answers(old), "and no longer the old one")
	expect.Value(before.Put(ctx, "k", "w"))(t, "open connections go on")

	// A pair that does not fit together must not take the server down.
	expect.NoError(t, os.WriteFile(first.cert, []byte("no certificate"), 0o600))
	time.Sleep(1500 * time.Millisecond)
	expect.Value(before.Put(ctx, "k", "x"))(t)
	if s.Options.Flavor == server.Kvshim { // etcd refuses new connections until the files are mended
		expect.True(t, answers(renewed), "a broken file leaves the last good certificate in use")
	}
}

func TestBrokenCertificateFilesAreRefusedAtStart(t *testing.T) {
	authority := newAuthority(t)
	dir := t.TempDir()
	good, other := authority.issue(t, dir, "good", time.Hour), authority.issue(t, dir, "other", time.Hour)
	garbage := filepath.Join(dir, "garbage")
	expect.NoError(t, os.WriteFile(garbage, []byte("garbage"), 0o600))
	for _, o := range []server.Options{
		{CertFile: filepath.Join(dir, "missing"), KeyFile: good.key},
		{CertFile: garbage, KeyFile: good.key},
		{CertFile: good.cert, KeyFile: garbage},
		{CertFile: good.cert, KeyFile: other.key},
		{CertFile: good.cert, KeyFile: good.key, TrustedCA: garbage},
	} {
		if (o.TrustedCA != "" || o.KeyFile == other.key) && server.UnderTest() == server.Etcd {
			continue // which finds out later than its metrics say that it serves
		}
		s := server.New(t, o)
		expect.True(t, s.TryLaunch() != nil, "started with ", o)
		if s.Options.Flavor == server.Kvshim {
			expect.True(t, len(s.LogTail(4096)) > 0, "says why")
		}
	}
}
