package database

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The servers that tests share are described by a file of lines NAME=value, whose path is in
// KVSHIM_DATABASES and which the program tests/blackbox/databases writes:
//
//	POSTGRES_DSN=postgres://kvshim:secret@127.0.0.1:15432/    a database's name is appended
//	POSTGRES_SOCKET=/tmp/kvshim-postgres-1/.s.PGSQL.15432     its administrator: postgres
//	POSTGRES_PID=4711
//	MARIADB_DSN=mysql://kvshim:secret@tcp(127.0.0.1:13306)/
//	MARIADB_SOCKET=/tmp/kvshim-mariadb-1/socket               its administrator: root
//	MARIADB_PID=4712
//
// Where there is no such file, a test process starts servers of its own when it first needs them.
const sharedVariable = "KVSHIM_DATABASES"

var shared struct {
	mutex     sync.Mutex
	instances map[Kind]*Instance
}

// Shared is a server that other tests use at the same time: it cannot be stopped or paused.
func Shared(t testing.TB, kind Kind) *Instance {
	t.Helper()
	shared.mutex.Lock()
	defer shared.mutex.Unlock()
	if i := shared.instances[kind]; i != nil {
		return i
	}
	i, err := named(kind)
	if err != nil {
		t.Fatal(err)
	}
	if i == nil {
		if i, err = LaunchShared(kind); err != nil {
			if i != nil {
				i.Remove()
			}
			t.Fatal(err)
		}
		i.borrowed = true // the guard ends it with this process
	}
	if shared.instances == nil {
		shared.instances = map[Kind]*Instance{}
	}
	shared.instances[kind] = i
	return i
}

// FreshDSN names a database that does not exist yet, on the kind's shared server. It is dropped when
// the test ends.
func FreshDSN(t testing.TB, kind Kind) string {
	t.Helper()
	if kind == SQLite {
		return "sqlite://" + filepath.Join(t.TempDir(), "state.db")
	}
	i := Shared(t, kind)
	name := fmt.Sprintf("kvshim_%d_%08x", os.Getpid(), rand.Uint32())
	t.Cleanup(func() { i.Drop(t, name) })
	return i.DSN(name)
}

// Drop removes a database, if it is there, and breaks the connections to it.
func (i *Instance) Drop(t testing.TB, name string) {
	t.Helper()
	if i.Kind == MariaDB {
		i.Query(t, "", "DROP DATABASE IF EXISTS "+name)
	} else {
		i.Query(t, "", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
}

// LaunchShared is Launch with room for many tests at once.
func LaunchShared(kind Kind) (*Instance, error) {
	if kind == MariaDB {
		return Launch(kind, Options{Settings: []string{"max-connections=300",
			"innodb-log-file-size=96M", "innodb-buffer-pool-size=128M"}})
	}
	// Checkpoints write every page anew into the log: they are rare.
	return Launch(kind, Options{Settings: []string{"max_connections=300", "shared_buffers=64MB",
		"max_wal_size=1GB", "checkpoint_timeout=30min"}})
}

// Entry describes the server in the lines of a file for KVSHIM_DATABASES.
func (i *Instance) Entry() string {
	name := strings.ToUpper(string(i.Kind))
	return fmt.Sprintf("%[1]s_DSN=%[2]s\n%[1]s_SOCKET=%[3]s\n%[1]s_PID=%[4]d\n", name, i.prefix(),
		i.socket, i.command.Process.Pid)
}

// ReadEntries is the content of such a file.
func ReadEntries(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	entries := map[string]string{}
	for _, line := range strings.Split(string(content), "\n") {
		if name, value, found := strings.Cut(line, "="); found {
			entries[name] = value
		}
	}
	return entries, err
}

// named is the server that the file names; nil where there is no file.
func named(kind Kind) (*Instance, error) {
	path := os.Getenv(sharedVariable)
	if path == "" || !exists(path) {
		return nil, nil
	}
	entries, err := ReadEntries(path)
	if err != nil {
		return nil, err
	}
	name := strings.ToUpper(string(kind))
	dsn, socket := entries[name+"_DSN"], entries[name+"_SOCKET"]
	at := strings.TrimRight(dsn[strings.LastIndexByte(dsn, '@')+1:], "/)")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(at, "tcp("))
	if err != nil || socket == "" {
		return nil, fmt.Errorf("%s: no usable %s_DSN and %[2]s_SOCKET: %q %q", path, name, dsn, socket)
	}
	i := &Instance{Kind: kind, name: "shared " + string(kind), socket: socket, borrowed: true}
	if i.port, err = strconv.Atoi(port); err != nil {
		return nil, err
	}
	i.client = i.postgresClient
	if kind == MariaDB {
		i.client = i.mariadbClient
	}
	return i, nil
}
