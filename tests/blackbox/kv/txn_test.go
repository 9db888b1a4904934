package kv

import (
	"fmt"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestTxnComparesEveryTargetWithEveryResult(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	expect.Value(client.Put(ctx, "other", "x"))(t)                        // 2
	expect.Value(client.Put(ctx, "k", "1"))(t)                            // 3
	expect.Value(client.Put(ctx, "k", "m", clientv3.WithLease(lease)))(t) // 4
	targets := map[string]func(delta int) (clientv3.Cmp, any){
		"version":  func(d int) (clientv3.Cmp, any) { return clientv3.Version("k"), 2 + d },
		"create":   func(d int) (clientv3.Cmp, any) { return clientv3.CreateRevision("k"), 3 + d },
		"mod":      func(d int) (clientv3.Cmp, any) { return clientv3.ModRevision("k"), 4 + d },
		"lease":    func(d int) (clientv3.Cmp, any) { return clientv3.LeaseValue("k"), lease + clientv3.LeaseID(d) },
		"value":    func(d int) (clientv3.Cmp, any) { return clientv3.Value("k"), string(rune('m' + d)) },
		"missing":  func(d int) (clientv3.Cmp, any) { return clientv3.Version("none"), d },
		"noLease":  func(d int) (clientv3.Cmp, any) { return clientv3.LeaseValue("other"), d },
		"noCreate": func(d int) (clientv3.Cmp, any) { return clientv3.CreateRevision("none"), d },
	}
	for name, target := range targets {
		for _, result := range []string{"=", "!=", ">", "<"} {
			for delta := -1; delta <= 1; delta++ {
				cmp, value := target(delta)
				if name == "noLease" {
					value = clientv3.LeaseID(delta)
				}
				got := expect.Value(client.Txn(ctx).If(clientv3.Compare(cmp, result, value)).Commit())(t)
				want := map[string]bool{
					"=": delta == 0, "!=": delta != 0, ">": delta < 0, "<": delta > 0,
				}[result]
				expect.Equal(t, want, got.Succeeded, fmt.Sprintf("%s %s %v", name, result, value))
			}
		}
	}
	for _, result := range []string{"=", "!=", ">", "<"} {
		got := expect.Value(client.Txn(ctx).If(clientv3.Compare(clientv3.Value("none"), result, "")).
			Commit())(t)
		expect.Equal(t, false, got.Succeeded, "a missing key has no value to compare with ", result)
	}
}

func TestTxnComparesHoldForAWholeRange(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for _, pair := range [][2]string{{"p/1", "v"}, {"p/2", "v"}, {"p/3", "w"}} {
		expect.Value(client.Put(ctx, pair[0], pair[1]))(t)
	}
	value := clientv3.Value
	for _, c := range []struct {
		compare clientv3.Cmp
		want    bool
	}{
		{clientv3.Compare(value("p/1"), "=", "v").WithRange("p/3"), true},
		{clientv3.Compare(value("p/"), "=", "v").WithPrefix(), false},
		{clientv3.Compare(value("p/"), "!=", "x").WithPrefix(), true},
		{clientv3.Compare(value("q/"), "=", "v").WithPrefix(), false}, // VALUE needs a key to look at
		{clientv3.Compare(clientv3.Version("p/"), "=", 1).WithPrefix(), true},
		{clientv3.Compare(clientv3.Version("q/"), "=", 0).WithPrefix(), true},
		{clientv3.Compare(clientv3.Version("q/"), ">", 0).WithPrefix(), false},
		{clientv3.Compare(clientv3.ModRevision("p/"), "<", 4).WithPrefix(), false},
		{clientv3.Compare(clientv3.ModRevision("p/"), "<", 5).WithPrefix(), true},
		{clientv3.Compare(clientv3.CreateRevision("p/"), ">", 1).WithRange("\x00"), true},
	} {
		got := expect.Value(client.Txn(ctx).If(c.compare).Commit())(t)
		expect.Equal(t, c.want, got.Succeeded, fmt.Sprint(c.compare))
	}
}

func TestTxnRunsOneBranchInOneRevision(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "guard", "1"))(t)
	txn := func() *clientv3.TxnResponse {
		return expect.Value(client.Txn(ctx).
			If(clientv3.Compare(clientv3.Value("guard"), "=", "1")).
			Then(clientv3.OpPut("guard", "2", clientv3.WithPrevKV()), clientv3.OpPut("a", "x"),
				clientv3.OpPut("b", "y"), clientv3.OpDelete("none")).
			Else(clientv3.OpGet("guard")).Commit())(t)
	}
	won := txn()
	expect.Equal(t, true, won.Succeeded)
	expect.Equal(t, int64(3), won.Header.Revision)
	expect.Equal(t, 4, len(won.Responses))
	expect.Equal(t, "1", string(won.Responses[0].GetResponsePut().PrevKv.Value))
	expect.Equal(t, int64(0), won.Responses[3].GetResponseDeleteRange().Deleted)
	for _, kv := range expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t).Kvs {
		expect.Equal(t, int64(3), kv.ModRevision, "every operation of a txn shares its revision")
	}
	lost := txn()
	expect.Equal(t, false, lost.Succeeded)
	expect.Equal(t, int64(3), lost.Header.Revision, "a branch that only reads takes no revision")
	expect.Equal(t, "2", string(lost.Responses[0].GetResponseRange().Kvs[0].Value))
	empty := expect.Value(client.Txn(ctx).Commit())(t)
	expect.True(t, empty.Succeeded && len(empty.Responses) == 0, "an empty txn succeeds")
	expect.Equal(t, int64(3), empty.Header.Revision)
}

func TestTxnReadsItsOwnWrites(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "a", "old"))(t)
	expect.Value(client.Put(ctx, "b", "old"))(t)
	got := expect.Value(client.Txn(ctx).Then(
		clientv3.OpGet("", clientv3.WithPrefix()),
		clientv3.OpPut("a", "new"), clientv3.OpPut("c", "new"),
		clientv3.OpGet("", clientv3.WithPrefix()),
		clientv3.OpDelete("b"),
		clientv3.OpGet("b"),
		clientv3.OpGet("", clientv3.WithPrefix(), clientv3.WithRev(3)),
		clientv3.OpGet("", clientv3.WithPrefix(), clientv3.WithCountOnly()),
	).Commit())(t)
	ranges := func(i int) string {
		text := ""
		for _, kv := range got.Responses[i].GetResponseRange().Kvs {
			text += fmt.Sprintf("%s=%s@%d ", kv.Key, kv.Value, kv.ModRevision)
		}
		return text
	}
	expect.Equal(t, "a=old@2 b=old@3 ", ranges(0))
	expect.Equal(t, "a=new@4 b=old@3 c=new@4 ", ranges(3))
	expect.Equal(t, "", ranges(5))
	expect.Equal(t, "a=old@2 b=old@3 ", ranges(6), "the past stays as it was")
	expect.Equal(t, int64(2), got.Responses[7].GetResponseRange().Count)
}

func TestTxnsNest(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "k", "1"))(t)
	is := func(value string) []clientv3.Cmp {
		return []clientv3.Cmp{clientv3.Compare(clientv3.Value("k"), "=", value)}
	}
	got := expect.Value(client.Txn(ctx).If(is("1")...).Then(
		clientv3.OpPut("k", "2"),
		// Compares look at the state before the whole txn, so this one still sees 1.
		clientv3.OpTxn(is("2"), []clientv3.Op{clientv3.OpPut("wrong", "")}, []clientv3.Op{
			clientv3.OpPut("right", ""),
			clientv3.OpGet("k"),
			clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpPut("deep", "")}, nil),
		}),
	).Commit())(t)
	inner := got.Responses[1].GetResponseTxn()
	expect.Equal(t, false, inner.Succeeded)
	expect.Equal(t, "2", string(inner.Responses[1].GetResponseRange().Kvs[0].Value))
	expect.Equal(t, true, inner.Responses[2].GetResponseTxn().Succeeded)
	all := expect.Value(client.Get(ctx, "", clientv3.WithPrefix()))(t)
	expect.Equal(t, "deep k right", keysOf(all.Kvs))
	for _, kv := range all.Kvs {
		expect.Equal(t, int64(3), kv.ModRevision)
	}
}

func TestTxnRefusesOverlappingWrites(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	put, del := clientv3.OpPut, clientv3.OpDelete
	nested := func(ops ...clientv3.Op) clientv3.Op { return clientv3.OpTxn(nil, ops, nil) }
	either := func(then, orElse clientv3.Op) clientv3.Op {
		return clientv3.OpTxn(nil, []clientv3.Op{then}, []clientv3.Op{orElse})
	}
	for i, c := range []struct {
		refused bool
		ops     []clientv3.Op
	}{
		{true, []clientv3.Op{put("a", "1"), put("a", "2")}},
		{true, []clientv3.Op{put("a", "1"), del("a")}},
		{true, []clientv3.Op{del("a"), put("a", "1")}},
		{true, []clientv3.Op{put("b", "1"), del("a", clientv3.WithRange("c"))}},
		{true, []clientv3.Op{put("a", "1"), nested(put("a", "2"))}},
		{true, []clientv3.Op{nested(put("a", "1")), nested(put("a", "2"))}},
		{false, []clientv3.Op{put("a", "1"), del("b")}},
		{false, []clientv3.Op{put("c", "1"), del("a", clientv3.WithRange("c"))}},
		{true, []clientv3.Op{del("a", clientv3.WithPrefix()), nested(put("a2", "2"))}},
		{false, []clientv3.Op{del("a"), del("a", clientv3.WithFromKey())}},
		{false, []clientv3.Op{either(put("a", "1"), put("a", "2"))}},
	} {
		_, err := client.Txn(ctx).Then(c.ops...).Commit()
		_, branch := client.Txn(ctx).Then(clientv3.OpGet("a")).Else(c.ops...).Commit()
		if c.refused {
			expect.Error(t, rpctypes.ErrDuplicateKey, err, "case ", i)
			expect.Error(t, rpctypes.ErrDuplicateKey, branch, "in the other branch, case ", i)
		} else {
			expect.NoError(t, err, "case ", i)
			expect.NoError(t, branch, "case ", i)
		}
	}
	_, err := client.Txn(ctx).If(clientv3.Compare(clientv3.Version("none"), "=", 0)).
		Then(put("a", "1")).Else(put("a", "2")).Commit()
	expect.NoError(t, err, "both branches may write the same key")
}

func TestTxnChecksItsTakenPathBeforeItWrites(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for range 3 {
		expect.Value(client.Put(ctx, "k", "v"))(t)
	}
	expect.Value(client.Compact(ctx, 3))(t)
	for _, c := range []struct {
		op   clientv3.Op
		want error
	}{
		{clientv3.OpGet("k", clientv3.WithRev(2)), rpctypes.ErrCompacted},
		{clientv3.OpGet("k", clientv3.WithRev(9)), rpctypes.ErrFutureRev},
		{clientv3.OpPut("l", "", clientv3.WithLease(12345)), rpctypes.ErrLeaseNotFound},
		{clientv3.OpPut("l", "", clientv3.WithIgnoreValue()), rpctypes.ErrKeyNotFound},
		{clientv3.OpPut("l", "", clientv3.WithIgnoreLease()), rpctypes.ErrKeyNotFound},
		{clientv3.OpGet(""), rpctypes.ErrEmptyKey},
		{clientv3.OpPut("", ""), rpctypes.ErrEmptyKey},
		{clientv3.OpDelete(""), rpctypes.ErrEmptyKey},
	} {
		_, err := client.Txn(ctx).Then(clientv3.OpPut("written", ""), c.op).Commit()
		expect.Error(t, c.want, err)
		static := c.want == rpctypes.ErrEmptyKey
		_, err = client.Txn(ctx).Then(clientv3.OpGet("k")).Else(c.op).Commit()
		if static {
			expect.Error(t, c.want, err, "requests are checked in both branches")
		} else {
			expect.NoError(t, err, "state is checked in the taken branch only")
		}
	}
	got := expect.Value(client.Get(ctx, "written"))(t)
	expect.Equal(t, int64(0), got.Count, "a refused txn writes nothing")
	expect.Equal(t, int64(4), got.Header.Revision)
}

func TestTxnTakesUpTo128Operations(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	puts := func(n int) (ops []clientv3.Op) {
		for i := range n {
			ops = append(ops, clientv3.OpPut(fmt.Sprint("k", i), "v"))
		}
		return ops
	}
	gets := func(n int) (ops []clientv3.Op) {
		for range n {
			ops = append(ops, clientv3.OpGet("k0"))
		}
		return ops
	}
	expect.Value(client.Txn(ctx).Then(puts(128)...).Else(puts(128)...).Commit())(t)
	_, err := client.Txn(ctx).Then(puts(129)...).Commit()
	expect.Error(t, rpctypes.ErrTooManyOps, err)
	_, err = client.Txn(ctx).Then(gets(1)...).Else(gets(129)...).Commit()
	expect.Error(t, rpctypes.ErrTooManyOps, err, "also in the branch not taken")
	var compares []clientv3.Cmp
	for range 129 {
		compares = append(compares, clientv3.Compare(clientv3.Version("none"), "=", 0))
	}
	_, err = client.Txn(ctx).If(compares...).Commit()
	expect.Error(t, rpctypes.ErrTooManyOps, err, "compares count too")
	_, err = client.Txn(ctx).Then(clientv3.OpTxn(nil, puts(129), nil)).Commit()
	expect.Error(t, rpctypes.ErrTooManyOps, err, "nested")

	// A request whose operation is missing is refused, not fatal.
	raw := pb.NewKVClient(s.Connection(t))
	_, err = raw.Txn(ctx, &pb.TxnRequest{Success: []*pb.RequestOp{{}}})
	expect.Error(t, rpctypes.ErrGRPCKeyNotFound, err)
	expect.Value(client.Get(ctx, "k0"))(t)
}
