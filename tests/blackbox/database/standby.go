package database

import (
	"fmt"
	"testing"
	"time"
)

// StartStandby copies a PostgreSQL server and follows it. Where it is synchronous, the first server
// acknowledges a commit only when the standby has it on its disk.
//
// Neither of them knows where clients should go: as with any failover, a test kills the first
// server and calls Promote on the standby.
func (i *Instance) StartStandby(t testing.TB, synchronous bool) *Instance {
	t.Helper()
	if i.Kind != Postgres {
		t.Fatalf("%s has no standby", i)
	}
	standby := owned(t)(launchStandby(i))
	if synchronous {
		i.Query(t, "", "ALTER SYSTEM SET synchronous_standby_names = '*'")
		i.Query(t, "", "SELECT pg_reload_conf()")
	}
	mode := map[bool]string{true: "sync", false: "async"}[synchronous]
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		row := i.Query(t, "", "SELECT state, sync_state FROM pg_stat_replication")
		if row == "streaming\t"+mode {
			return standby
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby does not follow: %q\n%s", row, standby.LogTail(8192))
		}
	}
}

func launchStandby(primary *Instance) (*Instance, error) {
	program, err := postgresProgram("pg_basebackup")
	if err != nil {
		return nil, err
	}
	i, err := newPostgres("standby", Options{})
	if err != nil {
		return i, err
	}
	output, err := i.run(program, "--pgdata", i.path("data"), "--write-recovery-conf", "--no-sync",
		"--checkpoint", "fast", "--create-slot", "--slot", fmt.Sprint("standby_", i.port),
		"--dbname", fmt.Sprintf("host=%s port=%d user=postgres", primary.directory, primary.port),
	).CombinedOutput()
	if err != nil {
		return i, fmt.Errorf("pg_basebackup: %w\n%s", err, output)
	}
	return i, i.firstLaunch()
}

// Promote makes a standby a server that takes writes, and returns when it does.
func (i *Instance) Promote(t testing.TB) {
	t.Helper()
	if promoted := i.Query(t, "", "SELECT pg_promote(true, 20)"); promoted != "t" {
		t.Fatalf("%s is not promoted\n%s", i, i.LogTail(8192))
	}
	// The primary's setting came with its data; nobody follows this server.
	i.Query(t, "", "ALTER SYSTEM RESET synchronous_standby_names")
	i.Query(t, "", "SELECT pg_reload_conf()")
}
