package differential

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"kvshim.test/blackbox/server"
)

func rangeOp(r *pb.RangeRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: r}}
}

func putOp(r *pb.PutRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: r}}
}

func deleteOp(r *pb.DeleteRangeRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: r}}
}

func txnOp(r *pb.TxnRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: r}}
}

func then(ops ...*pb.RequestOp) *pb.TxnRequest { return &pb.TxnRequest{Success: ops} }

func repeat(n int, op func(i int) *pb.RequestOp) (ops []*pb.RequestOp) {
	for i := range n {
		ops = append(ops, op(i))
	}
	return ops
}

// prepare leaves a store at revision 12, compacted at 5, with the lease 7 on one key.
func prepare() []any {
	requests := []any{&pb.LeaseGrantRequest{ID: 7, TTL: 600}}
	for i := range 10 {
		requests = append(requests, &pb.PutRequest{Key: []byte{'a' + byte(i%5)},
			Value: fmt.Append(nil, i)})
	}
	return append(requests, &pb.PutRequest{Key: []byte("l"), Lease: 7},
		&pb.CompactionRequest{Revision: 5, Physical: true})
}

var k, every = []byte("a"), []byte("\x00")

func nastyReads() []any {
	requests := []any{
		&pb.RangeRequest{}, &pb.RangeRequest{RangeEnd: every}, &pb.RangeRequest{RangeEnd: k},
		&pb.RangeRequest{Key: every}, &pb.RangeRequest{Key: every, RangeEnd: every},
		&pb.RangeRequest{Key: []byte("d"), RangeEnd: []byte("b")},
		&pb.RangeRequest{Key: k, RangeEnd: k},
		&pb.RangeRequest{Key: []byte("zz"), RangeEnd: every},
		&pb.RangeRequest{Key: bytes.Repeat(k, 100_000)},
		&pb.RangeRequest{Key: every, RangeEnd: every, Limit: -1},
		&pb.RangeRequest{Key: every, RangeEnd: every, Limit: math.MinInt64},
		&pb.RangeRequest{Key: every, RangeEnd: every, Limit: math.MaxInt64 - 1},
		&pb.RangeRequest{Key: every, RangeEnd: every, Limit: 3, CountOnly: true},
		&pb.RangeRequest{Key: every, RangeEnd: every, KeysOnly: true, CountOnly: true},
		&pb.RangeRequest{Key: k, Revision: -1}, &pb.RangeRequest{Key: k, Revision: math.MinInt64},
		&pb.RangeRequest{Key: k, Revision: math.MaxInt64}, &pb.RangeRequest{Key: k, Revision: 13},
		&pb.RangeRequest{Key: k, Revision: 4}, &pb.RangeRequest{Key: k, Revision: 5},
		&pb.RangeRequest{Key: k, Revision: 1, Serializable: true},
		&pb.RangeRequest{Key: []byte("b"), RangeEnd: k, Revision: 99},
		&pb.RangeRequest{Key: []byte("b"), RangeEnd: k, Revision: 2},
		&pb.RangeRequest{Key: every, RangeEnd: every, MinModRevision: -1},
		&pb.RangeRequest{Key: every, RangeEnd: every, MaxModRevision: -1},
		&pb.RangeRequest{Key: every, RangeEnd: every, MinModRevision: 9, MaxModRevision: 8},
		&pb.RangeRequest{Key: every, RangeEnd: every, MinCreateRevision: math.MaxInt64},
		&pb.RangeRequest{Key: every, RangeEnd: every, MinModRevision: 8, CountOnly: true},
		&pb.RangeRequest{Key: every, RangeEnd: every, MinModRevision: 8, Limit: 1},
	}
	for order := range 3 {
		for target := range 5 {
			for _, limit := range []int64{0, 1, 3, 99} {
				requests = append(requests, &pb.RangeRequest{Key: every, RangeEnd: every, Limit: limit,
					SortOrder:  pb.RangeRequest_SortOrder(order),
					SortTarget: pb.RangeRequest_SortTarget(target), KeysOnly: limit == 3})
			}
		}
	}
	return requests
}

func nastyWrites() []any {
	return []any{
		&pb.PutRequest{}, &pb.PutRequest{Value: k}, &pb.PutRequest{Key: every}, &pb.PutRequest{Key: k},
		&pb.PutRequest{Key: k, Lease: 1}, &pb.PutRequest{Key: k, Lease: -1},
		&pb.PutRequest{Key: k, Lease: math.MinInt64},
		&pb.PutRequest{Key: k, IgnoreValue: true, Value: k},
		&pb.PutRequest{Key: k, IgnoreLease: true, Lease: 7},
		&pb.PutRequest{Key: k, IgnoreValue: true, IgnoreLease: true, PrevKv: true},
		&pb.PutRequest{Key: []byte("new"), IgnoreValue: true},
		&pb.PutRequest{Key: []byte("new"), IgnoreLease: true, Value: k},
		&pb.PutRequest{Key: []byte("l"), IgnoreLease: true, Value: k, PrevKv: true},
		&pb.PutRequest{Key: []byte("l"), IgnoreValue: true, PrevKv: true},
		&pb.PutRequest{Key: bytes.Repeat(k, 70_000), Value: k, PrevKv: true},
		&pb.PutRequest{Key: k, Value: bytes.Repeat(k, 3<<19)},
		&pb.PutRequest{Key: k, Value: bytes.Repeat(k, 3<<19+1)},
		&pb.DeleteRangeRequest{}, &pb.DeleteRangeRequest{RangeEnd: every},
		&pb.DeleteRangeRequest{Key: []byte("z"), PrevKv: true},
		&pb.DeleteRangeRequest{Key: []byte("d"), RangeEnd: []byte("b"), PrevKv: true},
		&pb.DeleteRangeRequest{Key: []byte("c"), RangeEnd: []byte("d"), PrevKv: true},
		&pb.CompactionRequest{}, &pb.CompactionRequest{Revision: -1},
		&pb.CompactionRequest{Revision: math.MinInt64}, &pb.CompactionRequest{Revision: math.MaxInt64},
		&pb.CompactionRequest{Revision: 5}, &pb.CompactionRequest{Revision: 4, Physical: true},
		&pb.CompactionRequest{Revision: 99, Physical: true},
		&pb.HashKVRequest{Revision: -1}, &pb.HashKVRequest{Revision: 99}, &pb.HashKVRequest{Revision: 1},
		&pb.HashKVRequest{Revision: 5}, &pb.HashKVRequest{Revision: 7}, &pb.HashKVRequest{},
	}
}

func nastyTxns() []any {
	get, put := &pb.RangeRequest{Key: k}, &pb.PutRequest{Key: k, Value: k}
	requests := []any{
		&pb.TxnRequest{}, then(&pb.RequestOp{}), &pb.TxnRequest{Failure: []*pb.RequestOp{{}}},
		then(rangeOp(&pb.RangeRequest{})), then(putOp(&pb.PutRequest{})),
		then(deleteOp(&pb.DeleteRangeRequest{})), then(txnOp(&pb.TxnRequest{})),
		&pb.TxnRequest{Compare: []*pb.Compare{{}}},
		then(txnOp(&pb.TxnRequest{Compare: []*pb.Compare{{}}})),
		then(txnOp(then(&pb.RequestOp{}))),
		then(putOp(put), putOp(put)), then(putOp(put), deleteOp(&pb.DeleteRangeRequest{Key: k})),
		then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: []byte("z")}), putOp(put)),
		then(deleteOp(&pb.DeleteRangeRequest{Key: []byte("z"), RangeEnd: k}), putOp(put)),
		then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: k}), putOp(put)),
		then(deleteOp(&pb.DeleteRangeRequest{Key: k}), deleteOp(&pb.DeleteRangeRequest{Key: k})),
		then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: every, PrevKv: true}),
			rangeOp(&pb.RangeRequest{Key: every, RangeEnd: every})),
		then(putOp(put), txnOp(then(putOp(put)))),
		then(txnOp(&pb.TxnRequest{Success: []*pb.RequestOp{putOp(put)}, Failure: []*pb.RequestOp{putOp(put)}})),
		then(txnOp(then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: []byte("b")}))), putOp(put)),
		then(txnOp(then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: []byte("b")}))), txnOp(then(putOp(put)))),
		then(txnOp(then(putOp(put))), txnOp(then(deleteOp(&pb.DeleteRangeRequest{Key: k})))),
		then(rangeOp(&pb.RangeRequest{Key: k, Revision: 99})),
		then(rangeOp(&pb.RangeRequest{Key: k, Revision: 2})),
		then(rangeOp(&pb.RangeRequest{Key: k, Revision: -5})),
		then(putOp(put), rangeOp(&pb.RangeRequest{Key: k, Revision: 9999})),
		&pb.TxnRequest{Failure: []*pb.RequestOp{rangeOp(&pb.RangeRequest{Key: k, Revision: 99})}},
		then(putOp(&pb.PutRequest{Key: k, Lease: 404})),
		then(putOp(&pb.PutRequest{Key: k, IgnoreValue: true, Value: k})),
		then(putOp(&pb.PutRequest{Key: []byte("new"), IgnoreValue: true})),
		// A key that an earlier operation of the same txn makes does not count as there.
		then(putOp(&pb.PutRequest{Key: []byte("n1")}), txnOp(then(putOp(&pb.PutRequest{Key: []byte("n2"), IgnoreLease: true})))),
		then(repeat(128, func(i int) *pb.RequestOp { return rangeOp(get) })...),
		then(repeat(129, func(i int) *pb.RequestOp { return rangeOp(get) })...),
		then(repeat(127, func(i int) *pb.RequestOp { return txnOp(then(rangeOp(get))) })...),
		then(repeat(128, func(i int) *pb.RequestOp { return txnOp(then(rangeOp(get))) })...),
		then(txnOp(then(repeat(127, func(i int) *pb.RequestOp { return rangeOp(get) })...))),
		then(txnOp(then(repeat(128, func(i int) *pb.RequestOp { return rangeOp(get) })...))),
		then(putOp(&pb.PutRequest{Key: []byte("b1"), Value: bytes.Repeat(k, 1<<20)}),
			putOp(&pb.PutRequest{Key: []byte("b2"), Value: bytes.Repeat(k, 1<<20)})),
	}
	deep := then(putOp(&pb.PutRequest{Key: []byte("deep")}))
	for range 100 {
		deep = then(txnOp(deep))
	}
	requests = append(requests, deep)
	for target := range 6 {
		for result := range 5 {
			base := pb.Compare{Key: k, Target: pb.Compare_CompareTarget(target),
				Result: pb.Compare_CompareResult(result)}
			missing, ranged, other := base, base, base
			missing.Key = []byte("none")
			ranged.RangeEnd = every
			other.TargetUnion = &pb.Compare_Version{Version: 2} // fits one target only
			for _, compare := range []pb.Compare{base, missing, ranged, other} {
				requests = append(requests, &pb.TxnRequest{Compare: []*pb.Compare{&compare}})
			}
		}
	}
	return requests
}

func nastyLeases() []any {
	return []any{
		&pb.LeaseGrantRequest{}, &pb.LeaseGrantRequest{ID: 7, TTL: 60},
		&pb.LeaseGrantRequest{ID: 8, TTL: -1}, &pb.LeaseGrantRequest{ID: 9, TTL: math.MinInt64},
		&pb.LeaseGrantRequest{ID: 10, TTL: 9_000_000_000}, &pb.LeaseGrantRequest{ID: 11, TTL: 9_000_000_001},
		&pb.LeaseGrantRequest{ID: 12, TTL: math.MaxInt64}, &pb.LeaseGrantRequest{ID: -3, TTL: 60},
		&pb.LeaseGrantRequest{ID: math.MinInt64, TTL: 60}, &pb.LeaseGrantRequest{ID: math.MaxInt32, TTL: 60},
		&pb.PutRequest{Key: []byte("negative"), Lease: -3},
		&pb.LeaseTimeToLiveRequest{}, &pb.LeaseTimeToLiveRequest{ID: -1}, &pb.LeaseTimeToLiveRequest{ID: 404, Keys: true},
		&pb.LeaseTimeToLiveRequest{ID: -3, Keys: true}, &pb.LeaseTimeToLiveRequest{ID: 7, Keys: true},
		&pb.LeaseTimeToLiveRequest{ID: 10},
		&pb.LeaseKeepAliveRequest{}, &pb.LeaseKeepAliveRequest{ID: 404}, &pb.LeaseKeepAliveRequest{ID: -3},
		&pb.LeaseKeepAliveRequest{ID: 10}, &pb.LeaseRevokeRequest{}, &pb.LeaseRevokeRequest{ID: 404},
		&pb.LeaseRevokeRequest{ID: -3}, &pb.LeaseRevokeRequest{ID: -3}, &pb.LeaseRevokeRequest{ID: 7},
		&pb.PutRequest{Key: k, Lease: 7}, &pb.LeaseGrantRequest{ID: 7, TTL: 60},
		&pb.RangeRequest{Key: every, RangeEnd: every},
		&pb.AlarmRequest{}, &pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, Alarm: pb.AlarmType_NOSPACE},
		&pb.AlarmRequest{Action: pb.AlarmRequest_GET, Alarm: pb.AlarmType_CORRUPT},
	}
}

func short(text string) string {
	if len(text) > 400 {
		return fmt.Sprintf("%s… (%d bytes)", text[:400], len(text))
	}
	return text
}

func TestNastyRequestsGetTheSameAnswers(t *testing.T) {
	for name, requests := range map[string][]any{
		"Reads": nastyReads(), "Writes": nastyWrites(), "Txns": nastyTxns(), "Leases": nastyLeases(),
	} {
		t.Run(name, func(t *testing.T) {
			reference, tested := pair(t)
			for _, request := range append(prepare(), requests...) {
				want, got := reference.ask(request), tested.ask(request)
				if strings.HasPrefix(want, "Unavailable") {
					t.Fatalf("etcd dies of %T{%s}: %s", request, short(fmt.Sprint(request)), want)
				}
				if want != got && !intended(request, want, got) {
					t.Errorf("%T{%s}\n  %-6s %s\n  %-6s %s", request, short(fmt.Sprint(request)),
						reference.name, short(want), tested.name, short(got))
				}
			}
			if t.Failed() {
				return
			}
			everything := &pb.RangeRequest{Key: every, RangeEnd: every}
			if want, got := reference.ask(everything), tested.ask(everything); want != got {
				t.Errorf("the final states differ\n  %s\n  %s", short(want), short(got))
			}
		})
	}
}

// Requests that etcd 3.4 answers differently, dies of, or leaves to chance: here kvshim's answer
// stands by itself.
func TestRequestsWhereKvshimGoesItsOwnWay(t *testing.T) {
	server.OnlyKvshim(t, "etcd 3.4 answers otherwise, or dies")
	tested := newSide("kvshim", server.Start(t).Connection(t))
	for _, request := range prepare() {
		tested.ask(request)
	}
	for _, o := range ownWays {
		got := tested.ask(o.request)
		if !strings.HasPrefix(got, o.want) {
			t.Errorf("%T{%v}\n  want %s\n  got  %s\n  because %s", o.request, o.request, o.want, got, o.why)
		}
	}
}
