package database

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// The guard is a process of its own that ends servers once the process that started them is gone,
// whether that returned, panicked or was killed. It knows by a pipe, which the kernel closes, what
// a death signal could not do: reach paused processes and the directories.
//
// It is this very program, started again, and detached, so that who kills a test with all its
// descendants, as ctest does at a timeout, does not kill the guard.
var guard struct {
	once sync.Once
	pipe io.Writer
	err  error
}

const guardVariable = "KVSHIM_DATABASE_GUARD"

func init() {
	switch os.Getenv(guardVariable) {
	case "":
	case "detach":
		if _, err := startGuard("guard", os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, "starting the guard:", err)
			os.Exit(1)
		}
		os.Exit(0)
	default:
		guardUntilEnd(os.Stdin)
		os.Exit(0)
	}
}

func startGuard(role string, pipe *os.File) (*exec.Cmd, error) {
	command := exec.Command("/proc/self/exe")
	command.Args = []string{"kvshim-database-guard"}
	command.Env = append(serverEnvironment(), guardVariable+"="+role)
	command.Dir = "/"
	command.Stdin = pipe
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return command, command.Start()
}

// guardUntilEnd reads lines "+DIRECTORY" and "-DIRECTORY", and at their end ends and removes what
// is left.
func guardUntilEnd(lines io.Reader) {
	guarded := map[string]bool{}
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		line := scanner.Text()
		if directory, added := strings.CutPrefix(line, "+"); added {
			guarded[directory] = true
		} else {
			delete(guarded, strings.TrimPrefix(line, "-"))
		}
	}
	for directory := range guarded {
		killIn(directory)
	}
	for directory := range guarded {
		os.RemoveAll(directory)
	}
}

// guarded puts a directory under guard, before a server starts in it.
func guarded(directory string) error {
	guard.once.Do(func() {
		read, write, err := os.Pipe()
		if err != nil {
			guard.err = err
			return
		}
		defer read.Close()
		command, err := startGuard("detach", read)
		if err == nil {
			err = command.Wait()
		}
		guard.pipe, guard.err = write, err
	})
	if guard.err != nil {
		return fmt.Errorf("starting the guard: %w", guard.err)
	}
	_, err := fmt.Fprintf(guard.pipe, "+%s\n", directory)
	return err
}

func unguarded(directory string) { fmt.Fprintf(guard.pipe, "-%s\n", directory) }
