package transfer

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

type info struct {
	Hash                                                             string
	Revision, CompactRevision, TotalKey, Versions, Leases, TotalSize int64
}

func status(t *testing.T, file string) (found info) {
	t.Helper()
	output := run(t, "snapshot", "status", file, "-w", "json")
	expect.NoError(t, json.Unmarshal([]byte(output), &found))
	return found
}

func TestSnapshotOfARunningServerRestoresIntoAnyDatabase(t *testing.T) {
	s, client := serve(t, fresh(t))
	compacted := live(t, client)
	before := look(t, client, compacted)
	file := inDirectory(t, "backup.db")
	expect.Contains(t, run(t, "snapshot", "save", file, "--endpoint", s.URL()), "saved "+file)

	found := status(t, file)
	expect.Equal(t, before.Revision, found.Revision)
	expect.Equal(t, compacted, found.CompactRevision)
	expect.Equal(t, int64(len(before.Keys)), found.TotalKey)
	expect.Equal(t, int64(2), found.Leases)
	expect.Equal(t, expect.Value(os.Stat(file))(t).Size(), found.TotalSize)
	expect.Equal(t, os.FileMode(0o600), expect.Value(os.Stat(file))(t).Mode())
	expect.Contains(t, run(t, "snapshot", "status", file), found.Hash)
	bytes := content(t, file)

	expect.Value(client.Put(server.Context(t), "k6", "after the snapshot"))(t)
	for _, to := range []string{fresh(t), local(t)} {
		expect.Contains(t, run(t, "snapshot", "restore", file, "--to", to), found.Hash)
		check(t, to)
		_, restored := serve(t, to)
		expect.Equal(t, before, look(t, restored, compacted))
		fails(t, "", "snapshot", "restore", file, "--to", to)
	}
	expect.Equal(t, bytes, content(t, file), "it can be restored again")
	check(t, "sqlite://"+file) // and served as it is
}

func TestSnapshotsOfOneStateHaveOneHash(t *testing.T) {
	dsn := fresh(t)
	s, client := serve(t, dsn)
	live(t, client)
	byServer, byEtcdctl := inDirectory(t, "a.db"), inDirectory(t, "b.db")
	run(t, "snapshot", "save", byServer, "--endpoint", s.URL())
	etcdctl := exec.Command("etcdctl", "snapshot", "save", byEtcdctl)
	etcdctl.Env = append(os.Environ(), "ETCDCTL_API=3", "ETCDCTL_ENDPOINTS="+s.URL())
	output, err := etcdctl.CombinedOutput()
	expect.NoError(t, err, string(output))
	stop(t, s)
	byDSN := inDirectory(t, "c.db")
	run(t, "snapshot", "save", byDSN, "--endpoint", dsn)
	expect.Equal(t, status(t, byServer).Hash, status(t, byEtcdctl).Hash)
	expect.Equal(t, status(t, byServer).Hash, status(t, byDSN).Hash)
	s, client = serve(t, dsn)
	expect.Value(client.Put(server.Context(t), "k6", "other"))(t)
	run(t, "snapshot", "save", byServer, "--endpoint", s.URL())
	expect.True(t, status(t, byServer).Hash != status(t, byDSN).Hash, "another state")
}

func TestDamagedSnapshotsAreRefused(t *testing.T) {
	server.OnlySQLite(t, "files are the same everywhere")
	s, client := serve(t, local(t))
	ctx := server.Context(t)
	for i := range 200 {
		expect.Value(client.Put(ctx, fmt.Sprint("k", i), strings.Repeat("x", 1000)))(t)
	}
	file := inDirectory(t, "b.db")
	etcdctl := exec.Command("etcdctl", "snapshot", "save", file)
	etcdctl.Env = append(os.Environ(), "ETCDCTL_API=3", "ETCDCTL_ENDPOINTS="+s.URL())
	expect.NoError(t, etcdctl.Run())
	whole := string(expect.Value(os.ReadFile(file))(t))
	damaged := []byte(whole)
	damaged[len(damaged)/2] ^= 1
	expect.NoError(t, os.WriteFile(file, damaged, 0o600))
	fails(t, "is damaged: it does not fit the SHA-256 at its end", "snapshot", "status", file)
	expect.NoError(t, os.WriteFile(file, []byte(whole[:len(whole)/2]), 0o600))
	fails(t, "", "snapshot", "restore", file, "--to", local(t))
	expect.NoError(t, os.WriteFile(file, []byte("not a database"), 0o600))
	fails(t, "is no snapshot of kvshim", "snapshot", "restore", file, "--to", local(t))
	fails(t, "cannot read", "snapshot", "status", inDirectory(t, "missing"))
	foreign := local(t)
	sqlite(t, foreign, "CREATE TABLE t (x)")
	fails(t, "is no snapshot of kvshim", "snapshot", "status", strings.TrimPrefix(foreign, "sqlite://"))
}

func TestSnapshotOfALiveEtcdRestores(t *testing.T) {
	etcd, client := startEtcd(t)
	live(t, client)
	file := inDirectory(t, "etcd.db")
	run(t, "snapshot", "save", file, "--endpoint", etcd.URL())
	to := fresh(t)
	run(t, "snapshot", "restore", file, "--to", to)
	_, restored := serve(t, to)
	want := expect.Value(client.Get(server.Context(t), "", clientv3.WithFromKey()))(t)
	got := expect.Value(restored.Get(server.Context(t), "", clientv3.WithFromKey()))(t)
	expect.Equal(t, want.Kvs, got.Kvs)
	empty, moved := startEtcd(t)
	run(t, "snapshot", "restore", file, "--to", empty.URL())
	expect.Equal(t, values(t, client), values(t, moved))
}

func TestSnapshotThatFailsLeavesTheOldFile(t *testing.T) {
	server.OnlySQLite(t, "files are the same everywhere")
	s, client := serve(t, local(t))
	ctx := server.Context(t)
	file := inDirectory(t, "b.db")
	run(t, "snapshot", "save", file, "--endpoint", s.URL())
	before := content(t, file)
	for i := range 200 {
		expect.Value(client.Put(ctx, fmt.Sprint("k", i), strings.Repeat("x", 1000)))(t)
	}
	output, ok := tryIn(t, []string{"prlimit", "--fsize=100000"}, "snapshot", "save", file,
		"--endpoint", s.URL())
	expect.True(t, !ok, output)
	expect.Equal(t, before, content(t, file))
	stop(t, s)
	_, ok = tryIn(t, []string{"prlimit", "--fsize=100000"}, "snapshot", "save", file, "--endpoint",
		s.Options.Endpoint)
	expect.True(t, !ok)
	expect.Equal(t, before, content(t, file))
	run(t, "snapshot", "save", file, "--endpoint", s.Options.Endpoint)
	expect.Equal(t, int64(200), status(t, file).TotalKey)
}
