package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

// TestMain lets this program be the watcher.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "watch" {
		main()
		return
	}
	os.Exit(m.Run())
}

func demand(t *testing.T, holds bool, what ...any) {
	t.Helper()
	if !holds {
		t.Fatal(what...)
	}
}

// started runs the servers for an owner of their own, a process that does nothing.
func started(t *testing.T, file string) (owner *exec.Cmd, entries map[string]string) {
	t.Helper()
	owner = exec.Command("sleep", "100")
	demand(t, owner.Start() == nil, "cannot start a process")
	t.Cleanup(func() { owner.Process.Kill(); owner.Wait() })
	err := start(file, owner.Process.Pid)
	demand(t, err == nil, err)
	if entries, err = database.ReadEntries(file); err != nil {
		t.Fatal(err)
	}
	demand(t, answer(entries), "they do not run: ", entries)
	return owner, entries
}

func answer(entries map[string]string) bool {
	for _, kind := range []string{"POSTGRES", "MARIADB"} {
		connection, err := net.Dial("unix", entries[kind+"_SOCKET"])
		if err != nil || born(entries[kind+"_PID"]) == "" {
			return false
		}
		connection.Close()
	}
	return true
}

func gone(t *testing.T, entries map[string]string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := ""
		for _, kind := range []string{"POSTGRES", "MARIADB"} {
			directory := filepath.Dir(entries[kind+"_SOCKET"])
			if _, err := os.Stat(directory); err == nil || born(entries[kind+"_PID"]) != "" {
				left += directory + " "
			}
		}
		if left == "" {
			return
		}
		demand(t, time.Now().Before(deadline), "left: ", left)
	}
}

func TestServersRunUntilTheyAreStopped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "databases")
	owner, entries := started(t, file)
	t.Setenv("KVSHIM_DATABASES", file)
	for kind, query := range map[database.Kind]string{
		database.Postgres: "SHOW fsync",
		database.MariaDB:  "SELECT IF(@@innodb_flush_log_at_trx_commit = 1, 'on', 'off')",
	} {
		db := database.Shared(t, kind)
		demand(t, strings.HasPrefix(db.DSN(""), entries[strings.ToUpper(string(kind))+"_DSN"]), db.DSN(""),
			" is another server")
		demand(t, db.Query(t, "", query) == "on", kind, " is not durable")
	}
	// Another run, as long as the first goes on, leaves them alone.
	demand(t, stop(file, os.Getpid()) == nil && answer(entries), "stopped by somebody else")
	err := stop(file, owner.Process.Pid)
	demand(t, err == nil, err)
	_, err = os.Stat(file)
	demand(t, os.IsNotExist(err), "the file is left")
	gone(t, entries)
	demand(t, stop(file, owner.Process.Pid) == nil, "stopping twice is an error")
}

func TestServersEndWithTheirOwner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "databases")
	owner, entries := started(t, file)
	owner.Process.Kill()
	gone(t, entries)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(file); os.IsNotExist(err) {
			break
		}
		demand(t, time.Now().Before(deadline), "the file is left")
	}
}

func TestServersEndWhenTheirWatcherIsKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "databases")
	owner, entries := started(t, file)
	watcher, err := strconv.Atoi(entries["WATCHER"])
	demand(t, err == nil, err)
	syscall.Kill(watcher, syscall.SIGKILL)
	gone(t, entries)
	demand(t, stop(file, owner.Process.Pid) == nil, "what is left cannot be stopped")
	_, err = os.Stat(file)
	demand(t, os.IsNotExist(err), "the file is left")
}
