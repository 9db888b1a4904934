package kv

import (
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestFreshStoreIsAtRevisionOne(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	got := expect.Value(client.Get(ctx, "a"))(t)
	expect.Equal(t, int64(1), got.Header.Revision)
	expect.True(t, got.Header.ClusterId != 0 && got.Header.MemberId != 0 && got.Header.RaftTerm != 0,
		"ids and term are not zero: ", got.Header)
	put := expect.Value(client.Put(ctx, "a", "1"))(t)
	expect.Equal(t, int64(2), put.Header.Revision)
	expect.True(t, put.PrevKv == nil, "no previous pair unasked")
	expect.Equal(t, got.Header.ClusterId, put.Header.ClusterId)
	expect.Equal(t, got.Header.MemberId, put.Header.MemberId)
}

func TestPutCountsVersionsFromEachCreation(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	check := func(create, mod, version int64) {
		t.Helper()
		kv := expect.Value(client.Get(ctx, "k"))(t).Kvs[0]
		expect.Equal(t, []int64{create, mod, version},
			[]int64{kv.CreateRevision, kv.ModRevision, kv.Version})
	}
	expect.Value(client.Put(ctx, "k", "1"))(t)
	check(2, 2, 1)
	expect.Value(client.Put(ctx, "k", "1"))(t) // the same value again is a change too
	check(2, 3, 2)
	expect.Value(client.Delete(ctx, "k"))(t)
	expect.Value(client.Put(ctx, "k", ""))(t)
	check(5, 5, 1)
}

func TestPutReturnsThePairItReplaces(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	first := expect.Value(client.Put(ctx, "k", "1", clientv3.WithPrevKV()))(t)
	expect.True(t, first.PrevKv == nil, "nothing before the first put")
	second := expect.Value(client.Put(ctx, "k", "2", clientv3.WithPrevKV()))(t)
	expect.Equal(t, "1", string(second.PrevKv.Value))
	expect.Equal(t, "k", string(second.PrevKv.Key))
	expect.Equal(t, []int64{2, 2, 1}, []int64{second.PrevKv.CreateRevision,
		second.PrevKv.ModRevision, second.PrevKv.Version})
	expect.Value(client.Delete(ctx, "k"))(t)
	third := expect.Value(client.Put(ctx, "k", "3", clientv3.WithPrevKV()))(t)
	expect.True(t, third.PrevKv == nil, "nothing before a put that follows a delete")
}

func TestPutCanKeepTheValueOrTheLease(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	_, err := client.Put(ctx, "k", "", clientv3.WithIgnoreValue())
	expect.Error(t, rpctypes.ErrKeyNotFound, err, "ignore_value of a missing key")
	_, err = client.Put(ctx, "k", "v", clientv3.WithIgnoreLease())
	expect.Error(t, rpctypes.ErrKeyNotFound, err, "ignore_lease of a missing key")
	expect.Equal(t, int64(1), expect.Value(client.Get(ctx, "k"))(t).Header.Revision,
		"a refused put takes no revision")

	expect.Value(client.Put(ctx, "k", "v", clientv3.WithLease(lease)))(t)
	expect.Value(client.Put(ctx, "k", "w", clientv3.WithIgnoreLease()))(t)
	kv := expect.Value(client.Get(ctx, "k"))(t).Kvs[0]
	expect.Equal(t, []any{"w", int64(lease)}, []any{string(kv.Value), kv.Lease})
	expect.Value(client.Put(ctx, "k", "", clientv3.WithIgnoreValue()))(t)
	kv = expect.Value(client.Get(ctx, "k"))(t).Kvs[0]
	expect.Equal(t, []any{"w", int64(0), int64(3)}, []any{string(kv.Value), kv.Lease, kv.Version})

	raw := pb.NewKVClient(s.Connection(t)) // clientv3 does not send these pairs
	_, err = raw.Put(ctx, &pb.PutRequest{Key: []byte("k"), Value: []byte("x"), IgnoreValue: true})
	expect.Error(t, rpctypes.ErrGRPCValueProvided, err)
	_, err = raw.Put(ctx, &pb.PutRequest{Key: []byte("k"), Lease: 7, IgnoreLease: true})
	expect.Error(t, rpctypes.ErrGRPCLeaseProvided, err)
	_, err = raw.Put(ctx, &pb.PutRequest{Key: []byte("k"), Lease: 7})
	expect.Error(t, rpctypes.ErrGRPCLeaseNotFound, err, "a lease that was never granted")
	_, err = raw.Put(ctx, &pb.PutRequest{Value: []byte("x")})
	expect.Error(t, rpctypes.ErrGRPCEmptyKey, err)
	_, err = raw.Range(ctx, &pb.RangeRequest{})
	expect.Error(t, rpctypes.ErrGRPCEmptyKey, err)
	_, err = raw.DeleteRange(ctx, &pb.DeleteRangeRequest{})
	expect.Error(t, rpctypes.ErrGRPCEmptyKey, err)
}

func TestDeleteReturnsWhatItRemoved(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		expect.Value(client.Put(ctx, key, "of "+key))(t)
	}
	none := expect.Value(client.Delete(ctx, "missing", clientv3.WithPrevKV()))(t)
	expect.Equal(t, int64(0), none.Deleted)
	expect.Equal(t, int64(5), none.Header.Revision, "a delete of nothing takes no revision")
	expect.Equal(t, 0, len(none.PrevKvs))

	some := expect.Value(client.Delete(ctx, "b", clientv3.WithRange("d"), clientv3.WithPrevKV()))(t)
	expect.Equal(t, int64(2), some.Deleted)
	expect.Equal(t, int64(6), some.Header.Revision)
	expect.Equal(t, "b c", keysOf(some.PrevKvs))
	expect.Equal(t, "of c", string(some.PrevKvs[1].Value))

	unasked := expect.Value(client.Delete(ctx, "a"))(t)
	expect.Equal(t, 0, len(unasked.PrevKvs), "previous pairs unasked")
	rest := expect.Value(client.Delete(ctx, "\x00", clientv3.WithFromKey()))(t)
	expect.Equal(t, int64(1), rest.Deleted)
	expect.Equal(t, int64(0), expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t).Count)
}

func TestLargeValuesPassUpToTheRequestLimit(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	const limit = 3 << 19 // 1.5 MiB, etcd's default
	value := strings.Repeat("v", limit-512)
	expect.Value(client.Put(ctx, "big", value))(t)
	got := expect.Value(client.Get(ctx, "big"))(t)
	expect.True(t, string(got.Kvs[0].Value) == value, "a large value returns as it was")

	_, err := client.Put(ctx, "big", strings.Repeat("v", limit+1))
	expect.Error(t, rpctypes.ErrRequestTooLarge, err)
	var puts []clientv3.Op
	for _, key := range []string{"a", "b", "c", "d"} {
		puts = append(puts, clientv3.OpPut(key, strings.Repeat("v", limit/4)))
	}
	_, err = client.Txn(ctx).Then(puts...).Commit()
	expect.Error(t, rpctypes.ErrRequestTooLarge, err, "the sum of a txn counts")
	expect.Equal(t, int64(0), expect.Value(client.Get(ctx, "a"))(t).Count)

	// Above the transport's own limit the call is refused before it is decoded.
	_, err = client.Put(ctx, "big", strings.Repeat("v", 4<<20))
	code, text := expect.Split(err)
	expect.Equal(t, codes.ResourceExhausted, code, text)
	expect.Equal(t, int64(2), expect.Value(client.Get(ctx, "big"))(t).Header.Revision)

	// Answers have no such limit.
	for _, key := range []string{"big1", "big2", "big3", "big4"} {
		expect.Value(client.Put(ctx, key, value))(t)
	}
	all := expect.Value(client.Get(ctx, "big", clientv3.WithPrefix()))(t)
	expect.Equal(t, 5, len(all.Kvs))
	s.Restart(t)
	again := expect.Value(client.Get(ctx, "big", clientv3.WithPrefix()))(t)
	for _, kv := range again.Kvs {
		expect.True(t, string(kv.Value) == value, "a large value survives a restart")
	}
}
