// Package server starts the server under test, kvshim or Debian's etcd, as a process of its own on
// a temporary directory and free ports, and stops it when its test ends.
//
//	s := server.Start(t)
//	client := s.Client(t)
//
// The environment chooses: SERVER is "kvshim" (the default) or "etcd"; KVSHIM_BIN and ETCD_BIN
// name the programs; DATABASE is what kvshim keeps its data in, "sqlite" (the default), "postgres"
// or "mariadb".
package server

import (
	"os"
	"strconv"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

// Flavor says which program serves.
type Flavor string

const (
	Kvshim Flavor = "kvshim"
	Etcd   Flavor = "etcd"
)

// Options say how a server is started. The zero value suits most tests.
type Options struct {
	Flavor           Flavor        // empty: UnderTest()
	Quota            int64         // bytes of the database; 0: the server's default
	ProgressInterval time.Duration // of watches that ask for progress; 0: ten minutes
	Listen           string        // host:port or unix://PATH; empty: a free port (kvshim only)
	Endpoint         string        // the database; empty: a new one of its own (kvshim only)
	CertFile         string        // PEM, with KeyFile: the listener speaks TLS
	KeyFile          string
	TrustedCA        string   // PEM: clients need a certificate that it signed
	Flags            []string // further flags, same spelling for both flavors
	Environment      []string // further variables, NAME=value
	Wrapper          []string // a program and its arguments that runs the server, as strace would
}

// UnderTest is the flavor that the environment asks for.
func UnderTest() Flavor {
	if os.Getenv("SERVER") == string(Etcd) {
		return Etcd
	}
	return Kvshim
}

// OnlyKvshim ends a test of what kvshim has and etcd 3.4 has not, or answers on purpose in another
// way. A run against kvshim, the one that counts, never takes this way out.
func OnlyKvshim(t testing.TB, why string) {
	t.Helper()
	if UnderTest() == Etcd {
		t.Skipf("not a test of etcd 3.4: %s", why)
	}
}

// OnlySQLite marks a test of what only a database in one file of our own has. CMake reads the mark
// and registers the test for SQLite alone, so this way out is for runs by hand.
func OnlySQLite(t testing.TB, why string) {
	t.Helper()
	if kind := database.UnderTest(); UnderTest() == Kvshim && kind != database.SQLite {
		t.Skipf("not a test of %s: %s", kind, why)
	}
}

func program(t testing.TB, flavor Flavor) string {
	t.Helper()
	variable, fallback := "KVSHIM_BIN", ""
	if flavor == Etcd {
		variable, fallback = "ETCD_BIN", "/usr/bin/etcd"
	}
	path := os.Getenv(variable)
	if path == "" {
		path = fallback
	}
	if path == "" {
		t.Fatalf("%s must name the %s program", variable, flavor)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("cannot find the %s program (%s chooses it): %v", flavor, variable, err)
	}
	return path
}

func kvshimArguments(o Options, listen, metrics, directory string) []string {
	endpoint := o.Endpoint
	if endpoint == "" {
		endpoint = "sqlite://" + directory + "/state.db"
	}
	arguments := []string{
		"serve", "--listen-address", listen, "--endpoint", endpoint,
		"--metrics-bind-address", metrics, "--ready-file", directory + "/ready.json",
	}
	if o.CertFile != "" {
		arguments = append(arguments, "--server-cert-file", o.CertFile, "--server-key-file", o.KeyFile)
	}
	if o.TrustedCA != "" {
		arguments = append(arguments, "--trusted-ca-file", o.TrustedCA)
	}
	if o.Quota != 0 {
		arguments = append(arguments, "--quota-backend-bytes", strconv.FormatInt(o.Quota, 10))
	}
	interval := o.ProgressInterval
	if interval == 0 {
		interval = 10 * time.Minute
	}
	arguments = append(arguments, "--watch-progress-notify-interval", interval.String())
	return append(arguments, o.Flags...)
}

func etcdArguments(o Options, clientURL, peerURL, metricsURL, directory string) []string {
	arguments := []string{
		"--name", "default", "--data-dir", directory + "/etcd", "--log-package-levels", "",
		"--logger", "zap", "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
		"--initial-cluster", "default=" + peerURL, "--listen-metrics-urls", metricsURL,
	}
	if o.CertFile != "" {
		arguments = append(arguments, "--cert-file", o.CertFile, "--key-file", o.KeyFile)
	}
	if o.TrustedCA != "" {
		arguments = append(arguments, "--client-cert-auth", "--trusted-ca-file", o.TrustedCA)
	}
	if o.Quota != 0 {
		arguments = append(arguments, "--quota-backend-bytes", strconv.FormatInt(o.Quota, 10))
	}
	if o.ProgressInterval != 0 {
		arguments = append(arguments,
			"--experimental-watch-progress-notify-interval", o.ProgressInterval.String())
	}
	return append(arguments, o.Flags...)
}
