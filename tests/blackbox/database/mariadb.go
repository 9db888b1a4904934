package database

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func launchMariaDB(o Options) (*Instance, error) {
	i, err := newMariaDB("mariadb", o)
	if err != nil {
		return i, err
	}
	if err := i.createMariaDB(); err != nil {
		return i, err
	}
	return i, i.createMariaDBUser()
}

// newMariaDB is a MariaDB instance without data.
func newMariaDB(name string, o Options) (*Instance, error) {
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		if program = "/usr/sbin/mariadbd"; !exists(program) {
			return nil, fmt.Errorf("%w: ./dev setup installs MariaDB", err)
		}
	}
	i, err := newInstance(MariaDB, name, "mysql", o)
	if err != nil {
		return i, err
	}
	if err := os.Mkdir(i.path("data"), 0o700); err != nil {
		return i, err
	}
	if err := give(i.path("data"), i.account); err != nil {
		return i, err
	}
	i.program = program
	i.socket = i.path("socket")
	i.stopSignal = syscall.SIGTERM
	i.arguments = func() []string {
		arguments := []string{
			"--no-defaults", "--datadir=" + i.path("data"), "--bind-address=127.0.0.1",
			fmt.Sprint("--port=", i.port), "--socket=" + i.socket, "--pid-file=" + i.path("pid"),
			"--tmpdir=" + i.directory, // in a shared one, servers were seen to take each other's files
			"--innodb-flush-log-at-trx-commit=1", "--innodb-log-file-size=32M",
			"--innodb-buffer-pool-size=64M", "--innodb-buffer-pool-dump-at-shutdown=0",
			"--innodb-buffer-pool-load-at-startup=0", "--skip-name-resolve", "--max-connections=100",
		}
		for _, setting := range i.settings {
			arguments = append(arguments, "--"+i.expand(setting))
		}
		return arguments
	}
	i.ready = i.greets
	i.client = i.mariadbClient
	return i, nil
}

// createMariaDB fills the data directory and starts the server.
func (i *Instance) createMariaDB() error {
	output, err := i.run("mariadb-install-db", "--no-defaults", "--datadir="+i.path("data"),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=32M", "--innodb-flush-log-at-trx-commit=0",
	).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, output)
	}
	return i.firstLaunch()
}

func (i *Instance) createMariaDBUser() error {
	_, err := i.TryQuery("", fmt.Sprintf("CREATE USER %[1]s@'%%' IDENTIFIED BY '%[2]s';"+
		"GRANT ALL PRIVILEGES ON `%%`.* TO %[1]s@'%%'", User, Password))
	return err
}

// greets says whether the server sends its first packet, version 10 of the protocol.
func (i *Instance) greets() bool {
	connection, err := net.Dial("unix", i.socket)
	if err != nil {
		return false
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(time.Second))
	greeting := make([]byte, 256)
	n, _ := connection.Read(greeting)
	return n > 4 && greeting[4] == 10
}

func (i *Instance) mariadbClient(ctx context.Context, name, sql string) *exec.Cmd {
	return exec.CommandContext(ctx, "mariadb", "--no-defaults", "--batch", "--skip-column-names",
		"--protocol=socket", "--socket="+i.socket, "--user=root", "--database="+name, "--execute="+sql)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
