// Databases starts the PostgreSQL and the MariaDB server that the tests of one run share, and ends
// them. ctest runs it before the first test that wants them and after the last.
//
//	databases start FILE [PID]   starts both and describes them in FILE (database/shared.go)
//	databases stop FILE          ends them and removes FILE
//
// A process that stays in the background ends them by itself once the process PID, by default the
// one that called start, is gone, or after 90 minutes.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"kvshim.test/blackbox/database"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "databases:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: databases start FILE [PID] | databases stop FILE")
	}
	file, err := filepath.Abs(arguments[1])
	if err != nil {
		return err
	}
	owner := os.Getppid()
	if len(arguments) > 2 {
		if owner, err = strconv.Atoi(arguments[2]); err != nil {
			return err
		}
	}
	switch arguments[0] {
	case "start":
		return start(file, owner)
	case "watch":
		return watch(file, owner)
	case "stop":
		return stop(file, owner)
	}
	return fmt.Errorf("unknown command %q", arguments[0])
}

// start leaves the work to a watcher, whose children the servers are, and waits for its word.
func start(file string, owner int) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	watcher := exec.Command("/proc/self/exe")
	watcher.Args = []string{"kvshim-databases", "watch", file, strconv.Itoa(owner)}
	watcher.Dir = "/"
	watcher.Stdout = write
	watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := watcher.Start(); err != nil {
		return err
	}
	write.Close()
	if answer, _ := io.ReadAll(read); string(answer) != ready {
		return fmt.Errorf("the servers did not start: %s", answer)
	}
	return nil
}

// stop ends the servers of FILE, unless another run that is still going on has started them.
func stop(file string, owner int) error {
	entries, err := database.ReadEntries(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if entries["OWNER"] != strconv.Itoa(owner) && born(entries["OWNER"]) == entries["OWNER_BORN"] {
		return nil
	}
	watcher := entries["WATCHER"]
	pid, err := strconv.Atoi(watcher)
	if err != nil || pid <= 1 || born(watcher) != entries["WATCHER_BORN"] {
		return os.Remove(file) // it is gone, and with it the servers
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); born(watcher) == entries["WATCHER_BORN"]; {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d does not end the servers", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}
