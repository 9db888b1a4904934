// Package fault ends servers at bad moments and accounts for every acknowledged write.
//
// BLACKBOX_CRASHES=n sets how often the crash tests kill the server (8 by default).
package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("BLACKBOX_CRASHES")); err == nil {
		return n
	}
	return 8
}

// write is one put or delete that a client sent.
type write struct {
	key, value string // value empty: a delete
	revision   int64  // of the acknowledgement; 0: none came, so it may have happened or not
}

// ledger notes what writers sent and what was acknowledged. Every value is written once only, so
// that a doubled write shows.
type ledger struct {
	mutex    sync.Mutex
	writes   map[string]write // by value, of puts
	byRev    map[int64]write  // acknowledged
	deletes  map[string]int   // by key: sent without an answer
	sequence int
}

func newLedger() *ledger {
	return &ledger{writes: map[string]write{}, byRev: map[int64]write{}, deletes: map[string]int{}}
}

func (l *ledger) token() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sequence++
	return fmt.Sprint("token ", l.sequence)
}

func (l *ledger) note(t *testing.T, w write) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if w.revision != 0 {
		if other, taken := l.byRev[w.revision]; taken {
			t.Errorf("revision %d was handed out twice: for %v and for %v", w.revision, other, w)
		}
		l.byRev[w.revision] = w
	}
	if w.value != "" {
		l.writes[w.value] = w
	} else if w.revision == 0 {
		l.deletes[w.key]++
	}
}

func (l *ledger) acknowledged() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.byRev)
}

// load runs writers until stop is closed or the server is gone. Each writes to keys of its own and
// to shared ones.
func (l *ledger) load(t *testing.T, s *server.Server, writers int, stop <-chan struct{}) *sync.WaitGroup {
	var wait sync.WaitGroup
	for writer := range writers {
		wait.Add(1)
		client := s.Client(t)
		go func() {
			defer wait.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("writer %d key %d", writer, rand.IntN(20))
				if rand.IntN(4) == 0 {
					key = fmt.Sprint("shared ", rand.IntN(5))
				}
				if l.one(t, client, key) != nil {
					return // the server is gone
				}
			}
		}()
	}
	return &wait
}

func (l *ledger) one(t *testing.T, client *clientv3.Client, key string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	w := write{key: key}
	var err error
	if rand.IntN(10) == 0 {
		var answer *clientv3.DeleteResponse
		if answer, err = client.Delete(ctx, key); err == nil {
			if answer.Deleted == 0 {
				return nil // took no revision
			}
			w.revision = answer.Header.Revision
		}
	} else {
		w.value = l.token()
		var answer *clientv3.PutResponse
		if answer, err = client.Put(ctx, key, w.value); err == nil {
			w.revision = answer.Header.Revision
		}
	}
	l.note(t, w)
	return err
}

// audit replays the whole history and accounts for every write in the ledger; from is the oldest
// revision that is still there.
func (l *ledger) audit(t *testing.T, s *server.Server, from int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	client := s.Client(t)
	now := expect.Value(client.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithSerializable()))(t)
	newest := now.Header.Revision
	state, seen := map[string]string{}, map[int64]write{}
	values := map[string]int64{}
	at := from - 1
	if from > 2 { // what the compaction left of the time before
		base := expect.Value(client.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(from-1)))(t)
		for _, kv := range base.Kvs {
			state[string(kv.Key)] = string(kv.Value)
		}
	}
	watch := client.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(from))
	for at < newest {
		response, open := <-watch
		expect.True(t, open && response.Err() == nil, "the replay ended at ", at, " of ", newest, ": ",
			response.Err())
		for _, e := range response.Events {
			expect.Equal(t, at+1, e.Kv.ModRevision, "the replay has no gap")
			at = e.Kv.ModRevision
			w := write{key: string(e.Kv.Key), revision: at}
			if e.Type == clientv3.EventTypePut {
				w.value = string(e.Kv.Value)
				if before, twice := values[w.value]; twice {
					t.Errorf("%q was written once and is there twice, at %d and %d", w.value, before, at)
				}
				values[w.value] = at
				state[w.key] = w.value
			} else {
				delete(state, w.key)
			}
			seen[at] = w
		}
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	lost := 0
	for revision, w := range l.byRev {
		if revision >= from && seen[revision] != w {
			if lost++; lost <= 5 {
				t.Errorf("acknowledged %v, but history has %v there", w, seen[revision])
			}
		}
	}
	for revision, w := range seen {
		if _, acknowledged := l.byRev[revision]; acknowledged {
			continue
		}
		if w.value != "" {
			sent, known := l.writes[w.value]
			expect.True(t, known && sent.key == w.key, "nobody sent ", w)
		} else {
			expect.True(t, l.deletes[w.key] > 0, "nobody deleted ", w)
		}
	}
	expect.Equal(t, len(state), len(now.Kvs), "keys")
	for _, kv := range now.Kvs {
		expect.Equal(t, state[string(kv.Key)], string(kv.Value), "the state follows from the history")
	}
	// Revisions without an acknowledgement stay what they were: note them as facts from now on.
	for revision, w := range seen {
		l.byRev[revision] = w
	}
}
