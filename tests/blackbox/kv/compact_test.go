package kv

import (
	"fmt"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestCompactKeepsTheNewestVersionOfLiveKeys(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "kept", "old"))(t)  // 2
	expect.Value(client.Put(ctx, "changed", "1"))(t) // 3
	expect.Value(client.Put(ctx, "changed", "2"))(t) // 4
	expect.Value(client.Put(ctx, "deleted", "x"))(t) // 5
	expect.Value(client.Delete(ctx, "deleted"))(t)   // 6
	expect.Value(client.Put(ctx, "changed", "3"))(t) // 7
	expect.Value(client.Compact(ctx, 6))(t)
	check := func() {
		t.Helper()
		at6 := expect.Value(client.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(6)))(t)
		expect.Equal(t, "changed kept", keysOf(at6.Kvs))
		expect.Equal(t, "2", string(at6.Kvs[0].Value))
		expect.Equal(t, []int64{3, 4, 2}, []int64{at6.Kvs[0].CreateRevision,
			at6.Kvs[0].ModRevision, at6.Kvs[0].Version})
		_, err := client.Get(ctx, "kept", clientv3.WithRev(5))
		expect.Error(t, rpctypes.ErrCompacted, err)
	}
	check()
	s.Restart(t)
	check()
	back := expect.Value(client.Put(ctx, "deleted", "y", clientv3.WithPrevKV()))(t)
	expect.True(t, back.PrevKv == nil, "nothing before a key that was compacted away")
	kv := expect.Value(client.Get(ctx, "deleted"))(t).Kvs[0]
	expect.Equal(t, []int64{8, 8, 1}, []int64{kv.CreateRevision, kv.ModRevision, kv.Version})
}

func TestCompactRefusesThePastAndTheFuture(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for i := range 5 {
		expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t)
	}
	_, err := client.Compact(ctx, 7)
	expect.Error(t, rpctypes.ErrFutureRev, err)
	expect.Value(client.Compact(ctx, 3))(t)
	for _, revision := range []int64{3, 2, 1} {
		_, err = client.Compact(ctx, revision)
		expect.Error(t, rpctypes.ErrCompacted, err, "compacting ", revision, " after 3")
	}
	got := expect.Value(client.Compact(ctx, 6, clientv3.WithCompactPhysical()))(t)
	expect.Equal(t, int64(6), got.Header.Revision, "compacting takes no revision")
	now := expect.Value(client.Get(ctx, "k", clientv3.WithRev(6)))(t)
	expect.Equal(t, "4", string(now.Kvs[0].Value))
}

func TestPhysicalCompactionAnswersWhenTheHistoryIsGone(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	revision := int64(0)
	for i := range 300 {
		revision = expect.Value(client.Put(ctx, fmt.Sprint("k", i%10), fmt.Sprint(i)))(t).Header.Revision
	}
	expect.Value(client.Compact(ctx, revision, clientv3.WithCompactPhysical()))(t)
	got := expect.Value(client.Get(ctx, "k", clientv3.WithPrefix()))(t)
	expect.Equal(t, 10, len(got.Kvs))
	for i, kv := range got.Kvs {
		expect.Equal(t, fmt.Sprint(290+i), string(kv.Value))
		expect.Equal(t, int64(30), kv.Version)
	}
}

func TestReadsAndWritesGoOnDuringCompaction(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	raw := pb.NewKVClient(s.Connection(t))
	for round := range 20 {
		var revision int64
		for i := range 50 {
			put := expect.Value(client.Put(ctx, fmt.Sprint("k", i), fmt.Sprint(round)))(t)
			revision = put.Header.Revision
		}
		done := make(chan error, 1)
		go func() {
			_, err := raw.Compact(ctx, &pb.CompactionRequest{Revision: revision, Physical: round%2 == 0})
			done <- err
		}()
		put := expect.Value(client.Put(ctx, "beside", fmt.Sprint(round)))(t)
		expect.Equal(t, revision+1, put.Header.Revision)
		expect.NoError(t, <-done)
		got := expect.Value(client.Get(ctx, "k", clientv3.WithPrefix(), clientv3.WithRev(revision)))(t)
		expect.Equal(t, 50, len(got.Kvs))
		for _, kv := range got.Kvs {
			expect.Equal(t, fmt.Sprint(round), string(kv.Value))
			expect.Equal(t, int64(round+1), kv.Version)
		}
	}
}
