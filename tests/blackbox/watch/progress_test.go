package watch

import (
	"fmt"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestProgressCanBeAskedFor(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	w := openStream(t, s)
	w.create(&pb.WatchCreateRequest{Key: []byte("k")})
	w.next()
	for i := range 5 {
		revision := expect.Value(client.Put(ctx, "other", fmt.Sprint(i)))(t).Header.Revision
		// Progress tells how far the synced watch has come; it may lag the put by a moment.
		deadline := time.Now().Add(5 * time.Second)
		for {
			w.askProgress()
			progress := w.next()
			expect.Equal(t, 0, len(progress.Events))
			expect.Equal(t, int64(-1), progress.WatchId, "of the whole stream")
			expect.True(t, progress.Header.Revision <= revision, "never ahead: ", progress)
			if progress.Header.Revision == revision {
				break
			}
			expect.True(t, time.Now().Before(deadline), "progress never reaches ", revision)
		}
	}
}

func TestProgressNeverRunsAheadOfEvents(t *testing.T) {
	s := server.Start(t)
	server.OnlyKvshim(t, "3.4 may tell progress before the events of a stream that is behind")
	client := s.Client(t)
	ctx := server.Context(t)
	for i := range 2000 {
		if i%100 == 0 {
			expect.Value(client.Put(ctx, "k", fmt.Sprint(i)))(t)
		}
	}
	w := openStream(t, s)
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), StartRevision: 2})
	delivered := int64(1)
	for i := range 200 {
		w.askProgress()
		if i%2 == 0 {
			expect.Value(client.Put(ctx, "k", "live"))(t)
		}
	}
	last := expect.Value(client.Get(ctx, "k"))(t).Kvs[0].ModRevision
	told := int64(0)
	for delivered < last || told < last {
		if delivered == last {
			w.askProgress()
		}
		message := w.next()
		for _, e := range message.Events {
			expect.Equal(t, delivered+1, e.Kv.ModRevision, "gapless")
			expect.True(t, e.Kv.ModRevision > told, "an event behind the progress told")
			delivered = e.Kv.ModRevision
		}
		if message.WatchId == -1 {
			told = message.Header.Revision
			expect.True(t, told <= delivered, "progress ", told, " ahead of event ", delivered)
		}
	}
}

func TestIdleWatchHearsOfProgress(t *testing.T) {
	s := server.Start(t, server.Options{ProgressInterval: 200 * time.Millisecond})
	client := s.Client(t)
	ctx := server.Context(t)
	asked := client.Watch(ctx, "k", clientv3.WithProgressNotify(), clientv3.WithCreatedNotify())
	expect.Equal(t, true, next(t, asked).Created)
	unasked := client.Watch(ctx, "k", clientv3.WithCreatedNotify())
	expect.Equal(t, true, next(t, unasked).Created)
	revision := expect.Value(client.Put(ctx, "other", ""))(t).Header.Revision
	for {
		progress := next(t, asked)
		expect.Equal(t, true, progress.IsProgressNotify())
		if progress.Header.Revision == revision {
			break
		}
		expect.True(t, progress.Header.Revision < revision, "never ahead")
	}
	select {
	case response := <-unasked:
		t.Fatalf("progress that nobody asked for: %v", response)
	default:
	}
	expect.Value(client.Put(ctx, "k", "v"))(t)
	for {
		response := next(t, asked)
		if !response.IsProgressNotify() {
			expect.Equal(t, []string{"PUT k=v"}, text(response.Events))
			break
		}
	}
}

func TestClientsRequestProgress(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	watch := client.Watch(ctx, "k", clientv3.WithCreatedNotify())
	next(t, watch)
	expect.NoError(t, client.RequestProgress(ctx))
	progress := next(t, watch)
	expect.Equal(t, true, progress.IsProgressNotify())
	expect.Equal(t, int64(1), progress.Header.Revision)
}
