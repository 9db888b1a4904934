package transfer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// crowd fills a store with keys of which a copy takes its time.
func crowd(t *testing.T, client *clientv3.Client) {
	t.Helper()
	ctx := server.Context(t)
	for i := range 80 {
		var puts []clientv3.Op
		for j := range 100 {
			puts = append(puts, clientv3.OpPut(fmt.Sprint("c/", i, "/", j), strings.Repeat("v", 1000)))
		}
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
}

// interrupt starts the move and kills it as soon as `begun` holds.
func interrupt(t *testing.T, begun func() bool, arguments ...string) {
	t.Helper()
	command := command(t, nil, arguments...)
	expect.NoError(t, command.Start())
	for deadline := time.Now().Add(30 * time.Second); !begun(); time.Sleep(time.Millisecond) {
		expect.True(t, time.Now().Before(deadline), "the move does not begin")
	}
	command.Process.Kill()
	expect.True(t, command.Wait() != nil, "it had ended before it was killed")
}

// rowsOf counts the rows that a database under test holds; 0 where it is not there yet.
func rowsOf(t *testing.T, dsn string) func() bool {
	kind := database.UnderTest()
	name := dsn[strings.LastIndexByte(dsn, '/')+1:]
	return func() bool {
		rows, err := database.Shared(t, kind).TryQuery(name, "SELECT count(*) FROM kv_log")
		return err == nil && rows != "0"
	}
}

func TestInterruptedMoveGoesOn(t *testing.T) {
	from, to := local(t), fresh(t)
	s, client := serve(t, from)
	crowd(t, client)
	compacted := live(t, client)
	crowd(t, client)
	before := look(t, client, compacted)
	stop(t, s)

	if strings.HasPrefix(to, "sqlite") {
		output, ok := tryIn(t, []string{"prlimit", "--fsize=5000000"}, "migrate", "--from", from,
			"--to", to)
		expect.True(t, !ok, "the file is full: ", output)
	} else {
		interrupt(t, rowsOf(t, to), "migrate", "--from", from, "--to", to)
	}
	// Nobody takes the half for the whole.
	half := server.New(t, server.Options{Flavor: server.Kvshim, Endpoint: to})
	expect.True(t, half.TryLaunch() != nil, "a server serves it")
	expect.Contains(t, half.LogTail(4096), "holds an import that did not come to its end")
	fails(t, "holds an import that did not come to its end", "migrate", "--from", to, "--to", local(t))
	other := local(t)
	populated(t, other)
	fails(t, "holds the unfinished import of kvshim", "migrate", "--from", other, "--to", to)

	expect.Contains(t, move(t, from, to), "going on: ")
	_, moved := serve(t, to)
	expect.Equal(t, before, look(t, moved, compacted))
}

func TestMoveGoesOnAfterTheSourceHasChanged(t *testing.T) {
	server.OnlySQLite(t, "how it is interrupted differs")
	from, to := local(t), local(t)
	s, client := serve(t, from)
	crowd(t, client)
	stop(t, s)
	output, ok := tryIn(t, []string{"prlimit", "--fsize=3000000"}, "migrate", "--from", from,
		"--to", to)
	expect.True(t, !ok, output)

	s, client = serve(t, from)
	ctx := server.Context(t)
	expect.Value(client.Delete(ctx, "c/0/", clientv3.WithPrefix()))(t)
	expect.Value(client.Put(ctx, "c/1/1", "new"))(t)
	expect.Value(client.Put(ctx, "c/later", "new"))(t)
	revision := expect.Value(client.Put(ctx, "c/later", "newer"))(t).Header.Revision
	expect.Value(client.Compact(ctx, revision, clientv3.WithCompactPhysical()))(t)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	expect.Value(client.Put(ctx, "c/leased", "x", clientv3.WithLease(lease)))(t)
	before := look(t, client, revision)
	stop(t, s)
	expect.Contains(t, move(t, from, to), "going on: ")
	_, moved := serve(t, to)
	expect.Equal(t, before, look(t, moved, revision))
}

func TestInterruptedMoveIntoALiveEtcdGoesOn(t *testing.T) {
	from := fresh(t)
	s, client := serve(t, from)
	crowd(t, client)
	live(t, client)
	want := values(t, client)
	stop(t, s)
	etcd, moved := startEtcd(t)
	ctx := server.Context(t)
	interrupt(t, func() bool {
		found := expect.Value(moved.Get(ctx, "c/", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t)
		return found.Count > 0
	}, "migrate", "--from", from, "--to", etcd.URL())
	half := values(t, moved)
	expect.Contains(t, half["kvshim-import-unfinished"], "kvshim ")
	expect.True(t, len(half) < len(want), "it was not done yet")
	expect.Value(moved.Put(ctx, "c/0/0", "changed meanwhile"))(t)
	expect.Value(moved.Put(ctx, "stray", "x"))(t)
	expect.Contains(t, move(t, from, etcd.URL()), "going on: ")
	expect.Equal(t, want, values(t, moved))
}
