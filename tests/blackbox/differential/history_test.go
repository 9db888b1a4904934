package differential

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"kvshim.test/blackbox/server"
)

const requestsPerHistory = 1200

// pair starts etcd and the server under test, both fresh.
func pair(t *testing.T) (reference, tested *side) {
	t.Helper()
	first := server.Start(t, server.Options{Flavor: server.Etcd})
	second := server.Start(t)
	return newSide("etcd", first.Connection(t)),
		newSide(string(second.Options.Flavor), second.Connection(t))
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// run plays one random history on both sides and returns what differed, at most five requests.
func run(seed uint64, requests int, reference, tested *side, watches *watchPair) (differences []string) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)),
		revision: func() int64 { return reference.revision }, compacts: seed%2 == 0}
	for i := 0; i < requests && len(differences) < 5; i++ {
		if watches != nil && i%50 == 0 {
			watches.create(g)
		}
		request := g.request()
		compaction, compacts := request.(*pb.CompactionRequest)
		if compacts && watches != nil {
			watches.settle() // etcd looks a pair before up when it tells of it: compacted, it is left out
		}
		want, got := reference.ask(request), tested.ask(request)
		if compacts && strings.HasPrefix(want, "header") {
			g.compacted = compaction.Revision
		}
		if strings.HasPrefix(want, "Unavailable") {
			return append(differences, fmt.Sprintf("seed %d, request %d ends %s: %T{%v}\n  %s",
				seed, i, reference.name, request, request, want))
		}
		if want != got && !intended(request, want, got) {
			differences = append(differences, fmt.Sprintf("seed %d, request %d, %T{%v}\n  %-6s %s\n  %-6s %s",
				seed, i, request, request, reference.name, want, tested.name, got))
		}
	}
	return differences
}

func TestRandomHistoriesGetTheSameAnswers(t *testing.T) {
	first := number("BLACKBOX_SEED", 1)
	for seed := first; seed < first+number("BLACKBOX_HISTORIES", 4); seed++ {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			reference, tested := pair(t)
			watches := newWatchPair(t, reference, tested)
			for _, difference := range run(uint64(seed), requestsPerHistory, reference, tested, watches) {
				t.Error(difference)
			}
			if !t.Failed() {
				watches.compare(t)
			}
			// The whole of what is stored, and its hash once compaction has surely ended.
			for _, request := range []any{
				&pb.RangeRequest{Key: []byte("\x00"), RangeEnd: []byte("\x00")},
				&pb.PutRequest{Key: []byte("a")},
				&pb.CompactionRequest{Revision: reference.revision + 1, Physical: true},
				&pb.HashKVRequest{},
				&pb.PutRequest{Key: []byte("a")},
				&pb.HashKVRequest{},
			} {
				if want, got := reference.ask(request), tested.ask(request); want != got {
					t.Errorf("seed %d, at the end, %T{%v}\n  %s\n  %s", seed, request, request, want, got)
				}
			}
		})
	}
}

// The comparison is worth what it can notice.
func TestDifferencesAreNoticed(t *testing.T) {
	for name, inject := range map[string]any{
		"a key":      &pb.PutRequest{Key: []byte("a")},
		"a lease":    &pb.LeaseGrantRequest{ID: 3, TTL: 500},
		"a revision": &pb.TxnRequest{Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte("z")}}}}},
	} {
		reference := newSide("etcd", server.Start(t, server.Options{Flavor: server.Etcd}).Connection(t))
		altered := newSide("altered", server.Start(t, server.Options{Flavor: server.Etcd}).Connection(t))
		altered.ask(inject)
		if len(run(7, 300, reference, altered, nil)) == 0 {
			t.Errorf("%s that only one side has goes unnoticed", name)
		}
	}
}
