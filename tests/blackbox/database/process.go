package database

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processesIn finds a server's processes: those whose working directory lies in its directory and
// that have no terminal (a person may look around there). PostgreSQL puts each of its processes
// into a session of its own and lets them survive their parent, so neither process groups nor
// parents would find them all; a number noted earlier might by now be somebody else's.
func processesIn(directory string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		at, err := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd"))
		at = strings.TrimSuffix(at, " (deleted)")
		if err == nil && (at == directory || strings.HasPrefix(at, directory+"/")) && !onTerminal(pid) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids) // parents before their children, mostly
	return pids
}

func onTerminal(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	var state string
	var parent, group, session, terminal int
	fields := string(stat[bytes.LastIndexByte(stat, ')')+1:]) // after the name, which may be anything
	fmt.Sscan(fields, &state, &parent, &group, &session, &terminal)
	return terminal != 0
}

// killIn ends every process of the directory, paused ones too, and those that they start meanwhile.
func killIn(directory string) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		pids := processesIn(directory)
		if len(pids) == 0 {
			removeSegment(directory)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%v in %s outlive SIGKILL", pids, directory)
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// pauseIn stops every process of the directory; when it returns, none of them runs.
func pauseIn(directory string) {
	stopped := map[int]bool{}
	for again := true; again; {
		again = false
		for _, pid := range processesIn(directory) {
			if !stopped[pid] {
				syscall.Kill(pid, syscall.SIGSTOP)
				stopped[pid] = true
				again = true // it may have started another before it stopped
			}
		}
	}
}

func resumeIn(directory string) {
	pids := processesIn(directory)
	slices.Reverse(pids)
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGCONT)
	}
}

// removeSegment frees the small System V segment that a killed PostgreSQL leaves to the machine. A
// server that is started again does so itself.
func removeSegment(directory string) {
	const remove = 0 // IPC_RMID
	if lines := pidFile(directory); len(lines) > 6 {
		var key, id uint
		if n, _ := fmt.Sscan(lines[6], &key, &id); n == 2 {
			syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), remove, 0)
		}
	}
}

// pidFile is what a PostgreSQL server notes about itself, by line: process id, data directory,
// start time, port, socket directory, address, shared memory, status.
func pidFile(directory string) []string {
	content, _ := os.ReadFile(filepath.Join(directory, "data", "postmaster.pid"))
	return strings.Split(string(content), "\n")
}
