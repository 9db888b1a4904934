package watch

import (
	"context"
	"fmt"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestWatchIdsAreAssignedPerStreamFromZero(t *testing.T) {
	s := server.Start(t)
	for range 2 {
		w := openStream(t, s)
		for want := range int64(3) {
			w.create(&pb.WatchCreateRequest{Key: []byte("k")})
			expect.Equal(t, want, w.next().WatchId)
		}
	}
	w := openStream(t, s)
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), WatchId: 7})
	expect.Equal(t, int64(7), w.next().WatchId, "the client's own id")
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), WatchId: 7})
	refused := w.next()
	expect.True(t, refused.Created && refused.Canceled && refused.WatchId == -1,
		"a duplicate id is refused: ", refused)
	expect.True(t, refused.CancelReason != "", "with a reason")
	w.create(&pb.WatchCreateRequest{Key: []byte("b"), RangeEnd: []byte("a")})
	refused = w.next()
	expect.True(t, refused.Created && refused.Canceled && refused.WatchId == -1,
		"an empty range is refused: ", refused)
	w.create(&pb.WatchCreateRequest{Key: []byte("k")})
	expect.True(t, !w.next().Canceled, "the stream serves others on")
}

func TestWatchRanges(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	w := openStream(t, s)
	ranges := []struct{ key, end, want string }{
		{"b", "", "b"},
		{"b", "d", "b c"},
		{"b", "\x00", "b c d \xff"},
		{"\x00", "\x00", "a b c d \xff"},
		{"", "\x00", "a b c d \xff"}, // an empty key means the first one
		{"a", "c", "a b"},
	}
	for _, r := range ranges {
		w.create(&pb.WatchCreateRequest{Key: []byte(r.key), RangeEnd: []byte(r.end)})
		expect.True(t, !w.next().Canceled, "range ", r)
	}
	for _, key := range []string{"a", "b", "c", "d", "\xff"} {
		expect.Value(client.Put(ctx, key, ""))(t)
	}
	got := map[int64]string{}
	for total := 0; total < 1+2+4+5+5+2; {
		message := w.next()
		for _, e := range message.Events {
			if got[message.WatchId] != "" {
				got[message.WatchId] += " "
			}
			got[message.WatchId] += string(e.Kv.Key)
			total++
		}
	}
	for id, r := range ranges {
		expect.Equal(t, r.want, got[int64(id)], "range ", id)
	}
	w.silent(100 * time.Millisecond)
}

func TestWatchFiltersAndPreviousPairs(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	history := func() {
		expect.Value(client.Put(ctx, "k", "1"))(t)
		expect.Value(client.Put(ctx, "k", "2"))(t)
		expect.Value(client.Delete(ctx, "k"))(t)
		expect.Value(client.Put(ctx, "k", "3"))(t)
	}
	cases := []struct {
		want    []string
		options []clientv3.OpOption
	}{
		{[]string{"PUT k=1", "PUT k=2", "DELETE k", "PUT k=3"}, nil},
		{[]string{"PUT k=1", "PUT k=2", "PUT k=3"}, []clientv3.OpOption{clientv3.WithFilterDelete()}},
		{[]string{"DELETE k"}, []clientv3.OpOption{clientv3.WithFilterPut()}},
		{[]string{"PUT k=1", "PUT k=2 was 1", "DELETE k was 2", "PUT k=3"},
			[]clientv3.OpOption{clientv3.WithPrevKV()}},
		{[]string{"DELETE k was 2"},
			[]clientv3.OpOption{clientv3.WithFilterPut(), clientv3.WithPrevKV()}},
	}
	var live []clientv3.WatchChan
	for _, c := range cases {
		watch := client.Watch(ctx, "k", append(c.options, clientv3.WithCreatedNotify())...)
		next(t, watch)
		live = append(live, watch)
	}
	history()
	for i, c := range cases {
		expect.Equal(t, c.want, text(collect(t, live[i], len(c.want))), "live, case ", i)
		replay := client.Watch(ctx, "k", append(c.options, clientv3.WithRev(1))...)
		expect.Equal(t, c.want, text(collect(t, replay, len(c.want))), "replayed, case ", i)
	}
	// Both filters together leave nothing but keep the watch.
	none := client.Watch(ctx, "k", clientv3.WithFilterPut(), clientv3.WithFilterDelete(),
		clientv3.WithCreatedNotify())
	next(t, none)
	history()
	select {
	case response := <-none:
		t.Fatalf("unexpected %v", response)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestCanceledWatchFallsSilent(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	w := openStream(t, s)
	for range 2 {
		w.create(&pb.WatchCreateRequest{Key: []byte("k")})
		w.next()
	}
	w.cancelWatch(99) // unknown: no answer
	w.cancelWatch(0)
	canceled := w.next()
	expect.True(t, canceled.Canceled && canceled.WatchId == 0 && !canceled.Created, canceled)
	w.cancelWatch(0)
	expect.Value(client.Put(ctx, "k", "v"))(t)
	message := w.next()
	expect.Equal(t, int64(1), message.WatchId, "only the other watch hears of it")
	w.silent(100 * time.Millisecond)
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), WatchId: 0})
	again := w.next()
	expect.True(t, again.Created && !again.Canceled, again)
	expect.NoError(t, w.call.CloseSend())
	expect.Value(client.Put(ctx, "k", "w"))(t)
	w.events(2) // a half-closed stream still delivers, to both of its watches
}

func TestManyWatchersShareOneStream(t *testing.T) {
	const watchers, rounds = 2000, 3
	client := server.Start(t).Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	var watches []clientv3.WatchChan
	for i := range watchers {
		options := []clientv3.OpOption{clientv3.WithCreatedNotify()}
		if i%10 == 0 {
			options = append(options, clientv3.WithPrefix())
		}
		watches = append(watches, client.Watch(ctx, fmt.Sprintf("k%04d", i), options...))
	}
	for _, watch := range watches {
		expect.Equal(t, true, next(t, watch).Created)
	}
	for round := range rounds {
		for begin := 0; begin < watchers; begin += 100 {
			var puts []clientv3.Op
			for i := begin; i < begin+100; i++ {
				puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%04d", i), fmt.Sprint(round)))
			}
			expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
		}
	}
	for i, watch := range watches {
		for round, e := range collect(t, watch, rounds) {
			expect.Equal(t, fmt.Sprintf("k%04d=%d", i, round), string(e.Kv.Key)+"="+string(e.Kv.Value))
		}
	}
}
