package database

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// StartPgBouncer runs a PgBouncer in transaction mode before a PostgreSQL server. Its DSN leads
// through it; its Query looks through it as well, as kvshim's user.
func StartPgBouncer(t testing.TB, postgres *Instance) *Instance {
	t.Helper()
	return owned(t)(launchPgBouncer(postgres))
}

func launchPgBouncer(postgres *Instance) (*Instance, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			return nil, fmt.Errorf("%w: ./dev setup installs PgBouncer", err)
		}
	}
	i, err := newInstance(Postgres, "pgbouncer", "postgres", Options{
		Files: map[string]string{"users": fmt.Sprintf("%q %q\n", User, Password)},
	})
	if err != nil {
		return i, err
	}
	i.program = program
	i.stopSignal = syscall.SIGTERM // at once
	i.arguments = func() []string {
		i.socket = i.path(fmt.Sprint(".s.PGSQL.", i.port))
		return []string{"--quiet", i.path("pgbouncer.ini")}
	}
	i.ready = func() bool {
		connection, err := net.Dial("unix", i.socket)
		if err == nil {
			connection.Close()
		}
		return err == nil
	}
	i.client = func(ctx context.Context, name, sql string) *exec.Cmd {
		command := psql(ctx, "127.0.0.1", i.port, User, name, sql)
		command.Env = []string{"PGPASSWORD=" + Password}
		return command
	}
	for range 5 {
		// server_login_retry: for that long PgBouncer refuses every client of a database that did
		// not exist when it was first asked for; 15 s is its default.
		err = i.write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir = %s
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_login_retry = 1
`, postgres.port, i.port, i.directory, i.path("users")))
		if err != nil {
			return i, err
		}
		if err = i.launch(); err == nil {
			return i, nil
		}
		var failed error
		if i.port, failed = freePort(); failed != nil {
			return i, failed
		}
		time.Sleep(10 * time.Millisecond)
	}
	return i, err
}
