package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// recording is a watch that goes on.
type recording struct {
	mutex sync.Mutex
	watch Watch
	at    int64 // the last revision seen
}

func (r *recording) copy() Watch {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	w := r.watch
	w.Arrivals = slices.Clone(w.Arrivals)
	return w
}

// whole says whether it is to go on to the end.
func (r *recording) whole() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.watch.Whole && r.watch.CompactRevision == 0
}

func (r *recording) reached() int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.at
}

// WatchAll watches all keys on every server from the beginning to the end.
func (r *Recorder) WatchAll() {
	for server := range r.members {
		r.watching.Add(1)
		go func() {
			defer r.watching.Done()
			for from := int64(2); from != 0 && r.watchEnd.Err() == nil; {
				from = r.watch(r.watchEnd, Watch{Server: server, From: from, Whole: true})
			}
		}()
	}
}

// AskForProgress lets every watch that is open be told now and then how far it is.
func (r *Recorder) AskForProgress(every time.Duration) {
	r.watching.Add(1)
	go func() {
		defer r.watching.Done()
		for {
			select {
			case <-r.watchEnd.Done():
				return
			case <-time.After(every):
			}
			for _, client := range r.streams {
				ctx, cancel := context.WithTimeout(r.watchEnd, time.Second)
				client.RequestProgress(ctx) // an error shows in the watches, if it matters
				cancel()
			}
		}
	}()
}

// ListAndWatch does again and again what a Kubernetes informer does, between servers: reads all keys
// on one and watches from there on another, for a while.
func (r *Recorder) ListAndWatch(seed uint64) {
	random := rand.New(rand.NewPCG(seed, 77))
	r.watching.Add(1)
	go func() {
		defer r.watching.Done()
		for r.watchEnd.Err() == nil {
			list := r.Do(-1, random.IntN(len(r.members)), Request{
				Then: []Step{{Kind: Get, Key: first, End: last}}, Serializable: random.IntN(2) == 0}, 2*time.Second)
			if list.Outcome == OK {
				ctx, cancel := context.WithTimeout(r.watchEnd,
					time.Duration(200+random.IntN(2000))*time.Millisecond)
				r.watch(ctx, Watch{Server: random.IntN(len(r.members)), From: list.Answer.Revision + 1})
				cancel()
			}
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		}
	}()
}

// watch records a watch until its context ends or the server ends it. Where it ended because what it
// wanted was compacted, it returns from where on nothing is missing; else 0.
func (r *Recorder) watch(ctx context.Context, w Watch) (again int64) {
	w.Begin = r.Elapsed()
	note := &recording{watch: w, at: w.From - 1}
	r.mutex.Lock()
	r.watches = append(r.watches, note)
	r.mutex.Unlock()
	for response := range r.streams[w.Server].Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(w.From),
		clientv3.WithPrevKV(), clientv3.WithProgressNotify()) {
		if err := response.Err(); err != nil {
			note.mutex.Lock()
			note.watch.Error, note.watch.End = err.Error(), r.Elapsed()
			note.watch.CompactRevision = response.CompactRevision
			note.mutex.Unlock()
			if response.CompactRevision != 0 {
				// What was deleted at the compacted revision itself may have left no trace.
				return response.CompactRevision + 1
			}
			return 0
		}
		a := Arrival{Time: r.Elapsed(), Revision: response.Header.Revision,
			Progress: response.IsProgressNotify()}
		for _, e := range response.Events {
			event := Event{KV: pair(e.Kv), Prev: KV{Key: string(e.Kv.Key)}}
			if e.PrevKv != nil {
				event.Prev = pair(e.PrevKv)
			}
			a.Events = append(a.Events, event)
		}
		note.mutex.Lock()
		note.watch.Arrivals = append(note.watch.Arrivals, a)
		for _, e := range a.Events {
			note.at = max(note.at, e.KV.Mod)
		}
		note.mutex.Unlock()
	}
	return 0
}

// seen is the revision up to which the watches together have seen all.
func (r *Recorder) seen() (newest int64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, note := range r.watches {
		if note.watch.Whole {
			newest = max(newest, note.reached())
		}
	}
	return newest
}

func (r *Recorder) awaitWatches(ctx context.Context, revision int64) error {
	for {
		behind := ""
		r.mutex.Lock()
		for _, note := range r.watches {
			if at := note.reached(); note.whole() && at < revision {
				behind += fmt.Sprintf(" %v at %d", note.watch, at)
			}
		}
		r.mutex.Unlock()
		if behind == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not at the end, revision %d:%s", revision, behind)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func pair(kv *mvccpb.KeyValue) KV {
	return KV{string(kv.Key), string(kv.Value), kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease}
}

func pairs(kvs []*mvccpb.KeyValue) (list []KV) {
	for _, kv := range kvs {
		list = append(list, pair(kv))
	}
	return list
}
