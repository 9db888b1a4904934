package cluster

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

const ttl = 5 * time.Second

// What a takeover may add to a lease's time.
const takeover = 10 * time.Second

// grant makes a lease at a server, with a key on it, and tells the key's revision.
func grant(t *testing.T, s *server.Server, key string) (clientv3.LeaseID, int64) {
	t.Helper()
	client, ctx := s.Client(t), within(t, 10*time.Second)
	lease := expect.Value(client.Grant(ctx, int64(ttl.Seconds())))(t)
	put := expect.Value(client.Put(ctx, key, "v", clientv3.WithLease(lease.ID)))(t)
	return lease.ID, put.Header.Revision
}

func exists(t *testing.T, s *server.Server, key string) bool {
	t.Helper()
	return expect.Value(s.Client(t).Get(within(t, 10*time.Second), key))(t).Count == 1
}

// expectExpiry waits for a key's end as a watcher of a server sees it: not before the lease's time
// after its last renewal is over, and not long after.
func expectExpiry(t *testing.T, watch clientv3.WatchChan, renewed time.Time) {
	t.Helper()
	select {
	case response := <-watch:
		took := time.Since(renewed)
		expect.NoError(t, response.Err())
		expect.Equal(t, 1, len(response.Events), "events")
		expect.Equal(t, clientv3.EventTypeDelete, response.Events[0].Type)
		expect.True(t, took >= ttl, "ended after ", took, ", before its ", ttl)
		t.Logf("ended %v after its last renewal, with a TTL of %v", took, ttl)
	case <-time.After(time.Until(renewed.Add(ttl + takeover))):
		t.Fatalf("not ended %v after its last renewal, with a TTL of %v", time.Since(renewed), ttl)
	}
}

// keepAlive renews a lease at a server for so long, and returns when it was last sent to.
func keepAlive(t *testing.T, s *server.Server, lease clientv3.LeaseID, during time.Duration) (last time.Time) {
	t.Helper()
	client, ctx := s.Client(t), within(t, during+10*time.Second)
	for begin := time.Now(); time.Since(begin) < during; time.Sleep(time.Second) {
		last = time.Now()
		answer := expect.Value(client.KeepAliveOnce(ctx, lease))(t, "renewed after ", time.Since(begin))
		expect.Equal(t, int64(ttl.Seconds()), answer.TTL)
	}
	return last
}

func TestLeaseIsKeptAliveAtAnyServerAndEndsAfterItsOwnerWasKilled(t *testing.T) {
	owner, others := leaderAmong(t, 5*time.Second, start(t, 3)...)
	a, b := others[0], others[1]
	lease, revision := grant(t, owner, "k")
	watch := a.Client(t).Watch(within(t, 60*time.Second), "k", clientv3.WithRev(revision+1))
	// Longer than its TTL, each time at another server.
	keepAlive(t, a, lease, 3*time.Second)
	renewed := keepAlive(t, b, lease, 3*time.Second)
	for _, s := range []*server.Server{owner, a, b} {
		left := expect.Value(s.Client(t).TimeToLive(within(t, 5*time.Second), lease,
			clientv3.WithAttachedKeys()))(t)
		expect.Equal(t, []string{"k"}, []string{string(left.Keys[0])})
		expect.True(t, left.TTL > 0 && left.TTL <= left.GrantedTTL, "time to live ", left.TTL)
	}
	owner.Kill()
	expectExpiry(t, watch, renewed)
	_, err := b.Client(t).KeepAliveOnce(within(t, 5*time.Second), lease)
	expect.Error(t, rpctypes.ErrLeaseNotFound, err)
	_, err = a.Client(t).Revoke(within(t, 5*time.Second), lease)
	expect.Error(t, rpctypes.ErrLeaseNotFound, err)
}

func TestLeaseThatNobodyKeepsEndsInTimeAtEveryServer(t *testing.T) {
	s := start(t, 2)
	_, others := leaderAmong(t, 5*time.Second, s...)
	begin := time.Now()
	grant(t, others[0], "k")
	expect.Eventually(t, ttl+2*time.Second, func() bool { return !exists(t, s[0], "k") }, "it ends")
	took := time.Since(begin)
	expect.True(t, took > ttl, "ended after ", took)
	expect.True(t, !exists(t, s[1], "k"), "gone at one server, there at another")
}

// A server that owns the ending of leases and stands still for longer than they live must not end
// what others kept alive, neither while it stands nor when it goes on with its old clock.
func TestLeaseOutlivesAPauseOfItsOwner(t *testing.T) {
	owner, others := leaderAmong(t, 5*time.Second, start(t, 2)...)
	lease, revision := grant(t, owner, "kept")
	pause(owner)
	defer resume(owner)
	keepAlive(t, others[0], lease, 8*time.Second)
	resume(owner)
	renewed := keepAlive(t, others[0], lease, 2*time.Second)
	for _, s := range []*server.Server{owner, others[0]} {
		expect.True(t, exists(t, s, "kept"), "ended in spite of its renewals")
	}
	watch := owner.Client(t).Watch(within(t, 60*time.Second), "kept", clientv3.WithRev(revision+1))
	expectExpiry(t, watch, renewed)
}

// The lock's holder speaks to one server only and dies with it; the next gets it when the lease of the
// session is over.
func TestMutexPassesOnWhenItsHoldersServerIsKilled(t *testing.T) {
	s := start(t, 2)
	ctx := within(t, 60*time.Second)
	lockAt := func(s *server.Server) *concurrency.Mutex {
		session := expect.Value(concurrency.NewSession(s.Client(t),
			concurrency.WithTTL(int(ttl.Seconds())), concurrency.WithContext(ctx)))(t)
		return concurrency.NewMutex(session, "lock")
	}
	expect.NoError(t, lockAt(s[0]).Lock(ctx))
	next := lockAt(s[1])
	expect.Equal(t, concurrency.ErrLocked, next.TryLock(ctx))
	locked := make(chan error, 1)
	go func() { locked <- next.Lock(ctx) }()
	select {
	case err := <-locked:
		t.Fatal("two hold the lock: ", err)
	case <-time.After(ttl + time.Second):
	}
	killed := time.Now()
	s[0].Kill()
	select {
	case err := <-locked:
		expect.NoError(t, err)
		took := time.Since(killed)
		// Its last renewal was up to a third of the TTL before.
		expect.True(t, took >= ttl*2/3-time.Second, "passed on after ", took)
		t.Logf("passed on %v after its holder's server was killed, with a TTL of %v", took, ttl)
	case <-time.After(ttl + takeover):
		t.Fatal("nobody gets the lock")
	}
}

// A candidate that knows both servers stays the leader when one is killed, and hands over when it
// resigns.
func TestElectionGoesOnWhenAServerIsKilled(t *testing.T) {
	s := start(t, 2)
	ctx := within(t, 60*time.Second)
	candidate := func() (*concurrency.Election, *concurrency.Session) {
		session := expect.Value(concurrency.NewSession(clientOf(t, s...),
			concurrency.WithTTL(int(ttl.Seconds())), concurrency.WithContext(ctx)))(t)
		return concurrency.NewElection(session, "election"), session
	}
	first, session := candidate()
	expect.NoError(t, first.Campaign(ctx, "first"))
	second, _ := candidate()
	elected := make(chan error, 1)
	go func() { elected <- second.Campaign(ctx, "second") }()
	expect.Eventually(t, 5*time.Second, func() bool {
		return expect.Value(s[1].Client(t).Get(ctx, "election/", clientv3.WithPrefix()))(t).Count == 2
	}, "the second waits")
	observed := concurrency.NewElection(expect.Value(concurrency.NewSession(s[1].Client(t),
		concurrency.WithContext(ctx)))(t), "election").Observe(ctx)
	expect.Equal(t, "first", leaderSeen(t, ctx, observed))

	s[0].Kill()
	select {
	case err := <-elected:
		t.Fatal("two lead: ", err)
	case <-session.Done():
		t.Fatal("the leader's session ended with one server")
	case <-time.After(ttl + takeover/2):
	}
	expect.NoError(t, first.Proclaim(ctx, "first still"))
	expect.Equal(t, "first still", leaderSeen(t, ctx, observed))
	expect.NoError(t, first.Resign(ctx))
	expect.NoError(t, <-elected)
	expect.Equal(t, "second", leaderSeen(t, ctx, observed))
}

func leaderSeen(t *testing.T, ctx context.Context, observed <-chan clientv3.GetResponse) string {
	t.Helper()
	select {
	case seen := <-observed:
		expect.Equal(t, 1, len(seen.Kvs), fmt.Sprint(seen))
		return string(seen.Kvs[0].Value)
	case <-ctx.Done():
		t.Fatal("no leader is seen")
		return ""
	}
}
