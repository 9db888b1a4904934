package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// encrypted starts a database server that takes connections over the network by TLS only.
func encrypted(t *testing.T, kind database.Kind, a *authority, hosts ...string) *database.Instance {
	t.Helper()
	certificate, key := a.issue(t, "database", hosts...)
	files := map[string]string{"ca.pem": a.pem, "server.pem": certificate, "server.key": key,
		"hba": "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"}
	settings := []string{"ssl=on", "ssl_ca_file=$DIRECTORY/ca.pem", "ssl_cert_file=$DIRECTORY/server.pem",
		"ssl_key_file=$DIRECTORY/server.key", "hba_file=$DIRECTORY/hba"}
	if kind == database.MariaDB {
		settings = []string{"ssl-ca=$DIRECTORY/ca.pem", "ssl-cert=$DIRECTORY/server.pem",
			"ssl-key=$DIRECTORY/server.key", "require-secure-transport=ON"}
	}
	return database.Start(t, kind, database.Options{Files: files, Settings: settings})
}

// file puts a text where a flag can name it.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	expect.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// serves demands that a server starts and works with these settings.
func serves(t *testing.T, dsn string, flags ...string) *server.Server {
	t.Helper()
	s := prepare(t, dsn, flags...)
	s.Launch(t)
	expect.Value(s.Client(t).Put(server.Context(t), "k", "v"))(t)
	return s
}

func onEach(t *testing.T, test func(t *testing.T, kind database.Kind)) {
	for _, kind := range []database.Kind{database.Postgres, database.MariaDB} {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func TestDatabaseIsReachedByTLS(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		authority, stranger := newAuthority(t, "right"), newAuthority(t, "wrong")
		db := encrypted(t, kind, authority, "127.0.0.1")
		right, wrong := file(t, "ca.pem", authority.pem), file(t, "wrong.pem", stranger.pem)
		dsn := db.DSN("state")

		s := serves(t, dsn, "--ca-file", right)
		if kind == database.Postgres {
			rows := db.Query(t, "state", "SELECT bool_and(ssl), count(*) > 0 FROM pg_stat_ssl JOIN "+
				"pg_stat_activity USING (pid) WHERE usename = 'kvshim'")
			expect.Equal(t, "t\tt", rows, "all connections are encrypted")
			s.Kill()
			serves(t, dsn+"?sslmode=verify-full&sslrootcert="+right).Kill()
			refused(t, dsn+"?sslmode=verify-full&sslrootcert="+wrong, nil, "certificate")
		} else {
			s.Kill()
			serves(t, dsn+"?tls=true", "--ca-file", right).Kill()
			serves(t, dsn+"?tls=skip-verify").Kill()
			refused(t, dsn, nil, "denied")
		}
		refused(t, dsn, []string{"--ca-file", wrong}, "certificate")
		refused(t, dsn, []string{"--ca-file", filepath.Join(t.TempDir(), "none.pem")}, "none.pem")
		serves(t, dsn, "--skip-verify").Kill()
		serves(t, dsn, "--ca-file", wrong, "--skip-verify").Kill()
	})
}

func TestDatabaseWithAnothersCertificateIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		authority := newAuthority(t, "right")
		db := encrypted(t, kind, authority, "elsewhere.example")
		right := file(t, "ca.pem", authority.pem)
		refused(t, db.DSN("state"), []string{"--ca-file", right}, "certificate")
		serves(t, db.DSN("state"), "--ca-file", right, "--skip-verify").Kill()
	})
}

func TestClientCertificateIsShownToTheDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		authority := newAuthority(t, "right")
		db := encrypted(t, kind, authority, "127.0.0.1")
		if kind == database.Postgres {
			hba := "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n"
			expect.NoError(t, os.WriteFile(filepath.Join(db.Directory(), "hba"), []byte(hba), 0o600))
			db.Query(t, "", "SELECT pg_reload_conf()")
		} else {
			db.Query(t, "", "ALTER USER kvshim REQUIRE X509")
		}
		certificate, key := authority.issue(t, "kvshim")
		right := file(t, "ca.pem", authority.pem)
		flags := []string{"--ca-file", right, "--cert-file", file(t, "client.pem", certificate),
			"--key-file", file(t, "client.key", key)}
		log := refused(t, db.DSN("state"), flags[:2], "")
		expect.True(t, strings.Contains(log, "certificate") || strings.Contains(log, "ccess denied"), log)
		serves(t, db.DSN("state"), flags...).Kill()
	})
}
