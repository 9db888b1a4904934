package database

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// postgresProgram finds one of PostgreSQL's programs where Debian puts them, off the PATH; those on
// the PATH are wrappers that choose among clusters.
func postgresProgram(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: ./dev setup installs PostgreSQL", err)
	}
	return path, nil
}

func launchPostgres(o Options) (*Instance, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return nil, err
	}
	i, err := newPostgres("postgres", o)
	if err != nil {
		return i, err
	}
	// Only a fresh cluster is not forced to the disk; the server then works with fsync.
	output, err := i.run(initdb, "--no-sync", "--no-instructions", "--pgdata", i.path("data"),
		"--username", "postgres", "--auth-local", "trust", "--auth-host", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C.UTF-8").CombinedOutput()
	if err != nil {
		return i, fmt.Errorf("initdb: %w\n%s", err, output)
	}
	if err := i.firstLaunch(); err != nil {
		return i, err
	}
	_, err = i.TryQuery("", fmt.Sprintf("CREATE ROLE %s LOGIN CREATEDB PASSWORD '%s'", User, Password))
	return i, err
}

// newPostgres is a PostgreSQL instance without data.
func newPostgres(name string, o Options) (*Instance, error) {
	program, err := postgresProgram("postgres")
	if err != nil {
		return nil, err
	}
	i, err := newInstance(Postgres, name, "postgres", o)
	if err != nil {
		return i, err
	}
	i.program = program
	i.stopSignal = syscall.SIGINT // "fast": ends the sessions and writes a checkpoint
	i.arguments = func() []string {
		i.socket = i.path(fmt.Sprint(".s.PGSQL.", i.port))
		settings := append([]string{
			"listen_addresses=127.0.0.1", fmt.Sprint("port=", i.port),
			"unix_socket_directories=" + i.directory,
			"fsync=on", "full_page_writes=on", "synchronous_commit=on",
			"shared_buffers=32MB", "max_connections=100",
			"dynamic_shared_memory_type=mmap", // files in its directory, which go with it
			"jit=off", "log_line_prefix=%m [%p] ",
		}, i.settings...)
		arguments := []string{"-D", i.path("data")}
		for _, setting := range settings {
			arguments = append(arguments, "-c", i.expand(setting))
		}
		return arguments
	}
	i.ready = func() bool {
		lines := pidFile(i.directory)
		return len(lines) > 7 && lines[0] == strconv.Itoa(i.command.Process.Pid) &&
			strings.TrimSpace(lines[7]) == "ready"
	}
	i.client = i.postgresClient
	return i, nil
}

func (i *Instance) postgresClient(ctx context.Context, name, sql string) *exec.Cmd {
	return psql(ctx, filepath.Dir(i.socket), i.port, "postgres", name, sql)
}

func psql(ctx context.Context, host string, port int, user, name, sql string) *exec.Cmd {
	program, err := postgresProgram("psql")
	if err != nil {
		program = "psql"
	}
	if name == "" {
		name = "postgres"
	}
	return exec.CommandContext(ctx, program, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--field-separator", "\t", "--set", "ON_ERROR_STOP=1", "--host", host,
		"--port", strconv.Itoa(port), "--username", user, "--dbname", name, "--command", sql)
}
