// Package lease tests leases through clientv3.
package lease

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestGrantChoosesAnIdOrTakesTheClients(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	raw := pb.NewLeaseClient(s.Connection(t))
	ctx := server.Context(t)
	seen := map[clientv3.LeaseID]bool{}
	for range 10 {
		grant := expect.Value(client.Grant(ctx, 600))(t)
		expect.True(t, grant.ID > 0 && !seen[grant.ID], "a fresh positive id: ", grant.ID)
		expect.Equal(t, int64(600), grant.TTL)
		expect.Equal(t, int64(1), grant.Revision, "a grant takes no revision")
		seen[grant.ID] = true
	}
	own := expect.Value(raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: 42, TTL: 60}))(t)
	expect.Equal(t, []int64{42, 60}, []int64{own.ID, own.TTL})
	_, err := raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: 42, TTL: 60})
	expect.Error(t, rpctypes.ErrGRPCLeaseExist, err)
	_, err = raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{TTL: 9_000_000_001})
	expect.Error(t, rpctypes.ErrGRPCLeaseTTLTooLarge, err)
	expect.Value(raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{TTL: 9_000_000_000}))(t)

	list := expect.Value(client.Leases(ctx))(t)
	expect.Equal(t, 12, len(list.Leases))
	var ids []int64
	for _, lease := range list.Leases {
		ids = append(ids, int64(lease.ID))
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	expect.Equal(t, int64(42), ids[0])
}

func TestShortLeasesLastTheMinimum(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for _, ttl := range []int64{1, 0, -5} {
		grant, err := client.Grant(ctx, ttl)
		expect.NoError(t, err, "ttl ", ttl)
		told := expect.Value(client.TimeToLive(ctx, grant.ID))(t)
		expect.Equal(t, int64(2), told.GrantedTTL, "granted for ", ttl)
		expect.Equal(t, int64(2), grant.TTL, "granted for ", ttl)
	}
}

func TestTimeToLiveTellsRestAndKeys(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	id := expect.Value(client.Grant(ctx, 600))(t).ID
	for _, key := range []string{"b", "a", "c"} {
		expect.Value(client.Put(ctx, key, "", clientv3.WithLease(id)))(t)
	}
	told := expect.Value(client.TimeToLive(ctx, id, clientv3.WithAttachedKeys()))(t)
	var keys []string
	for _, key := range told.Keys {
		keys = append(keys, string(key))
	}
	sort.Strings(keys)
	expect.Equal(t, "a b c", strings.Join(keys, " "))
	expect.True(t, told.TTL > 590 && told.TTL <= 600, "rest of ", told.TTL)
	unasked := expect.Value(client.TimeToLive(ctx, id))(t)
	expect.Equal(t, 0, len(unasked.Keys))
	unknown := expect.Value(client.TimeToLive(ctx, 12345, clientv3.WithAttachedKeys()))(t)
	expect.Equal(t, []int64{-1, 0}, []int64{unknown.TTL, unknown.GrantedTTL})
	expect.Equal(t, clientv3.LeaseID(12345), unknown.ID)
}

func TestKeepAliveRenews(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	id := expect.Value(client.Grant(ctx, 2))(t).ID
	expect.Value(client.Put(ctx, "k", "", clientv3.WithLease(id)))(t)
	until, stop := context.WithCancel(ctx)
	beats := expect.Value(client.KeepAlive(until, id))(t)
	begin := time.Now()
	for time.Since(begin) < 4500*time.Millisecond {
		beat, open := <-beats
		expect.True(t, open, "the lease is lost after ", time.Since(begin))
		expect.Equal(t, int64(2), beat.TTL)
	}
	expect.Equal(t, int64(1), expect.Value(client.Get(ctx, "k"))(t).Count, "alive past its ttl")
	stop()
	expect.Eventually(t, 8*time.Second, func() bool {
		return expect.Value(client.Get(ctx, "k"))(t).Count == 0
	}, "a lease that is no longer renewed ends")
	_, err := client.KeepAliveOnce(ctx, id)
	expect.Error(t, rpctypes.ErrLeaseNotFound, err)
}

func TestKeepAliveOfAnUnknownLeaseLeavesTheStreamOpen(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	raw := pb.NewLeaseClient(s.Connection(t))
	expect.Value(raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: 9, TTL: 60}))(t)
	stream := expect.Value(raw.LeaseKeepAlive(ctx))(t)
	for _, c := range []struct{ id, ttl int64 }{{9, 60}, {5, 0}, {9, 60}, {0, 0}, {9, 60}} {
		expect.NoError(t, stream.Send(&pb.LeaseKeepAliveRequest{ID: c.id}))
		answer := expect.Value(stream.Recv())(t)
		expect.Equal(t, []int64{c.id, c.ttl}, []int64{answer.ID, answer.TTL})
	}
	expect.NoError(t, stream.CloseSend())
	_, err := stream.Recv()
	expect.Equal(t, "EOF", err.Error(), "a half-closed keepalive ends well")
}

func TestRevokeDeletesItsKeysInOneRevision(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	id := expect.Value(client.Grant(ctx, 600))(t).ID
	for i := range 5 {
		expect.Value(client.Put(ctx, fmt.Sprint("k", i), "", clientv3.WithLease(id)))(t)
	}
	expect.Value(client.Put(ctx, "free", ""))(t) // revision 7
	revoked := expect.Value(client.Revoke(ctx, id))(t)
	expect.Equal(t, int64(8), revoked.Header.Revision)
	left := expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t)
	expect.Equal(t, int64(1), left.Count)
	expect.Equal(t, int64(8), left.Header.Revision)
	_, err := client.Revoke(ctx, id)
	expect.Error(t, rpctypes.ErrLeaseNotFound, err)
	empty := expect.Value(client.Grant(ctx, 600))(t).ID
	expect.Value(client.Revoke(ctx, empty))(t)
	expect.Equal(t, int64(8), expect.Value(client.Get(ctx, "free"))(t).Header.Revision,
		"revoking a lease without keys takes no revision")
	_, err = client.Put(ctx, "k", "", clientv3.WithLease(id))
	expect.Error(t, rpctypes.ErrLeaseNotFound, err, "a revoked lease takes no more keys")
}

func TestKeysBelongToTheLeaseOfTheirLastPut(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	first := expect.Value(client.Grant(ctx, 600))(t).ID
	second := expect.Value(client.Grant(ctx, 600))(t).ID
	for _, key := range []string{"moved", "detached", "kept", "deleted", "again"} {
		expect.Value(client.Put(ctx, key, "1", clientv3.WithLease(first)))(t)
	}
	expect.Value(client.Put(ctx, "moved", "2", clientv3.WithLease(second)))(t)
	expect.Value(client.Put(ctx, "detached", "2"))(t)
	expect.Value(client.Put(ctx, "kept", "2", clientv3.WithIgnoreLease()))(t)
	expect.Value(client.Delete(ctx, "deleted"))(t)
	expect.Value(client.Delete(ctx, "again"))(t)
	expect.Value(client.Put(ctx, "again", "2"))(t)
	told := expect.Value(client.TimeToLive(ctx, first, clientv3.WithAttachedKeys()))(t)
	expect.Equal(t, 1, len(told.Keys), fmt.Sprintf("keys left on the first: %q", told.Keys))
	expect.Value(client.Revoke(ctx, first))(t)
	left := expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t)
	var keys []string
	for _, kv := range left.Kvs {
		keys = append(keys, string(kv.Key))
	}
	expect.Equal(t, "again detached moved", strings.Join(keys, " "))
	expect.Value(client.Revoke(ctx, second))(t)
	expect.Equal(t, int64(0), expect.Value(client.Get(ctx, "moved"))(t).Count)
}

func TestExpiryDeletesEachLeasesKeysInOneRevision(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	const leases, keys = 3, 4
	watch := client.Watch(ctx, "e/", clientv3.WithPrefix(), clientv3.WithFilterPut(),
		clientv3.WithCreatedNotify())
	<-watch
	begin := time.Now()
	for l := range leases {
		id := expect.Value(client.Grant(ctx, 2))(t).ID
		for k := range keys {
			expect.Value(client.Put(ctx, fmt.Sprintf("e/%d/%d", l, k), "", clientv3.WithLease(id)))(t)
		}
	}
	ofRevision := map[int64]map[string]int{}
	for n := 0; n < leases*keys; {
		response, open := <-watch
		expect.True(t, open && response.Err() == nil, "the watch ended ", response.Err())
		for _, e := range response.Events {
			if ofRevision[e.Kv.ModRevision] == nil {
				ofRevision[e.Kv.ModRevision] = map[string]int{}
			}
			ofRevision[e.Kv.ModRevision][string(e.Kv.Key[:3])]++
			n++
		}
	}
	took := time.Since(begin)
	expect.True(t, took > 1900*time.Millisecond && took < 6*time.Second, "expired after ", took)
	expect.Equal(t, leases, len(ofRevision), "one revision a lease")
	for _, ofLease := range ofRevision {
		expect.Equal(t, 1, len(ofLease), "of one lease only")
		for _, n := range ofLease {
			expect.Equal(t, keys, n, "all its keys")
		}
	}
	expect.Equal(t, 0, len(expect.Value(client.Leases(ctx))(t).Leases))
}

func TestRestartNeverEndsALeaseEarly(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for _, how := range []string{"stopped", "killed"} {
		begin := time.Now()
		id := expect.Value(client.Grant(ctx, 4))(t).ID
		long := expect.Value(client.Grant(ctx, 600))(t).ID
		expect.Value(client.Put(ctx, "short "+how, "", clientv3.WithLease(id)))(t)
		expect.Value(client.Put(ctx, "long "+how, "", clientv3.WithLease(long)))(t)
		if how == "stopped" {
			s.Restart(t)
		} else {
			s.Kill()
			s.Launch(t)
		}
		restarted := time.Now()
		// The client reconnects with a pause that grows; a new one is at once there.
		fresh := s.Client(t)
		told := expect.Value(fresh.TimeToLive(ctx, long, clientv3.WithAttachedKeys()))(t)
		expect.Equal(t, 1, len(told.Keys), "keys are attached again")
		expect.Equal(t, int64(600), told.GrantedTTL)
		var gone time.Time
		expect.Eventually(t, 12*time.Second, func() bool {
			gone = time.Now()
			return expect.Value(fresh.Get(ctx, "short "+how))(t).Count == 0
		}, "the lease ends after the restart too")
		expect.True(t, gone.Sub(begin) >= 3900*time.Millisecond, how, ": ended early, after ",
			gone.Sub(begin))
		expect.True(t, gone.Sub(restarted) <= 7*time.Second, how, ": extended by more than a full ttl: ",
			gone.Sub(restarted))
		expect.Equal(t, int64(1), expect.Value(fresh.Get(ctx, "long "+how))(t).Count)
		expect.Value(fresh.KeepAliveOnce(ctx, long))(t)
	}
}

func TestManyLeasesEndTogether(t *testing.T) {
	const leases = 1000
	s := server.Start(t)
	ctx := server.Context(t)
	raw := pb.NewLeaseClient(s.Connection(t))
	client := s.Client(t)
	workers := 16
	failures := make(chan error, workers)
	for w := range workers {
		go func() {
			var err error
			for i := w; i < leases && err == nil; i += workers {
				id := int64(i + 1)
				if _, err = raw.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: id, TTL: 4}); err == nil {
					_, err = client.Put(ctx, fmt.Sprint("many/", i), "", clientv3.WithLease(clientv3.LeaseID(id)))
				}
			}
			failures <- err
		}()
	}
	for range workers {
		expect.NoError(t, <-failures)
	}
	written := time.Now()
	count := func() int64 {
		return expect.Value(client.Get(ctx, "many/", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t).Count
	}
	expect.Eventually(t, 15*time.Second, func() bool { return count() == 0 }, "all of them end")
	t.Logf("%d leases ended %v after the last was used", leases, time.Since(written))
	end := expect.Value(client.Get(ctx, "many/0"))(t).Header.Revision
	expect.Equal(t, int64(1+2*leases), end, "one revision a put and one a lease")
	expect.Equal(t, 0, len(expect.Value(client.Leases(ctx))(t).Leases))
}
