package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"kvshim.test/blackbox/database"
)

const (
	ready    = "ready\n"
	lifetime = 90 * time.Minute
)

// watch starts the servers, says so, and ends them when it is told to or its owner is gone. Should
// it be killed itself, the guard of package database ends them.
func watch(file string, owner int) error {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	pid := strconv.Itoa(owner)
	ownerBorn := born(pid)
	instances, err := launchAll()
	defer func() {
		for _, i := range instances {
			i.Remove()
		}
	}()
	var description string
	if err == nil {
		self := strconv.Itoa(os.Getpid())
		description = fmt.Sprintf("OWNER=%s\nOWNER_BORN=%s\nWATCHER=%s\nWATCHER_BORN=%s\n",
			pid, ownerBorn, self, born(self))
		for _, i := range instances {
			description += i.Entry()
		}
		err = replace(file, description)
	}
	if err != nil {
		fmt.Print(err) // to who waits in start
		return err
	}
	defer func() {
		if content, _ := os.ReadFile(file); string(content) == description {
			os.Remove(file)
		}
	}()
	fmt.Print(ready)
	os.Stdout.Close()
	end := time.After(lifetime)
	tick := time.NewTicker(200 * time.Millisecond)
	for ownerBorn != "" && born(pid) == ownerBorn {
		select {
		case <-asked:
			return nil
		case <-end:
			return nil
		case <-tick.C:
		}
	}
	return nil
}

func launchAll() (instances []*database.Instance, err error) {
	kinds := []database.Kind{database.Postgres, database.MariaDB}
	instances, errs := make([]*database.Instance, len(kinds)), make([]error, len(kinds))
	var wait sync.WaitGroup
	for n, kind := range kinds {
		wait.Go(func() { instances[n], errs[n] = database.LaunchShared(kind) })
	}
	wait.Wait()
	var started []*database.Instance
	for _, i := range instances {
		if i != nil {
			started = append(started, i)
		}
	}
	return started, errors.Join(errs...)
}

// replace writes a file that is whole whenever it is there.
func replace(file, content string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	fresh := fmt.Sprint(file, ".", os.Getpid())
	if err := os.WriteFile(fresh, []byte(content), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, file)
}

// born tells a process from an earlier one of the same number: the time of its start, in ticks since
// the machine's; empty where there is none, or only its remains.
func born(pid string) string {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}
