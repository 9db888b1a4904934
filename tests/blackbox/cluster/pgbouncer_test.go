package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// One server reaches PostgreSQL through PgBouncer in transaction mode, the other directly.
func TestServersBehindPgBouncerAndBesideItAreOneEtcd(t *testing.T) {
	db := database.StartPostgres(t)
	bouncer := database.StartPgBouncer(t, db)
	pooled := join(t, bouncer.DSN("state"), "pooled") // which makes the database, too
	direct := join(t, db.DSN("state"), "direct")
	ctx := within(t, 80*time.Second)
	leaderAmong(t, 5*time.Second, pooled, direct)

	for n, s := range []*server.Server{pooled, direct} {
		other := []*server.Server{direct, pooled}[n]
		here, there := s.Client(t), other.Client(t)
		key := func(name string) string { return fmt.Sprint(n, "/", name) }

		put := expect.Value(here.Put(ctx, key("k"), "1"))(t)
		watch := there.Watch(ctx, key(""), clientv3.WithPrefix(), clientv3.WithRev(put.Header.Revision))
		expect.Equal(t, "1", string((<-watch).Events[0].Kv.Value))
		txn := func(client *clientv3.Client, want, value string) bool {
			return expect.Value(client.Txn(ctx).If(clientv3.Compare(clientv3.Value(key("k")), "=", want)).
				Then(clientv3.OpPut(key("k"), value), clientv3.OpPut(key("l"), value)).
				Else(clientv3.OpGet(key("k"))).Commit())(t).Succeeded
		}
		expect.True(t, txn(there, "1", "2"), "sees the other's put")
		expect.True(t, !txn(here, "1", "3"), "sees the other's transaction")
		expect.Equal(t, 2, len((<-watch).Events), "events of the transaction")
		got := expect.Value(here.Get(ctx, key(""), clientv3.WithPrefix()))(t)
		expect.Equal(t, int64(2), got.Count)
		old := expect.Value(there.Get(ctx, key("k"), clientv3.WithRev(put.Header.Revision)))(t)
		expect.Equal(t, "1", string(old.Kvs[0].Value))

		lease := expect.Value(here.Grant(ctx, 60))(t)
		expect.Value(there.Put(ctx, key("leased"), "v", clientv3.WithLease(lease.ID)))(t)
		expect.Equal(t, int64(60), expect.Value(there.KeepAliveOnce(ctx, lease.ID))(t).TTL)
		expect.Equal(t, int64(60), expect.Value(here.KeepAliveOnce(ctx, lease.ID))(t).TTL)
		expect.Value(here.Revoke(ctx, lease.ID))(t)
		expect.Equal(t, int64(0), expect.Value(there.Get(ctx, key("leased")))(t).Count)
		large := strings.Repeat("x", 1<<20)
		expect.Value(here.Put(ctx, key("large"), large))(t)
		expect.Equal(t, large, string(expect.Value(there.Get(ctx, key("large")))(t).Kvs[0].Value))
		var many []clientv3.Op
		for n := range 128 { // and, with others, more than one flush
			many = append(many, clientv3.OpPut(key(fmt.Sprint("many ", n)), "v"))
		}
		for range 20 {
			expect.Value(here.Txn(ctx).Then(many...).Commit())(t)
		}
		newest := expect.Value(there.Put(ctx, key("k"), "4"))(t).Header.Revision
		expect.Value(here.Compact(ctx, newest, clientv3.WithCompactPhysical()))(t)
		_, err := there.Get(ctx, key("k"), clientv3.WithRev(newest-1))
		expect.Error(t, rpctypes.ErrCompacted, err)
	}
	ended := expect.Value(pooled.Client(t).Grant(ctx, 2))(t)
	expect.Value(direct.Client(t).Put(ctx, "ends", "v", clientv3.WithLease(ended.ID)))(t)
	expect.Eventually(t, 10*time.Second, func() bool { return !exists(t, pooled, "ends") }, "the lease ends")
}

// Both write at once, and the pooler is killed in between: it is a way to the database like others.
func TestWritersGoOnWhenPgBouncerWasKilled(t *testing.T) {
	db := database.StartPostgres(t)
	bouncer := database.StartPgBouncer(t, db)
	pooled, direct := join(t, bouncer.DSN("state"), "pooled"), join(t, db.DSN("state"), "direct")
	book := write(t, 4, pooled, direct)
	book.grows(t, 20*time.Second, 300)
	bouncer.Kill()
	book.grows(t, 10*time.Second, 100) // of the other server
	bouncer.Start(t)
	book.goesOn(t, 10*time.Second, time.Now(), pooled, direct)
	book.rest()
	book.audit(t, pooled)
	book.audit(t, direct)
}
