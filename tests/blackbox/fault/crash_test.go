package fault

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestKilledServerKeepsEveryAcknowledgedWrite(t *testing.T) {
	s := server.New(t)
	book := newLedger()
	for crash := range crashes() {
		s.Launch(t)
		if crash > 0 {
			book.audit(t, s, 2)
		}
		before := book.acknowledged()
		writers := book.load(t, s, 8, nil)
		expect.Eventually(t, 10*time.Second, func() bool { return book.acknowledged() > before+50 },
			"writes go on")
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		s.Kill()
		writers.Wait()
	}
	s.Launch(t)
	book.audit(t, s, 2)
	t.Logf("%d acknowledged writes, all there", book.acknowledged())
}

// A compaction may be acknowledged or not, and its deleting of rows may be cut anywhere: history
// from the compacted revision on must be whole, and the next compaction must work.
func TestKilledServerKeepsHistoryDuringCompaction(t *testing.T) {
	s := server.New(t)
	book := newLedger()
	compacted := atomic.Int64{}
	for crash := range crashes() {
		s.Launch(t)
		if crash > 0 {
			// The store may have compacted further than an answer said: it tells where to begin.
			from := firstReadable(t, s)
			expect.True(t, from > compacted.Load(), "an acknowledged compaction is undone: ", from,
				" after ", compacted.Load())
			book.audit(t, s, from)
		}
		before := book.acknowledged()
		writers := book.load(t, s, 6, nil)
		expect.Eventually(t, 10*time.Second, func() bool { return book.acknowledged() > before+100 },
			"writes go on")
		compactor := s.Client(t)
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
				now, err := compactor.Get(ctx, "k")
				if err == nil {
					revision := now.Header.Revision - 5
					_, err = compactor.Compact(ctx, revision, clientv3.WithCompactPhysical())
					if err == nil {
						compacted.Store(revision)
					}
				}
				cancel()
				if code, _ := expect.Split(err); code != 0 && code != 11 { // OK, OutOfRange
					return
				}
			}
		}()
		time.Sleep(time.Duration(50+rand.IntN(300)) * time.Millisecond)
		s.Kill()
		close(stop)
		writers.Wait()
		<-done
	}
	s.Launch(t)
	book.audit(t, s, firstReadable(t, s))
}

// firstReadable is the revision after the compacted one.
func firstReadable(t *testing.T, s *server.Server) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	watch := s.Client(t).Watch(ctx, "no such key", clientv3.WithRev(1), clientv3.WithCreatedNotify())
	for response := range watch {
		if response.CompactRevision != 0 {
			return response.CompactRevision + 1
		}
		if response.Created && !response.Canceled {
			select {
			case refused := <-watch:
				if refused.CompactRevision != 0 {
					return refused.CompactRevision + 1
				}
			case <-time.After(500 * time.Millisecond):
			}
			return 2
		}
	}
	return 2
}

func TestKilledServerSurvivesDefragmentation(t *testing.T) {
	s := server.New(t)
	book := newLedger()
	for crash := range max(2, crashes()/2) {
		s.Launch(t)
		if crash > 0 {
			book.audit(t, s, 2)
		}
		before := book.acknowledged()
		writers := book.load(t, s, 4, nil)
		expect.Eventually(t, 10*time.Second, func() bool { return book.acknowledged() > before+50 },
			"writes go on")
		raw := pb.NewMaintenanceClient(s.Connection(t))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				_, err := raw.Defragment(ctx, &pb.DefragmentRequest{})
				cancel()
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Duration(20+rand.IntN(200)) * time.Millisecond)
		s.Kill()
		writers.Wait()
		<-done
	}
	s.Launch(t)
	book.audit(t, s, 2)
}

// Watches that are resumed after each crash see every event once, whatever the client has lost.
func TestWatchResumesWithoutAGapAfterACrash(t *testing.T) {
	s := server.Start(t)
	book := newLedger()
	observer := s.Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	watch := observer.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(2))
	at := int64(1)
	until := func(revision int64) {
		for at < revision {
			response, open := <-watch
			expect.True(t, open && response.Err() == nil, "the watch ended: ", response.Err())
			for _, e := range response.Events {
				expect.Equal(t, at+1, e.Kv.ModRevision, "each event once, in order")
				at = e.Kv.ModRevision
			}
		}
	}
	for range max(2, crashes()/3) {
		writers := book.load(t, s, 4, nil)
		before := book.acknowledged()
		expect.Eventually(t, 10*time.Second, func() bool { return book.acknowledged() > before+50 },
			"writes go on")
		s.Kill()
		writers.Wait()
		s.Launch(t)
		until(expect.Value(s.Client(t).Get(ctx, "k"))(t).Header.Revision)
	}
	book.audit(t, s, 2)
}
