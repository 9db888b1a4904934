package transfer

import (
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// live leaves a store with history, tombstones, leases and a compaction behind, and returns the
// compact revision.
func live(t *testing.T, client *clientv3.Client) int64 {
	t.Helper()
	ctx := server.Context(t)
	long := expect.Value(client.Grant(ctx, 5000))(t).ID
	expect.Value(client.Grant(ctx, 70))(t)
	put := func(key, value string, options ...clientv3.OpOption) {
		expect.Value(client.Put(ctx, key, value, options...))(t)
	}
	for i := range 40 {
		put(fmt.Sprint("k", i%7), fmt.Sprint("value ", i))
	}
	put("bytes\x00\xff'\\", "\x00\xfe\xff'\\\"\n")
	put("empty", "")
	put("leased/1", "x", clientv3.WithLease(long))
	put("large", strings.Repeat("0123456789abcdef", 60_000))
	expect.Value(client.Delete(ctx, "k3"))(t)
	compacted := expect.Value(client.Delete(ctx, "k4"))(t).Header.Revision
	expect.Value(client.Compact(ctx, compacted, clientv3.WithCompactPhysical()))(t)
	put("k3", "again")
	expect.Value(client.Txn(ctx).Then(clientv3.OpPut("t1", "1"), clientv3.OpPut("a1", "2"),
		clientv3.OpDelete("k5")).Commit())(t)
	put("leased/2", "y", clientv3.WithLease(long))
	expect.Value(client.Delete(ctx, "k", clientv3.WithPrefix()))(t)
	put("k6", "last")
	return compacted
}

// populated is a database that a server has used and left.
func populated(t *testing.T, dsn string) (before state, compacted int64) {
	t.Helper()
	s, client := serve(t, dsn)
	compacted = live(t, client)
	before = look(t, client, compacted)
	stop(t, s)
	return before, compacted
}

func TestDatabaseKeepsItsRevisionsWhenItMovesToAnotherKind(t *testing.T) {
	first, second, third := local(t), fresh(t), local(t)
	before, compacted := populated(t, first)
	rows := sqlite(t, first, ".dump")

	there, back := move(t, first, second), move(t, second, third)
	expect.Equal(t, sums(there)[0], sums(back)[0], "the digest does not depend on the database")
	expect.True(t, rows == sqlite(t, first, ".dump"), "nothing is written to the source")
	for _, dsn := range []string{second, third} {
		_, client := serve(t, dsn)
		expect.Equal(t, before, look(t, client, compacted), dsn)
		// Life goes on: revisions, versions and leases follow.
		ctx := server.Context(t)
		response := expect.Value(client.Put(ctx, "k6", "more", clientv3.WithPrevKV()))(t)
		expect.Equal(t, before.Revision+1, response.Header.Revision)
		expect.Equal(t, int64(1), response.PrevKv.Version)
		for lease := range before.Leases {
			expect.Value(client.Revoke(ctx, lease))(t)
		}
		expect.Equal(t, 0, len(expect.Value(client.Get(ctx, "leased/", clientv3.WithPrefix()))(t).Kvs))
	}
}

// sums are the digests that a migration prints: the source's, then the target's.
func sums(output string) (found []string) {
	for _, line := range strings.Split(output, "\n") {
		if _, sum, cut := strings.Cut(line, "sha256 "); cut {
			found = append(found, sum)
		}
	}
	return found
}

func TestDatabaseThatNobodyWroteToMoves(t *testing.T) {
	from, to := fresh(t), local(t)
	s, client := serve(t, from)
	before := look(t, client, 1)
	stop(t, s)
	move(t, from, to)
	_, client = serve(t, to)
	expect.Equal(t, before, look(t, client, 1))
}

func TestDatabaseThatWasNeverCompactedMovesWithAllItsHistory(t *testing.T) {
	from, to := fresh(t), local(t)
	s, client := serve(t, from)
	ctx := server.Context(t)
	for i := range 5 {
		expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t)
	}
	before := look(t, client, 0)
	stop(t, s)
	move(t, from, to)
	_, client = serve(t, to)
	expect.Equal(t, before, look(t, client, 0))
	old := expect.Value(client.Get(ctx, "k", clientv3.WithRev(3)))(t)
	expect.Equal(t, "1", string(old.Kvs[0].Value))
}

// Only the state at the beginning moves; the servers of the source need not stop for that.
func TestDatabaseMovesWhileAServerHasItOpen(t *testing.T) {
	s, client := serve(t, fresh(t))
	live(t, client)
	from := s.Options.Endpoint
	if strings.HasPrefix(from, "sqlite") {
		fails(t, "is open in the process", "migrate", "--from", from, "--to", local(t))
		from = s.URL()
	}
	want := values(t, client)
	to := local(t)
	move(t, from, to)
	expect.Value(client.Put(server.Context(t), "later", "x"))(t)
	_, copied := serve(t, to)
	expect.Equal(t, want, values(t, copied))
}

func TestTargetThatAServerHasOpenIsRefused(t *testing.T) {
	from, to := local(t), fresh(t)
	populated(t, from)
	s, client := serve(t, to)
	fails(t, " is open in the ", "migrate", "--from", from, "--to", to)
	expect.Value(client.Put(server.Context(t), "k", "v"))(t)
	stop(t, s)
	fails(t, "is not empty", "migrate", "--from", from, "--to", to)
}

func TestTargetsThatHoldAnythingAreRefused(t *testing.T) {
	from, used := local(t), fresh(t)
	populated(t, from)
	before, compacted := populated(t, used)
	fails(t, "is not empty: it is at revision", "migrate", "--from", from, "--to", used)
	s, client := serve(t, used)
	expect.Equal(t, before, look(t, client, compacted), "it is as it was")
	fails(t, "is not empty: it has", "migrate", "--from", from, "--to", s.URL())
}

func TestNamesThatCannotBeAreRefused(t *testing.T) {
	server.OnlySQLite(t, "names are read before any database is asked")
	from := local(t)
	populated(t, from)
	missing := local(t)
	fails(t, "there is no file", "migrate", "--from", missing, "--to", local(t))
	fails(t, "none of sqlite://", "migrate", "--from", "oracle://x/y", "--to", local(t))
	fails(t, "no etcd answers at http://127.0.0.1:1", "migrate", "--from",
		"http://u:secret@127.0.0.1:1", "--to", local(t))
	foreign := local(t)
	sqlite(t, foreign, "CREATE TABLE t (x)")
	fails(t, "is neither kvshim's nor kine's", "migrate", "--from", foreign, "--to", local(t))
	fails(t, "belongs to another program", "migrate", "--from", from, "--to", foreign)
	fails(t, "--to is required", "migrate", "--from", from)
}
