package differential

import (
	"math/rand/v2"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// generator makes random requests over a few keys, so that they meet each other: at most ten keys,
// since etcd's order of equal sort values is by chance from twelve on.
type generator struct {
	*rand.Rand
	revision  func() int64 // the store's current one
	compacted int64        // the last revision compacted to
	compacts  bool         // histories with compactions; the others ask for hashes
	values    int
}

var keys = []string{"a", "a/1", "a/2", "a/2/x", "b", "b\x00", "b\x00\xff", "c", "\x00", "\xff"}

// Range ends that fit the keys: none, from-key, prefixes and plain bounds.
var ends = []string{"", "", "", "\x00", "\x00", "a0", "b", "b\x01", "c", "d", "\xff\xff", "a"}

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) key() []byte {
	if g.chance(1) {
		return nil
	}
	return []byte(pick(g, keys))
}

func (g *generator) end() []byte { return []byte(pick(g, ends)) }

// span is a key and an end that mostly belong together.
func (g *generator) span() (key, end []byte) {
	switch g.IntN(8) {
	case 0:
		return []byte("\x00"), []byte("\x00")
	case 1:
		return []byte("a"), []byte("b")
	case 2:
		return []byte("a/"), []byte("a0")
	case 3, 4:
		return g.key(), nil
	}
	return g.key(), g.end()
}

func (g *generator) value() []byte {
	g.values++
	return []byte(pick(g, []string{"", "1", "2", "v", "\x00\xff", string(rune('a' + g.values%26))}))
}

// anyRevision is mostly one that can be read, sometimes one that cannot.
func (g *generator) anyRevision() int64 {
	current := g.revision()
	switch g.IntN(10) {
	case 0:
		return current + 1 + g.Int64N(3)
	case 1:
		return g.Int64N(current) + 1
	case 2:
		return -1 - g.Int64N(3)
	case 3:
		return current
	}
	return max(0, current-g.Int64N(12))
}

func (g *generator) readRange() *pb.RangeRequest {
	r := &pb.RangeRequest{}
	r.Key, r.RangeEnd = g.span()
	if g.chance(30) {
		r.Revision = g.anyRevision()
	}
	if g.chance(30) {
		r.Limit = int64(g.IntN(6)) - 1
	}
	if g.chance(35) {
		r.SortOrder = pb.RangeRequest_SortOrder(g.IntN(3))
		r.SortTarget = pb.RangeRequest_SortTarget(g.IntN(5))
	}
	r.KeysOnly = g.chance(10)
	r.CountOnly = g.chance(10)
	r.Serializable = g.chance(20)
	if g.chance(15) {
		bound := func() int64 {
			if g.chance(50) {
				return 0
			}
			return max(0, g.revision()-g.Int64N(20))
		}
		r.MinModRevision, r.MaxModRevision = bound(), bound()
		r.MinCreateRevision, r.MaxCreateRevision = bound(), bound()
	}
	return r
}

func (g *generator) leaseID() int64 { return int64(g.IntN(6)) }

func (g *generator) put() *pb.PutRequest {
	r := &pb.PutRequest{Key: g.key(), Value: g.value(), PrevKv: g.chance(30)}
	if g.chance(25) {
		r.Lease = g.leaseID()
	}
	if g.chance(8) {
		r.IgnoreValue = true
		if g.chance(80) {
			r.Value = nil
		}
	}
	if g.chance(8) {
		r.IgnoreLease = true
		if g.chance(80) {
			r.Lease = 0
		}
	}
	return r
}

func (g *generator) deleteRange() *pb.DeleteRangeRequest {
	r := &pb.DeleteRangeRequest{PrevKv: g.chance(40)}
	r.Key, r.RangeEnd = g.span()
	return r
}

func (g *generator) compare() *pb.Compare {
	c := &pb.Compare{Key: g.key(), Result: pb.Compare_CompareResult(g.IntN(4)),
		Target: pb.Compare_CompareTarget(g.IntN(5))}
	if g.chance(30) {
		c.Key, c.RangeEnd = g.span()
	}
	near := func() int64 { return max(0, g.revision()-g.Int64N(10)) }
	switch c.Target {
	case pb.Compare_VERSION:
		c.TargetUnion = &pb.Compare_Version{Version: int64(g.IntN(4))}
	case pb.Compare_CREATE:
		c.TargetUnion = &pb.Compare_CreateRevision{CreateRevision: near()}
	case pb.Compare_MOD:
		c.TargetUnion = &pb.Compare_ModRevision{ModRevision: near()}
	case pb.Compare_VALUE:
		c.TargetUnion = &pb.Compare_Value{Value: g.value()}
	case pb.Compare_LEASE:
		c.TargetUnion = &pb.Compare_Lease{Lease: g.leaseID()}
	}
	if g.chance(3) {
		c.TargetUnion = nil
	}
	return c
}

func (g *generator) operations(depth int) (ops []*pb.RequestOp) {
	for range g.IntN(5) {
		op := &pb.RequestOp{}
		switch n := g.IntN(10); {
		case n < 3:
			op.Request = &pb.RequestOp_RequestRange{RequestRange: g.readRange()}
		case n < 7:
			op.Request = &pb.RequestOp_RequestPut{RequestPut: g.put()}
		case n < 8 || depth == 0:
			remove := g.deleteRange()
			if string(remove.RangeEnd) == "\x00" {
				// etcd does not see that such a delete overlaps a put beside it; where that put
				// keeps a value or a lease, etcd dies of it (3.4 to 3.7 do).
				remove.RangeEnd = []byte("\xff\xff\xff")
			}
			op.Request = &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: remove}
		default:
			op.Request = &pb.RequestOp_RequestTxn{RequestTxn: g.txn(depth - 1)}
		}
		ops = append(ops, op)
	}
	return ops
}

func (g *generator) txn(depth int) *pb.TxnRequest {
	r := &pb.TxnRequest{}
	for range g.IntN(3) {
		r.Compare = append(r.Compare, g.compare())
	}
	r.Success, r.Failure = g.operations(depth), g.operations(depth)
	return r
}

// request is the next one of a history.
func (g *generator) request() any {
	switch n := g.IntN(100); {
	case n < 25:
		return g.readRange()
	case n < 45:
		return g.put()
	case n < 53:
		return g.deleteRange()
	case n < 85:
		return g.txn(2)
	case n < 87 && g.compacts:
		return &pb.CompactionRequest{Revision: g.anyRevision(), Physical: g.chance(50)}
	case n < 91:
		return &pb.LeaseGrantRequest{ID: 1 + int64(g.IntN(5)), TTL: 600 + int64(g.IntN(100))}
	case n < 93:
		return &pb.LeaseRevokeRequest{ID: g.leaseID()}
	case n < 96:
		return &pb.LeaseTimeToLiveRequest{ID: g.leaseID(), Keys: g.chance(70)}
	case n < 97:
		return &pb.LeaseLeasesRequest{}
	case n < 98:
		return &pb.LeaseKeepAliveRequest{ID: g.leaseID()}
	}
	if g.compacts { // etcd's hash depends on how far its compaction in the background has come
		return g.readRange()
	}
	return &pb.HashKVRequest{Revision: g.anyRevision()}
}
