// Package database starts the database servers that tests run kvshim on: PostgreSQL, MariaDB,
// Galera, PgBouncer, the real programs with durable settings on free ports and in directories of
// their own.
//
//	db := database.StartPostgres(t)
//	s := server.Start(t, server.Options{Endpoint: db.DSN("state")})
//	db.Kill()
//	db.Start(t)
//	rows := db.Query(t, "state", "SELECT count(*) FROM kv_log")
//
// A test that only needs an empty database takes FreshDSN, which asks a server shared by all tests.
// No server outlives the process that started it, however that ended (guard.go).
//
// The tests may be run by any user. Run by root, whom the servers refuse, they give the servers to
// the users postgres and mysql, which the packages bring.
package database

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Kind is what a database's DSN begins with.
type Kind string

const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
	MariaDB  Kind = "mariadb"
)

// The account that kvshim uses: it may create databases and has no further rights.
const (
	User     = "kvshim"
	Password = "secret"
)

// Options say how a server is started. The zero value suits most tests. $DIRECTORY in them stands
// for the instance's directory.
type Options struct {
	Settings []string          // NAME=value, in the server's own words; later ones win
	Files    map[string]string // by name, put into the instance's directory, readable by it only
	// NAME=value, of the server's process.
	Environment []string
}

// UnderTest is the kind that the environment asks for.
func UnderTest() Kind {
	switch kind := Kind(os.Getenv("DATABASE")); kind {
	case "":
		return SQLite
	case SQLite, Postgres, MariaDB:
		return kind
	default:
		panic(fmt.Sprintf("DATABASE=%s: it is sqlite, postgres or mariadb", kind))
	}
}

// Start runs a server of the kind's own and returns when it answers. It is gone when the test ends.
func Start(t testing.TB, kind Kind, options ...Options) *Instance {
	t.Helper()
	return owned(t)(Launch(kind, options...))
}

// StartPostgres runs a PostgreSQL server.
func StartPostgres(t testing.TB, options ...Options) *Instance {
	t.Helper()
	return Start(t, Postgres, options...)
}

// StartMariaDB runs a MariaDB server.
func StartMariaDB(t testing.TB, options ...Options) *Instance {
	t.Helper()
	return Start(t, MariaDB, options...)
}

// Launch is Start outside of a test: the caller calls Remove.
func Launch(kind Kind, options ...Options) (*Instance, error) {
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	switch kind {
	case Postgres:
		return launchPostgres(o)
	case MariaDB:
		return launchMariaDB(o)
	}
	return nil, fmt.Errorf("%s has no server", kind)
}

// owned ends what was started with the test, and shows its log if the test failed.
func owned(t testing.TB) func(*Instance, error) *Instance {
	return func(i *Instance, err error) *Instance {
		t.Helper()
		if i != nil {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("end of %s's log:\n%s", i, i.LogTail(4096))
				}
				i.Remove()
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
}

// DSN names a database of this server as kvshim's --endpoint does. The database need not exist.
func (i *Instance) DSN(name string) string { return i.prefix() + name }

func (i *Instance) prefix() string {
	if i.Kind == MariaDB {
		return fmt.Sprintf("mysql://%s:%s@tcp(%s)/", User, Password, i.Address())
	}
	return fmt.Sprintf("postgres://%s:%s@%s/", User, Password, i.Address())
}

// SocketDSN is DSN by the server's unix socket.
func (i *Instance) SocketDSN(name string) string {
	if i.Kind == MariaDB {
		return fmt.Sprintf("mysql://%s:%s@unix(%s)/%s", User, Password, i.socket, name)
	}
	return fmt.Sprintf("postgres://%s:%s@/%s?host=%s&port=%d", User, Password, name,
		filepath.Dir(i.socket), i.port)
}
