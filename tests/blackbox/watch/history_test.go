package watch

import (
	"fmt"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestWatchFromNowSeesWhatFollows(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "k", "before"))(t)
	watch := client.Watch(ctx, "k", clientv3.WithCreatedNotify())
	created := next(t, watch)
	expect.Equal(t, true, created.Created)
	expect.Equal(t, int64(2), created.Header.Revision, "created at the current revision")
	expect.Value(client.Put(ctx, "other", ""))(t)
	expect.Value(client.Put(ctx, "k", "1"))(t)
	expect.Value(client.Delete(ctx, "k"))(t)
	put := next(t, watch)
	expect.Equal(t, []string{"PUT k=1"}, text(put.Events))
	expect.Equal(t, int64(4), put.Header.Revision)
	expect.Equal(t, []int64{2, 4, 2}, []int64{put.Events[0].Kv.CreateRevision,
		put.Events[0].Kv.ModRevision, put.Events[0].Kv.Version})
	gone := next(t, watch)
	expect.Equal(t, []string{"DELETE k"}, text(gone.Events))
	tomb := gone.Events[0].Kv
	expect.Equal(t, []int64{0, 5, 0, 0}, []int64{tomb.CreateRevision, tomb.ModRevision, tomb.Version,
		int64(len(tomb.Value))}, "a tombstone carries its key and revision only")
}

func TestWatchFromThePastReplaysHistory(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for i := range 5 {
		expect.Value(client.Put(ctx, fmt.Sprint("p/", i%2), fmt.Sprint(i)))(t)
	}
	expect.Value(client.Delete(ctx, "p/0"))(t)
	want := []string{"PUT p/0=0", "PUT p/1=1", "PUT p/0=2", "PUT p/1=3", "PUT p/0=4", "DELETE p/0"}
	for start := 2; start <= 7; start++ {
		watch := client.Watch(ctx, "p/", clientv3.WithPrefix(), clientv3.WithRev(int64(start)))
		expect.Equal(t, want[start-2:], text(collect(t, watch, len(want)-start+2)), "from ", start)
	}
	s.Restart(t)
	watch := client.Watch(ctx, "p/", clientv3.WithPrefix(), clientv3.WithRev(1))
	expect.Equal(t, want, text(collect(t, watch, len(want))), "after a restart")
	expect.Value(client.Put(ctx, "p/2", "new"))(t)
	expect.Equal(t, []string{"PUT p/2=new"}, text(next(t, watch).Events), "then goes on live")
}

func TestWatchFromTheFutureWaitsForIt(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	watch := client.Watch(ctx, "k", clientv3.WithRev(4), clientv3.WithCreatedNotify())
	expect.Equal(t, true, next(t, watch).Created)
	for i := 2; i <= 5; i++ {
		expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t)
	}
	expect.Equal(t, []string{"PUT k=4", "PUT k=5"}, text(collect(t, watch, 2)))
}

func TestWatchFromACompactedRevisionIsCanceled(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for i := range 9 {
		expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t)
	}
	expect.Value(client.Compact(ctx, 6))(t)
	watch := client.Watch(ctx, "k", clientv3.WithRev(5))
	refused := next(t, watch)
	expect.Equal(t, rpctypes.ErrCompacted, refused.Err())
	expect.Equal(t, true, refused.Canceled)
	expect.Equal(t, int64(6), refused.CompactRevision)
	_, open := <-watch
	expect.Equal(t, false, open, "the watch is over")

	w := openStream(t, s)
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), StartRevision: 3})
	created := w.next()
	expect.True(t, created.Created && !created.Canceled, "created first: ", created)
	canceled := w.next()
	expect.True(t, canceled.Canceled && canceled.CompactRevision == 6, "then canceled: ", canceled)
	expect.Equal(t, created.WatchId, canceled.WatchId)

	w.create(&pb.WatchCreateRequest{Key: []byte("k"), StartRevision: 7})
	expect.Equal(t, true, w.next().Created)
	events := w.events(4)
	expect.Equal(t, int64(7), events[0].Kv.ModRevision, "the stream serves others on")
}

func TestWatchOutlivesACompactionBehindIt(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	watch := client.Watch(ctx, "k", clientv3.WithPrevKV(), clientv3.WithCreatedNotify())
	expect.Equal(t, true, next(t, watch).Created)
	for i := range 5 {
		revision := expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t).Header.Revision
		expect.Equal(t, fmt.Sprint("PUT k=", i), text(next(t, watch).Events)[0][:7])
		expect.Value(client.Compact(ctx, revision, clientv3.WithCompactPhysical()))(t)
	}
	expect.Value(client.Delete(ctx, "k"))(t)
	expect.Equal(t, []string{"DELETE k was 4"}, text(next(t, watch).Events),
		"the compacted revision's newest version is still there as previous pair")
}

func TestWatchDeliversATxnInOneResponse(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	var puts []clientv3.Op
	for i := range 100 {
		puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%02d", i), "v"))
	}
	live := client.Watch(ctx, "k", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	next(t, live)
	for range 3 {
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
	gone := expect.Value(client.Delete(ctx, "k", clientv3.WithPrefix()))(t)
	past := client.Watch(ctx, "k", clientv3.WithPrefix(), clientv3.WithRev(2))
	for name, watch := range map[string]clientv3.WatchChan{"live": live, "past": past} {
		perRevision := map[int64]int{}
		for total := 0; total < 400; {
			response := next(t, watch)
			seen := map[int64]bool{}
			for i, e := range response.Events {
				if !seen[e.Kv.ModRevision] {
					seen[e.Kv.ModRevision] = true
					expect.Equal(t, 0, perRevision[e.Kv.ModRevision], name, ": a revision is not split")
				}
				expect.Equal(t, fmt.Sprintf("k%02d", i%100), string(e.Kv.Key), name, ": in order")
				perRevision[e.Kv.ModRevision]++
				total++
			}
		}
		expect.Equal(t, map[int64]int{2: 100, 3: 100, 4: 100, gone.Header.Revision: 100}, perRevision)
	}
}

func TestWatchSeesLeaseExpiryAndRevoke(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	watch := client.Watch(ctx, "l/", clientv3.WithPrefix(), clientv3.WithCreatedNotify(),
		clientv3.WithPrevKV())
	next(t, watch)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	expect.Value(client.Put(ctx, "l/b", "2", clientv3.WithLease(lease)))(t)
	expect.Value(client.Put(ctx, "l/a", "1", clientv3.WithLease(lease)))(t)
	collect(t, watch, 2)
	expect.Value(client.Revoke(ctx, lease))(t)
	revoked := next(t, watch)
	expect.Equal(t, []string{"DELETE l/a was 1", "DELETE l/b was 2"}, text(revoked.Events))
	expect.Equal(t, revoked.Events[0].Kv.ModRevision, revoked.Events[1].Kv.ModRevision)
	select {
	case response := <-watch:
		t.Fatalf("unexpected %v", response)
	case <-time.After(200 * time.Millisecond):
	}
}
