package watch

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// A client that does not read fills every buffer on the way; the server must then feed it from
// history, at its own pace, without a gap and without holding memory for it.
func TestSlowReaderIsCaughtUpWithoutAGap(t *testing.T) {
	const events, perTxn = 100_000, 100
	s := server.Start(t)
	client := s.Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	call, err := pb.NewWatchClient(s.Connection(t)).Watch(ctx)
	expect.NoError(t, err)
	expect.NoError(t, call.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{Key: []byte("k"), RangeEnd: []byte("l")}}}))
	created := expect.Value(call.Recv())(t)
	expect.Equal(t, true, created.Created)

	fast := client.Watch(ctx, "k", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	expect.Equal(t, true, next(t, fast).Created)
	seen := make(chan int, 1)
	go func() { // the fast one beside it must not be held up
		n := 0
		for n < events {
			n += len((<-fast).Events)
		}
		seen <- n
	}()
	value := strings.Repeat("v", 100)
	for i := 0; i < events; i += perTxn {
		var puts []clientv3.Op
		for j := i; j < i+perTxn; j++ {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%06d", j), value))
		}
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
	select {
	case <-seen:
	case <-time.After(30 * time.Second):
		t.Fatal("the slow reader holds up the fast one")
	}
	revision := int64(1)
	for n := 0; n < events; {
		message := expect.Value(call.Recv())(t, "after ", n, " events")
		expect.Equal(t, false, message.Canceled)
		for _, e := range message.Events {
			expect.Equal(t, fmt.Sprintf("k%06d", n), string(e.Kv.Key), "gapless and in order")
			if n%perTxn == 0 {
				revision++
			}
			expect.Equal(t, revision, e.Kv.ModRevision)
			n++
		}
	}
	expect.Value(client.Put(ctx, "k", "after"))(t)
	message := expect.Value(call.Recv())(t)
	expect.Equal(t, "after", string(message.Events[0].Kv.Value), "live again")
}

func TestLargeResponsesComeInFragmentsWhereAsked(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	// Several revisions whose replay together is well above a response's 1.5 MiB and 512 KiB.
	value := strings.Repeat("v", 100_000)
	for i := range 10 {
		var puts []clientv3.Op
		for j := range 10 {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%d%d", i, j), value))
		}
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
	w := openStream(t, s)
	w.create(&pb.WatchCreateRequest{Key: []byte("k"), RangeEnd: []byte("l"), StartRevision: 2,
		Fragment: true})
	expect.Equal(t, true, w.next().Created)
	n, fragments := 0, 0
	for n < 100 {
		message := w.next()
		size := message.Size()
		expect.True(t, size <= 3<<19+512<<10, "a part of ", size, " bytes")
		for _, e := range message.Events {
			expect.Equal(t, fmt.Sprintf("k%02d", n), string(e.Kv.Key))
			n++
		}
		if message.Fragment {
			fragments++
		}
		if n == 100 {
			expect.Equal(t, false, message.Fragment, "the last part is not marked")
		}
	}
	if s.Options.Flavor == server.Etcd {
		expect.True(t, fragments > 0, "etcd replays all in one response, in parts")
	}
	// clientv3 puts the parts together again.
	watch := client.Watch(ctx, "k", clientv3.WithPrefix(), clientv3.WithRev(2), clientv3.WithFragment())
	for i, e := range collect(t, watch, 100) {
		expect.Equal(t, fmt.Sprintf("k%02d", i), string(e.Kv.Key))
	}
}

// One revision larger than a fragment, which must be cut, and whole for who did not ask for parts.
func TestOneLargeRevisionIsCutIntoMarkedParts(t *testing.T) {
	s := server.Start(t, server.Options{Flags: []string{"--max-request-bytes", "6291456"}})
	client := s.Client(t)
	ctx := server.Context(t)
	value := strings.Repeat("v", 200_000)
	var puts []clientv3.Op
	for j := range 25 {
		puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%02d", j), value))
	}
	cut, whole := openStream(t, s), openStream(t, s)
	cut.create(&pb.WatchCreateRequest{Key: []byte("k"), RangeEnd: []byte("l"), Fragment: true,
		PrevKv: true})
	cut.next()
	whole.create(&pb.WatchCreateRequest{Key: []byte("k"), RangeEnd: []byte("l")})
	whole.next()
	for range 2 { // with previous pairs the second is twice as large, beyond any request's limit
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
	for round := range 2 {
		expect.Equal(t, 25, len(whole.next().Events), "whole unless fragments were asked for")
		n, parts := 0, 0
		for n < 25 {
			message := cut.next()
			n += len(message.Events)
			parts++
			expect.Equal(t, n < 25, message.Fragment, "all parts but the last are marked")
		}
		expect.Equal(t, round == 1, parts > 1, "cut only where it is larger than a request may be")
	}
}
