package concurrency

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.etcd.io/etcd/client/v3/leasing"
	"go.etcd.io/etcd/client/v3/mirror"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.etcd.io/etcd/client/v3/ordering"

	"go.uber.org/zap"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestNamespacesKeepApart(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	a, b := namespace.NewKV(client, "a/"), namespace.NewKV(client, "b/")
	watch := namespace.NewWatcher(client, "a/").Watch(ctx, "", clientv3.WithPrefix(),
		clientv3.WithCreatedNotify())
	<-watch
	expect.Value(b.Put(ctx, "k", "of b"))(t)
	expect.Value(a.Put(ctx, "k", "of a"))(t)
	event := (<-watch).Events[0]
	expect.Equal(t, "k=of a", string(event.Kv.Key)+"="+string(event.Kv.Value))
	all := expect.Value(a.Get(ctx, "", clientv3.WithPrefix()))(t)
	expect.Equal(t, int64(1), all.Count)
	txn := expect.Value(a.Txn(ctx).If(clientv3.Compare(clientv3.Value("k"), "=", "of a")).
		Then(clientv3.OpDelete("", clientv3.WithPrefix())).Commit())(t)
	expect.Equal(t, true, txn.Succeeded)
	expect.Equal(t, "of b", string(expect.Value(client.Get(ctx, "b/k"))(t).Kvs[0].Value))
}

func TestLeasingCachesUntilAnotherWrites(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	cached, close, err := leasing.NewKV(s.Client(t), "leases/")
	expect.NoError(t, err)
	defer close()
	other, closeOther, err := leasing.NewKV(s.Client(t), "leases/")
	expect.NoError(t, err)
	defer closeOther()
	expect.Value(cached.Put(ctx, "k", "1"))(t)
	for _, value := range []string{"2", "3", "4"} {
		expect.Value(cached.Get(ctx, "k"))(t) // takes the key's lease
		expect.Value(other.Put(ctx, "k", value))(t)
		expect.Equal(t, value, string(expect.Value(cached.Get(ctx, "k"))(t).Kvs[0].Value))
	}
	expect.Value(other.Delete(ctx, "k"))(t)
	expect.Equal(t, int64(0), expect.Value(cached.Get(ctx, "k"))(t).Count)
}

func TestOrderedReadsNeverGoBack(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	kv := ordering.NewKV(client.KV, ordering.NewOrderViolationSwitchEndpointClosure(client))
	for range 20 {
		put := expect.Value(kv.Put(ctx, "k", ""))(t)
		got := expect.Value(kv.Get(ctx, "k", clientv3.WithSerializable()))(t)
		expect.True(t, got.Header.Revision >= put.Header.Revision, "a read behind its write")
	}
}

func TestMirrorCopiesBaseThenUpdates(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	want := map[string]bool{}
	for i := range 2500 { // more than one page of the syncer
		key := "m/" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		want[key] = true
		if i%100 == 0 {
			expect.Value(client.Put(ctx, key, ""))(t)
			continue
		}
		if _, err := client.Put(ctx, key, ""); err != nil {
			t.Fatal(err)
		}
	}
	syncer := mirror.NewSyncer(client, "m/", 0)
	base, failed := syncer.SyncBase(ctx)
	got := 0
	for page := range base {
		for _, kv := range page.Kvs {
			expect.True(t, want[string(kv.Key)], "unknown ", string(kv.Key))
			got++
		}
	}
	for err := range failed {
		expect.NoError(t, err)
	}
	expect.Equal(t, len(want), got)
	updates := syncer.SyncUpdates(ctx)
	expect.Value(client.Put(ctx, "m/new", "v"))(t)
	expect.Equal(t, "m/new", string((<-updates).Events[0].Kv.Key))
}

// What a Kubernetes API server asks of its store, through the interface etcd's client has for it.
func TestKubernetesStorageOperations(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	client, err := kubernetes.New(clientv3.Config{Endpoints: []string{s.URL()}, Logger: zap.NewNop()})
	expect.NoError(t, err)
	defer client.Close()
	k := client.Kubernetes

	created := expect.Value(k.OptimisticPut(ctx, "/registry/pods/a", []byte("1"), 0,
		kubernetes.PutOptions{}))(t)
	expect.Equal(t, true, created.Succeeded)
	expect.Equal(t, int64(2), created.Revision)
	lost := expect.Value(k.OptimisticPut(ctx, "/registry/pods/a", []byte("x"), 0,
		kubernetes.PutOptions{GetOnFailure: true}))(t)
	expect.True(t, !lost.Succeeded && string(lost.KV.Value) == "1", "shows what is in the way")
	updated := expect.Value(k.OptimisticPut(ctx, "/registry/pods/a", []byte("2"), created.Revision,
		kubernetes.PutOptions{}))(t)
	expect.Equal(t, true, updated.Succeeded)
	for _, key := range []string{"b", "c", "d"} {
		expect.Value(k.OptimisticPut(ctx, "/registry/pods/"+key, []byte(key), 0,
			kubernetes.PutOptions{}))(t)
	}
	got := expect.Value(k.Get(ctx, "/registry/pods/a", kubernetes.GetOptions{}))(t)
	expect.Equal(t, []any{"2", updated.Revision}, []any{string(got.KV.Value), got.KV.ModRevision})
	missing := expect.Value(k.Get(ctx, "/registry/pods/z", kubernetes.GetOptions{}))(t)
	expect.True(t, missing.KV == nil && missing.Revision == 6, "missing")

	page := expect.Value(k.List(ctx, "/registry/pods/", kubernetes.ListOptions{Limit: 3}))(t)
	expect.Equal(t, []int64{3, 4, 6}, []int64{int64(len(page.Kvs)), page.Count, page.Revision})
	rest := expect.Value(k.List(ctx, "/registry/pods/", kubernetes.ListOptions{Limit: 3,
		Revision: page.Revision, Continue: string(page.Kvs[2].Key) + "\x00"}))(t)
	expect.Equal(t, "/registry/pods/d", string(rest.Kvs[0].Key))
	expect.Equal(t, int64(4), expect.Value(k.Count(ctx, "/registry/pods/", kubernetes.CountOptions{}))(t))

	kept := expect.Value(k.OptimisticDelete(ctx, "/registry/pods/a", created.Revision,
		kubernetes.DeleteOptions{GetOnFailure: true}))(t)
	expect.True(t, !kept.Succeeded && string(kept.KV.Value) == "2", "a stale delete is refused")
	gone := expect.Value(k.OptimisticDelete(ctx, "/registry/pods/a", updated.Revision,
		kubernetes.DeleteOptions{}))(t)
	expect.Equal(t, true, gone.Succeeded)

	// It watches from a list's revision on, and only while there is a leader.
	watch := client.Client.Watch(clientv3.WithRequireLeader(ctx), "/registry/pods/",
		clientv3.WithPrefix(), clientv3.WithRev(page.Revision+1), clientv3.WithPrevKV(),
		clientv3.WithProgressNotify())
	event := (<-watch).Events[0]
	expect.True(t, event.Type == clientv3.EventTypeDelete && string(event.PrevKv.Value) == "2",
		"the delete with what it deleted: ", event)
	expect.NoError(t, client.RequestProgress(clientv3.WithRequireLeader(ctx)))

	// The API server's compactor elects itself by a txn on one key.
	compact := expect.Value(client.Txn(ctx).
		If(clientv3.Compare(clientv3.Version("compact_rev_key"), "=", 0)).
		Then(clientv3.OpPut("compact_rev_key", "7")).
		Else(clientv3.OpGet("compact_rev_key")).Commit())(t)
	expect.True(t, compact.Succeeded, "first compactor")
	expect.Value(client.Compact(ctx, 7))(t)
	// Its health check and its probe for features.
	expect.Value(client.Client.Get(ctx, "health"))(t)
	status := expect.Value(client.Status(ctx, s.URL()))(t)
	expect.True(t, status.Version != "", "a version that feature probes can read")
	raw := expect.Value(pb.NewKVClient(s.Connection(t)).Range(ctx, &pb.RangeRequest{
		Key: []byte("/registry/pods/"), RangeEnd: []byte("/registry/pods0"), Limit: 1}))(t)
	expect.Equal(t, true, raw.More)
}
