package cluster

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// book holds what writers sent and what was acknowledged. Every value is written once.
type book struct {
	mutex        sync.Mutex
	sent         map[string]string   // value to key
	acknowledged map[int64][2]string // revision to key and value
	refused      int
	latest       sync.Map // server to the time of its newest acknowledgement

	stop    context.CancelFunc
	writing sync.WaitGroup
	count   atomic.Int64
}

// write runs writers at each of the servers until rest is called. They go on after failures.
func write(t *testing.T, writers int, servers ...*server.Server) *book {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	b := &book{sent: map[string]string{}, acknowledged: map[int64][2]string{}, stop: stop}
	t.Cleanup(b.rest)
	for n, s := range servers {
		client := s.Client(t)
		for writer := range writers {
			b.writing.Add(1)
			go func() {
				defer b.writing.Done()
				for turn := 0; ctx.Err() == nil; turn++ {
					b.put(t, ctx, client, s, fmt.Sprintf("server %d writer %d key %d", n, writer, turn%7))
				}
			}()
		}
	}
	return b
}

func (b *book) put(t *testing.T, ctx context.Context, client *clientv3.Client, s *server.Server, key string) {
	value := fmt.Sprint("value ", b.count.Add(1))
	b.mutex.Lock()
	b.sent[value] = key
	b.mutex.Unlock()
	bounded, cancel := context.WithTimeout(context.Background(), 9*time.Second)
	defer cancel()
	answer, err := client.Put(bounded, key, value)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err != nil {
		b.refused++
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
		return
	}
	revision := answer.Header.Revision
	if other, taken := b.acknowledged[revision]; taken {
		t.Errorf("revision %d was handed out twice: for %v and for %v", revision, other, []string{key, value})
	}
	b.acknowledged[revision] = [2]string{key, value}
	b.latest.Store(s, time.Now())
}

// rest ends the writers.
func (b *book) rest() {
	b.stop()
	b.writing.Wait()
}

func (b *book) size() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return len(b.acknowledged)
}

// grows waits until so many more writes are acknowledged.
func (b *book) grows(t *testing.T, limit time.Duration, by int) {
	t.Helper()
	size := b.size()
	expect.Eventually(t, limit, func() bool { return b.size() >= size+by }, "writers get on")
}

// goesOn waits until each of the servers has acknowledged a write since a time.
func (b *book) goesOn(t *testing.T, limit time.Duration, since time.Time, servers ...*server.Server) {
	t.Helper()
	for n, s := range servers {
		expect.Eventually(t, time.Until(since.Add(limit)), func() bool {
			latest, _ := b.latest.Load(s)
			at, ok := latest.(time.Time)
			return ok && at.After(since)
		}, "server ", n, " takes writes again by itself")
	}
	t.Logf("all take writes again after %v", time.Since(since))
}

// audit replays the history at a server, from the beginning: no gap, every acknowledged write at its
// revision, no write twice, nothing that nobody sent.
func (b *book) audit(t *testing.T, s *server.Server) {
	t.Helper()
	problems := b.check(t, s)
	for n, problem := range problems {
		if n < 5 {
			t.Error(problem)
		}
	}
	if len(problems) > 0 {
		t.Fatal(len(problems), " problems")
	}
}

func (b *book) check(t *testing.T, s *server.Server) (problems []string) {
	t.Helper()
	note := func(text ...any) { problems = append(problems, fmt.Sprint(text...)) }
	ctx, client := within(t, 60*time.Second), s.Client(t)
	newest := expect.Value(client.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t).Header.Revision
	seen, values := map[int64][2]string{}, map[string]int64{}
	watch := client.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(2))
	for at := int64(1); at < newest; {
		response, open := <-watch
		expect.True(t, open && response.Err() == nil, "the replay ended at ", at, " of ", newest, ": ", response.Err())
		for _, e := range response.Events {
			revision, value := e.Kv.ModRevision, string(e.Kv.Value)
			if revision != at+1 {
				note("revision ", revision, " after ", at)
			}
			at = revision
			if before, twice := values[value]; twice {
				note(value, " is there twice, at ", before, " and ", revision)
			}
			values[value], seen[revision] = revision, [2]string{string(e.Kv.Key), value}
		}
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for revision, entry := range b.acknowledged {
		if seen[revision] != entry {
			note("acknowledged at ", revision, ": ", entry, "; there is ", seen[revision])
		}
	}
	for revision, entry := range seen {
		if b.sent[entry[1]] != entry[0] {
			note("nobody sent what is at ", revision, ": ", entry)
		}
	}
	t.Logf("%d acknowledged writes and %d others are there, %d were refused or unclear",
		len(b.acknowledged), len(seen)-len(b.acknowledged), b.refused)
	return problems
}
