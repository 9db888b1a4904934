package transfer

import (
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func startEtcd(t *testing.T) (*server.Server, *clientv3.Client) {
	t.Helper()
	s := server.Start(t, server.Options{Flavor: server.Etcd})
	return s, s.Client(t)
}

func TestLiveEtcdMovesIntoADatabaseWithItsRevisions(t *testing.T) {
	etcd, client := startEtcd(t)
	live(t, client)
	before := look(t, client, compactRevision(t, client))
	to := fresh(t)
	move(t, etcd.URL(), to)
	_, moved := serve(t, to)
	ctx := server.Context(t)
	after := expect.Value(moved.Get(ctx, "", clientv3.WithFromKey()))(t)
	expect.Equal(t, before.Revision, after.Header.Revision)
	expect.Equal(t, before.Keys, after.Kvs, "revisions, versions and leases included")
	for id, granted := range leases(t, moved) {
		// What was left, and some seconds have passed.
		expect.True(t, granted <= before.Leases[id] && granted > before.Leases[id]-30, id, granted)
	}
	expect.Equal(t, len(before.Leases), len(leases(t, moved)))
	// Kubernetes' watches, which have seen everything up to now, go on.
	watch := moved.Watch(ctx, "k6", clientv3.WithRev(before.Revision+1))
	expect.Value(moved.Put(ctx, "k6", "new"))(t)
	event := (<-watch).Events[0]
	expect.Equal(t, before.Revision+1, event.Kv.ModRevision)
	expect.Equal(t, int64(2), event.Kv.Version)
}

// compactRevision is the compact revision of a store on which live has run: that of the deletion of k4.
func compactRevision(t *testing.T, client *clientv3.Client) int64 {
	t.Helper()
	response := <-client.Watch(server.Context(t), "k4", clientv3.WithRev(1))
	expect.True(t, response.CompactRevision > 1)
	return response.CompactRevision
}

func TestFullTtlGrantsLeasesAnew(t *testing.T) {
	server.OnlySQLite(t, "leases are the same everywhere")
	etcd, client := startEtcd(t)
	ctx := server.Context(t)
	lease := expect.Value(client.Grant(ctx, 100))(t).ID
	expect.Eventually(t, 10e9, func() bool {
		return expect.Value(client.TimeToLive(ctx, lease))(t).TTL < 99
	}, "time passes")
	left, whole := local(t), local(t)
	move(t, etcd.URL(), left)
	run(t, "migrate", "--from", etcd.URL(), "--to", whole, "--full-ttl")
	_, moved := serve(t, left)
	expect.True(t, leases(t, moved)[lease] < 99)
	_, moved = serve(t, whole)
	expect.Equal(t, int64(100), leases(t, moved)[lease])
}

func TestDatabaseMovesIntoALiveEtcd(t *testing.T) {
	from := fresh(t)
	s, client := serve(t, from)
	live(t, client)
	ctx := server.Context(t)
	for i := range 300 { // more than one txn takes
		expect.Value(client.Put(ctx, fmt.Sprint("many/", i), fmt.Sprint(i)))(t)
	}
	want, granted := values(t, client), leases(t, client)
	stop(t, s)
	etcd, moved := startEtcd(t)
	move(t, from, etcd.URL())
	expect.Equal(t, want, values(t, moved))
	expect.Equal(t, granted, leases(t, moved))
	leased := expect.Value(moved.Get(ctx, "leased/1"))(t).Kvs[0]
	expect.True(t, granted[clientv3.LeaseID(leased.Lease)] == 5000, leased)
	fails(t, "is not empty: it has", "migrate", "--from", from, "--to", etcd.URL())
}

func TestKineDatabaseMovesIntoALiveEtcd(t *testing.T) {
	k := newKine(t)
	k.insert(kineRow{id: 1, name: "compact_rev_key", created: 1},
		kineRow{id: 2, name: "/a", created: 1, value: "1"},
		kineRow{id: 3, name: "/b", created: 1, value: "2", lease: 600})
	etcd, client := startEtcd(t)
	move(t, k.dsn, etcd.URL())
	expect.Equal(t, map[string]string{"/a": "1", "/b": "2"}, values(t, client))
	expect.Equal(t, map[clientv3.LeaseID]int64{3: 600}, leases(t, client))
}

func TestShortLeasesOutliveTheMove(t *testing.T) {
	server.OnlySQLite(t, "leases are the same everywhere")
	from := local(t)
	s, client := serve(t, from)
	ctx := server.Context(t)
	lease := expect.Value(client.Grant(ctx, 2))(t).ID
	expect.Value(client.Put(ctx, "short", "x", clientv3.WithLease(lease)))(t)
	s.Kill()
	etcd, moved := startEtcd(t)
	move(t, from, etcd.URL())
	expect.Eventually(t, 20e9, func() bool { return len(values(t, moved)) == 0 }, "then it ends")
}

func TestEtcdWithUsersMoves(t *testing.T) {
	server.OnlySQLite(t, "calls are the same whatever the target is")
	etcd, client := startEtcd(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "k", "v"))(t)
	expect.Value(client.UserAdd(ctx, "root", "a/b@c secret"))(t)
	expect.Value(client.RoleAdd(ctx, "root"))(t)
	expect.Value(client.UserGrantRole(ctx, "root", "root"))(t)
	expect.Value(client.AuthEnable(ctx))(t)
	host := strings.TrimPrefix(etcd.URL(), "http://")
	fails(t, "authentication failed", "migrate", "--from", "http://root:wrong@"+host, "--to", local(t))
	fails(t, "user name is empty", "migrate", "--from", "http://"+host, "--to", local(t))
	to := local(t)
	move(t, "http://root:a%2Fb%40c%20secret@"+host, to)
	_, moved := serve(t, to)
	expect.Equal(t, map[string]string{"k": "v"}, values(t, moved))
}
