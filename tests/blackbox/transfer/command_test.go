// Package transfer moves stores from one database or etcd to another by `kvshim migrate` and
// `kvshim snapshot`, and looks at what servers make of them then.
package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// command is a kvshim that does one thing and ends.
func command(t *testing.T, wrapper []string, arguments ...string) *exec.Cmd {
	t.Helper()
	program := os.Getenv("KVSHIM_BIN")
	expect.True(t, program != "", "KVSHIM_BIN must name the kvshim program")
	line := append(append(slices.Clone(wrapper), program), arguments...)
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command
}

// try runs kvshim and returns what it prints on both outputs, and whether it succeeded.
func try(t *testing.T, arguments ...string) (string, bool) {
	t.Helper()
	return tryIn(t, nil, arguments...)
}

func tryIn(t *testing.T, wrapper []string, arguments ...string) (string, bool) {
	t.Helper()
	command := command(t, wrapper, arguments...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	expect.True(t, !strings.Contains(output.String(), database.Password),
		"the password is printed: ", output.String())
	return output.String(), err == nil
}

func run(t *testing.T, arguments ...string) string {
	t.Helper()
	output, ok := try(t, arguments...)
	expect.True(t, ok, "kvshim ", strings.Join(arguments, " "), " fails: ", output)
	return output
}

func fails(t *testing.T, text string, arguments ...string) {
	t.Helper()
	output, ok := try(t, arguments...)
	expect.True(t, !ok, "kvshim ", strings.Join(arguments, " "), " succeeds: ", output)
	expect.Contains(t, output, text)
}

// move migrates and has the result checked where it is a database.
func move(t *testing.T, from, to string) string {
	t.Helper()
	output := run(t, "migrate", "--from", from, "--to", to)
	expect.Contains(t, output, "verified: they are the same")
	if !strings.HasPrefix(to, "http") {
		check(t, to)
	}
	return output
}

func check(t *testing.T, dsn string) {
	t.Helper()
	expect.Contains(t, run(t, "check", "--endpoint", dsn), "sound: ")
}

// fresh is a new database of the kind under test; local is one in SQLite.
func fresh(t *testing.T) string { return database.FreshDSN(t, database.UnderTest()) }
func local(t *testing.T) string { return database.FreshDSN(t, database.SQLite) }

func serve(t *testing.T, dsn string) (*server.Server, *clientv3.Client) {
	t.Helper()
	s := server.Start(t, server.Options{Flavor: server.Kvshim, Endpoint: dsn})
	return s, s.Client(t)
}

func stop(t *testing.T, s *server.Server) {
	t.Helper()
	expect.NoError(t, s.Stop(20*time.Second))
}

// state is what clients see of a store.
type state struct {
	Revision int64
	Keys     []*pb.KeyValue
	Events   []*clientv3.Event // since the compact revision
	Leases   map[clientv3.LeaseID]int64
}

// look reads everything. `compacted` is the store's compact revision, and there is a later one.
func look(t *testing.T, client *clientv3.Client, compacted int64) state {
	t.Helper()
	ctx, cancel := context.WithCancel(server.Context(t))
	defer cancel()
	keys := expect.Value(client.Get(ctx, "", clientv3.WithFromKey()))(t)
	s := state{Revision: keys.Header.Revision, Keys: keys.Kvs, Leases: leases(t, client)}
	_, err := client.Get(ctx, "k", clientv3.WithRev(compacted-1))
	expect.True(t, compacted < 2 || err != nil, "revisions below the compact one are gone")
	if s.Revision == compacted {
		return s
	}
	watch := client.Watch(ctx, "", clientv3.WithFromKey(), clientv3.WithRev(compacted+1))
	for response := range watch {
		expect.NoError(t, response.Err())
		s.Events = append(s.Events, response.Events...)
		if len(s.Events) > 0 && s.Events[len(s.Events)-1].Kv.ModRevision == s.Revision {
			return s
		}
	}
	t.Fatal("the watch ended")
	return s
}

func leases(t *testing.T, client *clientv3.Client) map[clientv3.LeaseID]int64 {
	t.Helper()
	ctx := server.Context(t)
	granted := map[clientv3.LeaseID]int64{}
	for _, lease := range expect.Value(client.Leases(ctx))(t).Leases {
		granted[lease.ID] = expect.Value(client.TimeToLive(ctx, lease.ID))(t).GrantedTTL
	}
	return granted
}

// values are the living keys and their values.
func values(t *testing.T, client *clientv3.Client) map[string]string {
	t.Helper()
	found := map[string]string{}
	keys := expect.Value(client.Get(server.Context(t), "", clientv3.WithFromKey()))(t)
	for _, kv := range keys.Kvs {
		found[string(kv.Key)] = string(kv.Value)
	}
	return found
}

func sqlite(t *testing.T, dsn, sql string) string {
	t.Helper()
	command := exec.Command("sqlite3", strings.TrimPrefix(dsn, "sqlite://"))
	command.Stdin = strings.NewReader(sql)
	output, err := command.CombinedOutput()
	expect.NoError(t, err, string(output))
	return strings.TrimSpace(string(output))
}

// content stands for the bytes of a file, in few letters.
func content(t *testing.T, path string) string {
	t.Helper()
	bytes := expect.Value(os.ReadFile(path))(t)
	return fmt.Sprintf("%d bytes, sha256 %x", len(bytes), sha256.Sum256(bytes))
}

func inDirectory(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }
