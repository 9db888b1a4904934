package differential

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"kvshim.test/blackbox/server"
)

func create(r *pb.WatchCreateRequest) *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: r}}
}

func cancel(id int64) *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{
		CancelRequest: &pb.WatchCancelRequest{WatchId: id}}}
}

// Each conversation is what one client says on one stream; afterwards a put, a delete and a txn
// happen, and everything that the stream said is compared. Where later etcds answer otherwise
// than 3.4, the conversation is among ownConversations. The store is the one of prepare().
var conversations = map[string][]*pb.WatchRequest{
	"nothing":                   {},
	"an empty message":          {{}},
	"one key":                   {create(&pb.WatchCreateRequest{Key: k})},
	"no key":                    {create(&pb.WatchCreateRequest{})},
	"no key, from it on":        {create(&pb.WatchCreateRequest{RangeEnd: every})},
	"the zero key":              {create(&pb.WatchCreateRequest{Key: every})},
	"everything":                {create(&pb.WatchCreateRequest{Key: every, RangeEnd: every})},
	"an end before the key":     {create(&pb.WatchCreateRequest{Key: []byte("b"), RangeEnd: k})},
	"an end equal to the key":   {create(&pb.WatchCreateRequest{Key: k, RangeEnd: k})},
	"a far revision":            {create(&pb.WatchCreateRequest{Key: k, StartRevision: math.MaxInt64})},
	"the next revision":         {create(&pb.WatchCreateRequest{Key: k, StartRevision: 13})},
	"the revision after it":     {create(&pb.WatchCreateRequest{Key: k, StartRevision: 14})},
	"the current revision":      {create(&pb.WatchCreateRequest{Key: k, RangeEnd: every, StartRevision: 12})},
	"the compacted revision":    {create(&pb.WatchCreateRequest{Key: k, RangeEnd: every, StartRevision: 5})},
	"before the compacted one":  {create(&pb.WatchCreateRequest{Key: k, StartRevision: 4})},
	"the first revision":        {create(&pb.WatchCreateRequest{Key: k, StartRevision: 1, PrevKv: true})},
	"replay with pairs before":  {create(&pb.WatchCreateRequest{Key: k, RangeEnd: every, StartRevision: 6, PrevKv: true})},
	"an unknown filter":         {create(&pb.WatchCreateRequest{Key: k, Filters: []pb.WatchCreateRequest_FilterType{9}})},
	"a filter twice":            {create(&pb.WatchCreateRequest{Key: k, Filters: []pb.WatchCreateRequest_FilterType{0, 0}})},
	"both filters":              {create(&pb.WatchCreateRequest{Key: k, Filters: []pb.WatchCreateRequest_FilterType{0, 1}})},
	"its own id":                {create(&pb.WatchCreateRequest{Key: k, WatchId: 42})},
	"a negative id":             {create(&pb.WatchCreateRequest{Key: k, WatchId: -7})},
	"an id twice":               {create(&pb.WatchCreateRequest{Key: k, WatchId: 5}), create(&pb.WatchCreateRequest{Key: k, WatchId: 5})},
	"an id that is taken next":  {create(&pb.WatchCreateRequest{Key: k, WatchId: 1}), create(&pb.WatchCreateRequest{Key: k}), create(&pb.WatchCreateRequest{Key: k})},
	"canceling an unknown one":  {cancel(3), create(&pb.WatchCreateRequest{Key: k})},
	"canceling twice":           {create(&pb.WatchCreateRequest{Key: k}), cancel(0), cancel(0)},
	"an id used again":          {create(&pb.WatchCreateRequest{Key: k, WatchId: 9}), cancel(9), create(&pb.WatchCreateRequest{Key: k, WatchId: 9})},
	"refusals between":          {create(&pb.WatchCreateRequest{Key: []byte("b"), RangeEnd: k}), create(&pb.WatchCreateRequest{Key: k})},
	"canceling id minus one":    {cancel(-1), create(&pb.WatchCreateRequest{Key: k})},
	"two watches of one key":    {create(&pb.WatchCreateRequest{Key: k}), create(&pb.WatchCreateRequest{Key: k, PrevKv: true})},
	"a fragment of little":      {create(&pb.WatchCreateRequest{Key: k, Fragment: true})},
	"a create that says little": {{RequestUnion: &pb.WatchRequest_CreateRequest{}}},
}

// conversation is one stream and what it has said.
type conversation struct {
	stream  pb.Watch_WatchClient
	heard   chan string
	control []string
	events  map[string][]string // by watch: those of several watches come in any order
}

func open(ctx context.Context, s *side) (*conversation, error) {
	stream, err := s.watch.Watch(ctx)
	if err != nil {
		return nil, err
	}
	c := &conversation{stream: stream, heard: make(chan string, 1000), events: map[string][]string{}}
	go func() {
		defer close(c.heard)
		for {
			message, err := stream.Recv()
			if err != nil {
				if ctx.Err() == nil {
					c.heard <- "the stream ends: " + err.Error()
				}
				return
			}
			for _, e := range message.Events { // their spread over messages is each server's own
				c.heard <- fmt.Sprintf("event %d: %v", message.WatchId, e)
			}
			if !message.Created && !message.Canceled && message.WatchId != -1 {
				continue
			}
			message.Events = nil
			s.header(message.Header)
			if message.Canceled {
				message.Header.Revision = 0 // of the store, or the watch's own: both are seen in etcds
			}
			c.heard <- message.String()
		}
	}()
	return c, nil
}

// drain takes what is said until it falls silent; etcd replays in rounds of 100 ms.
func (c *conversation) drain() {
	for {
		select {
		case line, open := <-c.heard:
			if !open {
				return
			}
			if watch, event, of := strings.Cut(line, ": "); of && strings.HasPrefix(line, "event ") {
				c.events[watch] = append(c.events[watch], event)
			} else {
				c.control = append(c.control, line)
			}
		case <-time.After(300 * time.Millisecond):
			return
		}
	}
}

func (c *conversation) text() string {
	text := strings.Join(c.control, "\n")
	for _, watch := range slices.Sorted(maps.Keys(c.events)) {
		text += "\n" + watch + "\n  " + strings.Join(c.events[watch], "\n  ")
	}
	return text
}

func TestNastyWatchesGetTheSameAnswers(t *testing.T) {
	reference, tested := pair(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var all [2]map[string]*conversation
	for i, s := range []*side{reference, tested} {
		for _, request := range prepare() {
			s.ask(request)
		}
		all[i] = map[string]*conversation{}
		var wait sync.WaitGroup
		for name, requests := range conversations {
			c, err := open(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			all[i][name] = c
			wait.Add(1)
			go func() {
				defer wait.Done()
				for _, request := range requests { // one at a time: answers keep the order of requests
					if c.stream.Send(request) != nil {
						break
					}
					c.drain()
				}
			}()
		}
		wait.Wait()
		s.ask(&pb.PutRequest{Key: k, Value: []byte("put")})
		s.ask(&pb.DeleteRangeRequest{Key: k})
		s.ask(then(putOp(&pb.PutRequest{Key: k, Lease: 7}), putOp(&pb.PutRequest{Key: []byte("b")}),
			deleteOp(&pb.DeleteRangeRequest{Key: []byte("c")})))
		for _, c := range all[i] {
			wait.Add(1)
			go func() {
				defer wait.Done()
				c.drain()
			}()
		}
		wait.Wait()
	}
	for name, requests := range conversations {
		want, got := all[0][name].text(), all[1][name].text()
		if want != got {
			t.Errorf("%s: %v\n%s:\n%s\n%s:\n%s", name, requests, reference.name, want, tested.name, got)
		}
	}
}

// Conversations in which 3.6 and 3.7 agree with each other and not with 3.4, and kvshim with them.
var ownConversations = []struct {
	name     string
	requests []*pb.WatchRequest
	want     string
}{
	{"a negative revision", []*pb.WatchRequest{create(&pb.WatchCreateRequest{Key: k, StartRevision: -1})},
		`header:<> watch_id:-1 created:true canceled:true cancel_reason:"etcdserver: mvcc: required revision has been compacted" `},
	{"progress without a watch", []*pb.WatchRequest{{RequestUnion: &pb.WatchRequest_ProgressRequest{
		ProgressRequest: &pb.WatchProgressRequest{}}}}, ""},
	{"a tombstone at the compacted revision", []*pb.WatchRequest{create(&pb.WatchCreateRequest{
		Key: []byte("z"), StartRevision: 14})},
		"header:<revision:14 > created:true \nevent 0\n  type:DELETE kv:<key:\"z\" mod_revision:14 > "},
}

func TestWatchesWhereKvshimGoesItsOwnWay(t *testing.T) {
	server.OnlyKvshim(t, "etcd 3.4 answers otherwise")
	tested := newSide("kvshim", server.Start(t).Connection(t))
	for _, request := range append(prepare(), &pb.PutRequest{Key: []byte("z")},
		&pb.DeleteRangeRequest{Key: []byte("z")}, &pb.CompactionRequest{Revision: 14, Physical: true}) {
		tested.ask(request)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for _, o := range ownConversations {
		c, err := open(ctx, tested)
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range o.requests {
			c.stream.Send(request)
		}
		c.drain()
		if got := c.text(); got != o.want {
			t.Errorf("%s: want\n%s\ngot\n%s", o.name, o.want, got)
		}
	}
}
