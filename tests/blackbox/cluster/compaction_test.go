package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// fill writes so many revisions, a hundred keys to a transaction, and returns the last one. Revision
// by revision the same hundred keys are written.
func fill(t *testing.T, s *server.Server, transactions int) (newest int64) {
	t.Helper()
	client, ctx := s.Client(t), within(t, 60*time.Second)
	for n := range transactions {
		var puts []clientv3.Op
		for key := range 100 {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("key %02d", key), fmt.Sprint("value ", n)))
		}
		newest = expect.Value(client.Txn(ctx).Then(puts...).Commit())(t).Header.Revision
	}
	return newest
}

// rows is how many rows the log in the database has.
func rows(t *testing.T, dsn string) int {
	t.Helper()
	text := database.Shared(t, kind(t)).Query(t, nameIn(dsn), "SELECT count(*) FROM kv_log")
	return expect.Value(strconv.Atoi(text))(t)
}

func TestCompactionAtOneServerIsOneAtAll(t *testing.T) {
	s := start(t, 2)
	ctx := within(t, 30*time.Second)
	a, b := s[0].Client(t), s[1].Client(t)
	newest := fill(t, s[0], 20)
	expect.Value(b.Delete(ctx, "key 00"))(t)
	newest = expect.Value(b.Put(ctx, "key 01", "newest"))(t).Header.Revision
	at := newest - 5
	expect.Value(a.Compact(ctx, at))(t)
	_, err := b.Get(ctx, "key 00", clientv3.WithRev(at-1))
	expect.Error(t, rpctypes.ErrCompacted, err, "a read below, at once at the other server")
	before := expect.Value(b.Get(ctx, "key 00", clientv3.WithRev(at)))(t)
	expect.Equal(t, int64(1), before.Count, "the compacted revision itself is readable")
	_, err = b.Compact(ctx, at)
	expect.Error(t, rpctypes.ErrCompacted, err)
	watch := b.Watch(ctx, "key 00", clientv3.WithRev(2))
	response := <-watch
	expect.Equal(t, at, response.CompactRevision, "the watcher is told")

	// Whole again at the newest revision: one row for each key that lives.
	expect.Value(b.Compact(ctx, newest, clientv3.WithCompactPhysical()))(t)
	expect.Eventually(t, 15*time.Second, func() bool { return rows(t, s[0].Options.Endpoint) == 99 },
		"only the rows of the 99 keys that live are left")
	for _, client := range []*clientv3.Client{a, b} {
		expect.Equal(t, int64(99), expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t).Count)
	}
}

// A compaction is acknowledged, and the server that is to delete dies before it does, or while:
// whoever takes over finishes it.
func TestRowsAreDeletedAlsoWhenTheOwnerIsKilledBetween(t *testing.T) {
	s := start(t, 2)
	dsn := s[0].Options.Endpoint
	for _, when := range []string{"before", "while"} {
		owner, others := leaderAmong(t, 10*time.Second, s...)
		newest, before := fill(t, others[0], 200), rows(t, dsn)
		expect.Value(others[0].Client(t).Compact(within(t, 10*time.Second), newest))(t)
		if when == "while" {
			expect.Eventually(t, 10*time.Second, func() bool { return rows(t, dsn) < before }, "it deletes")
		}
		owner.Kill()
		t.Logf("killed %s it deletes: %d rows were left", when, rows(t, dsn))
		expect.Eventually(t, 20*time.Second, func() bool { return rows(t, dsn) == 100 },
			"another server deletes the rest: ", lazily(func() string { return fmt.Sprint(rows(t, dsn)) }))
		owner.Launch(t)
		for _, server := range s {
			got := expect.Value(server.Client(t).Get(within(t, 10*time.Second), "", clientv3.WithPrefix()))(t)
			expect.Equal(t, int64(100), got.Count)
		}
	}
}

// follow is a watcher of everything under a prefix that begins again where it is told that what it
// wants was compacted, as a cache does. It wants every revision once, in order.
type follow struct {
	mutex  sync.Mutex
	at     int64   // the newest revision seen
	gaps   []int64 // compacted revisions that it was told of
	failed error
}

func (f *follow) run(t *testing.T, s *server.Server, prefix string, from int64, each bool) {
	client, ctx := s.Client(t), within(t, 90*time.Second)
	f.at = from - 1
	go func() {
		for ctx.Err() == nil {
			watch := client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(f.now()+1))
			for response := range watch {
				f.mutex.Lock()
				for _, e := range response.Events {
					revision := e.Kv.ModRevision
					if f.failed == nil && (revision <= f.at || each && revision != f.at+1) {
						f.failed = fmt.Errorf("revision %d after %d", revision, f.at)
					}
					f.at = revision
				}
				if response.CompactRevision != 0 {
					f.gaps = append(f.gaps, response.CompactRevision)
					f.at = response.CompactRevision
				} else if response.Err() != nil && f.failed == nil && ctx.Err() == nil {
					f.failed = response.Err()
				}
				f.mutex.Unlock()
			}
		}
	}()
}

func (f *follow) now() int64 {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.at
}

// A server that stood still while others wrote a great deal and deleted what it had not read.
func TestPausedServerComesBackRightAfterOthersWroteAndCompacted(t *testing.T) {
	s := start(t, 2)
	a, b := s[0], s[1]
	ctx := within(t, 90*time.Second)
	client := a.Client(t)
	first := expect.Value(client.Put(ctx, "changing", "0"))(t).Header.Revision
	var every, some follow
	every.run(t, b, "", first, true)
	expect.Eventually(t, 10*time.Second, func() bool { return every.now() == first }, "it watches")
	some.run(t, b, "late", first+1, false)
	pause(b)
	defer resume(b)

	const writers, writes = 40, 500 // 20,000 together
	var wait sync.WaitGroup
	var failed sync.Map
	for writer := range writers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for n := range writes {
				if _, err := client.Put(ctx, fmt.Sprint("writer ", writer, " key ", n%10), "v"); err != nil {
					failed.Store(writer, err)
				}
			}
		}()
	}
	wait.Wait()
	failed.Range(func(writer, err any) bool {
		t.Fatalf("writer %v: %v", writer, err)
		return false
	})
	middle := expect.Value(client.Put(ctx, "changing", "1"))(t).Header.Revision
	expect.Equal(t, first+writers*writes+1, middle, "a revision each")
	expect.Value(client.Compact(ctx, middle))(t)
	// The paused server counts as gone after a while; what it has not read is deleted then.
	dsn := a.Options.Endpoint
	expect.Eventually(t, 40*time.Second, func() bool { return rows(t, dsn) == 401 }, "rows are deleted: ",
		lazily(func() string { return fmt.Sprint(rows(t, dsn)) }))
	newest := expect.Value(client.Put(ctx, "late 1", "v"))(t).Header.Revision
	newest = expect.Value(client.Put(ctx, "late 2", "v"))(t).Header.Revision

	resume(b)
	got := expect.Value(b.Client(t).Get(ctx, "", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t,
		"the first read after the pause")
	expect.Equal(t, newest, got.Header.Revision, "it serves the newest")
	expect.Equal(t, int64(403), got.Count, "keys")
	_, err := b.Client(t).Get(ctx, "changing", clientv3.WithRev(middle-1))
	expect.Error(t, rpctypes.ErrCompacted, err)
	expect.Value(b.Client(t).Put(ctx, "late 3", "v"))(t)
	newest++
	for name, watcher := range map[string]*follow{"of everything": &every, "of late keys": &some} {
		expect.Eventually(t, 20*time.Second, func() bool { return watcher.now() == newest },
			"the watcher ", name, " gets to ", newest, ": ",
			lazily(func() string { return fmt.Sprint(watcher.now()) }))
		watcher.mutex.Lock()
		expect.NoError(t, watcher.failed, "the watcher ", name)
		for _, gap := range watcher.gaps {
			expect.Equal(t, middle, gap, "the watcher ", name, " was told of a compaction at")
		}
		t.Logf("the watcher %s was told of compactions at %v", name, watcher.gaps)
		watcher.mutex.Unlock()
	}
	again := strings.Contains(b.LogTail(8192), "loading everything")
	t.Logf("the server loaded everything again: %v", again)
	same := expect.Value(a.Client(t).Get(ctx, "", clientv3.WithPrefix()))(t)
	other := expect.Value(b.Client(t).Get(ctx, "", clientv3.WithPrefix()))(t)
	expect.Equal(t, same.Kvs, other.Kvs, "both servers hold the same")
}
