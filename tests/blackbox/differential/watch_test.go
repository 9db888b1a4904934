package differential

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// watchPair opens the same watches on both sides and compares, watch by watch, everything they
// tell: how they were created and canceled, and their events. How events are spread over messages
// is left to each server.
type watchPair struct {
	sides    [2]*watchLog
	requests []string
}

type watchLog struct {
	side   *side
	stream pb.Watch_WatchClient
	mutex  sync.Mutex
	lines  map[int64][]string // by watch id
	made   int
}

func newWatchPair(t *testing.T, sides ...*side) *watchPair {
	t.Helper()
	pair := &watchPair{}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for i, s := range sides {
		stream, err := s.watch.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		pair.sides[i] = &watchLog{side: s, stream: stream, lines: map[int64][]string{}}
		go pair.sides[i].read()
	}
	return pair
}

func (w *watchLog) read() {
	for {
		message, err := w.stream.Recv()
		if err != nil {
			return
		}
		w.mutex.Lock()
		id := message.WatchId
		if message.Created {
			line := "created"
			if message.Canceled {
				line = "refused"
				id = -1
			}
			w.lines[id] = append(w.lines[id], line)
			w.made++
		} else if message.Canceled {
			w.lines[id] = append(w.lines[id], fmt.Sprintf("canceled, compact revision %d", message.CompactRevision))
		}
		for _, e := range message.Events {
			w.lines[id] = append(w.lines[id], e.String())
		}
		w.mutex.Unlock()
	}
}

// create opens one more random watch on both sides, and waits for both to say so: the revision at
// which it begins must be the same.
func (p *watchPair) create(g *generator) {
	r := &pb.WatchCreateRequest{PrevKv: g.chance(40)}
	r.Key, r.RangeEnd = g.span()
	if g.chance(60) {
		r.StartRevision = max(0, g.revision()+3-g.Int64N(60))
	}
	if r.StartRevision != 0 && r.StartRevision == g.compacted {
		r.StartRevision++ // 3.4 forgets a tombstone of that very revision, later etcds keep it
	}
	if g.chance(20) {
		r.Filters = append(r.Filters, pb.WatchCreateRequest_FilterType(g.IntN(2)))
	}
	p.requests = append(p.requests, r.String())
	for _, w := range p.sides {
		w.stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: r}})
	}
	deadline := time.Now().Add(5 * time.Second)
	for _, w := range p.sides {
		for time.Now().Before(deadline) {
			w.mutex.Lock()
			made := w.made
			w.mutex.Unlock()
			if made == len(p.requests) {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	// etcd replays history for watches in rounds of 100 ms; a compaction that overtakes one
	// cancels it. Give both the time to catch up, so that only requests decide what is told.
	if r.StartRevision != 0 {
		time.Sleep(150 * time.Millisecond)
	}
}

func (p *watchPair) text(i int) string {
	w := p.sides[i]
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var text strings.Builder
	for id := int64(-1); id <= int64(len(p.requests)); id++ {
		fmt.Fprintf(&text, "watch %d\n  %s\n", id, strings.Join(w.lines[id], "\n  "))
	}
	return text.String()
}

// settle waits for both sides to have told the same.
func (p *watchPair) settle() {
	deadline := time.Now().Add(5 * time.Second)
	for p.text(0) != p.text(1) && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
}

// compare waits for that, and for both to say no more.
func (p *watchPair) compare(t *testing.T) {
	t.Helper()
	p.settle()
	time.Sleep(200 * time.Millisecond)
	want, got := p.text(0), p.text(1)
	if want == got {
		return
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("watches differ at line %d of %d and %d (%s first):\n  %s\n  %s\nafter\n%s\nrequests\n%s",
				i, len(a), len(b), p.sides[0].side.name, a[i], b[i],
				strings.Join(a[max(0, i-6):i], "\n"), strings.Join(p.requests, "\n"))
		}
	}
	t.Fatalf("watches differ in length: %d and %d lines", len(a), len(b))
}
