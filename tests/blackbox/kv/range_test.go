// Package kv tests the KV service through clientv3.
package kv

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func keysOf(kvs []*mvccpb.KeyValue) string {
	var keys []string
	for _, kv := range kvs {
		keys = append(keys, string(kv.Key))
	}
	return strings.Join(keys, " ")
}

// seed writes five keys whose orders by key, value, version, create and mod revision all differ.
// Revisions: c 2, a 3, b 4, a 5, e 6, d 7, c 8, c 9, e 10.
func seed(t *testing.T, client *clientv3.Client) {
	ctx := server.Context(t)
	for _, put := range []string{"c=1", "a=2", "b=9", "a=3", "e=4", "d=5", "c=6", "c=8", "e=0"} {
		key, value, _ := strings.Cut(put, "=")
		_, err := client.Put(ctx, key, value)
		expect.NoError(t, err)
	}
}

func TestRangeSortsByEveryTargetInBothOrders(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	seed(t, client)
	orders := map[clientv3.SortTarget]string{
		clientv3.SortByKey:            "a b c d e",
		clientv3.SortByVersion:        "b d a e c", // 1 1 2 2 3
		clientv3.SortByCreateRevision: "c a b e d", // 2 3 4 6 7
		clientv3.SortByModRevision:    "b a d c e", // 4 5 7 9 10
		clientv3.SortByValue:          "e a d c b", // 0 3 5 8 9
	}
	for target, ascending := range orders {
		for _, order := range []clientv3.SortOrder{clientv3.SortAscend, clientv3.SortDescend} {
			got := expect.Value(client.Get(ctx, "", clientv3.WithPrefix(),
				clientv3.WithSort(target, order)))(t)
			if order == clientv3.SortAscend {
				expect.Equal(t, ascending, keysOf(got.Kvs), "ascending by ", target)
				continue
			}
			rank := func(kv *mvccpb.KeyValue) int64 {
				return map[clientv3.SortTarget]int64{
					clientv3.SortByVersion:        kv.Version,
					clientv3.SortByCreateRevision: kv.CreateRevision,
					clientv3.SortByModRevision:    kv.ModRevision,
				}[target]
			}
			descends := sort.SliceIsSorted(got.Kvs, func(i, j int) bool {
				switch target {
				case clientv3.SortByKey:
					return string(got.Kvs[i].Key) > string(got.Kvs[j].Key)
				case clientv3.SortByValue:
					return string(got.Kvs[i].Value) > string(got.Kvs[j].Value)
				}
				return rank(got.Kvs[i]) > rank(got.Kvs[j])
			})
			expect.True(t, descends && len(got.Kvs) == 5, "descending by ", target, keysOf(got.Kvs))
		}
	}
	limited := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithLimit(2),
		clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortDescend)))(t)
	expect.Equal(t, "e c", keysOf(limited.Kvs), "sorted before it is cut")
	expect.True(t, limited.More && limited.Count == 5, "more and count of a sorted, cut range")
}

func TestRangeSelectsKeysByInterval(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for _, key := range []string{"a", "a/1", "a/2", "a0", "b", "b/1", "\xff", "\xff\xff"} {
		expect.Value(client.Put(ctx, key, ""))(t)
	}
	for _, c := range []struct {
		key, want string
		options   []clientv3.OpOption
	}{
		{"a", "a", nil},
		{"missing", "", nil},
		{"a/", "a/1 a/2", []clientv3.OpOption{clientv3.WithPrefix()}},
		{"a", "a a/1 a/2 a0", []clientv3.OpOption{clientv3.WithPrefix()}},
		{"b", "b b/1 \xff \xff\xff", []clientv3.OpOption{clientv3.WithFromKey()}},
		{"\xff", "\xff \xff\xff", []clientv3.OpOption{clientv3.WithPrefix()}},
		{"a/1", "a/1 a/2 a0", []clientv3.OpOption{clientv3.WithRange("b")}},
		{"b", "", []clientv3.OpOption{clientv3.WithRange("a")}},
		{"a", "", []clientv3.OpOption{clientv3.WithRange("a")}},
		{"", "a a/1 a/2 a0 b b/1 \xff \xff\xff", []clientv3.OpOption{clientv3.WithPrefix()}},
	} {
		got := expect.Value(client.Get(ctx, c.key, c.options...))(t)
		expect.Equal(t, c.want, keysOf(got.Kvs), fmt.Sprintf("range from %q", c.key))
		expect.Equal(t, int64(len(got.Kvs)), got.Count)
		expect.Equal(t, false, got.More)
	}
}

func TestRangeLimitsTellWhetherThereIsMore(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for i := range 10 {
		expect.Value(client.Put(ctx, fmt.Sprintf("k%d", i), "v"))(t)
	}
	for limit, want := range map[int64]int{0: 10, 1: 1, 9: 9, 10: 10, 11: 10} {
		got := expect.Value(client.Get(ctx, "k", clientv3.WithPrefix(), clientv3.WithLimit(limit)))(t)
		expect.Equal(t, want, len(got.Kvs), "limit ", limit)
		expect.Equal(t, int64(10), got.Count, "count whatever the limit")
		expect.Equal(t, want < 10, got.More, "more at limit ", limit)
	}
	// The loop of every pager: the next page begins behind the last key, at the first page's revision.
	var seen []string
	key, revision := "k", int64(0)
	for page := 0; page < 20; page++ {
		got := expect.Value(client.Get(ctx, key, clientv3.WithRange("l"), clientv3.WithLimit(3),
			clientv3.WithRev(revision)))(t)
		for _, kv := range got.Kvs {
			seen = append(seen, string(kv.Key))
		}
		if page == 0 {
			revision = got.Header.Revision
			expect.Value(client.Delete(ctx, "k9"))(t)
		}
		if !got.More {
			break
		}
		key = seen[len(seen)-1] + "\x00"
	}
	expect.Equal(t, "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9", strings.Join(seen, " "))
}

func TestRangeCanLeaveOutValuesOrKeys(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	seed(t, client)
	keys := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithKeysOnly()))(t)
	expect.Equal(t, "a b c d e", keysOf(keys.Kvs))
	for _, kv := range keys.Kvs {
		expect.Equal(t, 0, len(kv.Value), "value of keys_only")
		expect.True(t, kv.ModRevision > 0 && kv.Version > 0, "keys_only keeps the revisions")
	}
	sorted := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithKeysOnly(),
		clientv3.WithSort(clientv3.SortByValue, clientv3.SortAscend)))(t)
	expect.Equal(t, "e a d c b", keysOf(sorted.Kvs), "by value even where values are left out")
	count := expect.Value(client.Get(ctx, "b", clientv3.WithRange("e"), clientv3.WithCountOnly()))(t)
	expect.Equal(t, int64(3), count.Count)
	expect.Equal(t, 0, len(count.Kvs))
	past := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithCountOnly(),
		clientv3.WithRev(4)))(t)
	expect.Equal(t, int64(3), past.Count, "count in the past")
}

func TestRangeFiltersByRevision(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	seed(t, client) // mod: a 5 b 4 c 9 d 7 e 10; create: a 3 b 4 c 2 d 7 e 6
	for _, c := range []struct {
		want   string
		filter []clientv3.OpOption
	}{
		{"c d e", []clientv3.OpOption{clientv3.WithMinModRev(7)}},
		{"a b d", []clientv3.OpOption{clientv3.WithMaxModRev(7)}},
		{"a d", []clientv3.OpOption{clientv3.WithMinModRev(5), clientv3.WithMaxModRev(7)}},
		{"b d e", []clientv3.OpOption{clientv3.WithMinCreateRev(4)}},
		{"a c", []clientv3.OpOption{clientv3.WithMaxCreateRev(3)}},
		{"c", []clientv3.OpOption{clientv3.WithMaxCreateRev(3), clientv3.WithMinModRev(6)}},
		{"", []clientv3.OpOption{clientv3.WithMinModRev(99)}},
	} {
		got := expect.Value(client.Get(ctx, "a", append(c.filter, clientv3.WithFromKey())...))(t)
		expect.Equal(t, c.want, keysOf(got.Kvs))
		expect.Equal(t, int64(5), got.Count, "count whatever the filters")
	}
	cut := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithMinModRev(7),
		clientv3.WithLimit(2)))(t)
	expect.Equal(t, "c d", keysOf(cut.Kvs), "filtered before it is cut")
	expect.Equal(t, true, cut.More)
}

func TestRangeReadsThePast(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	seed(t, client)
	deleted := expect.Value(client.Delete(ctx, "a"))(t).Header.Revision
	for revision, want := range map[int64]string{
		1: "", 2: "c=1", 3: "a=2 c=1", 5: "a=3 b=9 c=1", 10: "a=3 b=9 c=8 d=5 e=0",
		deleted: "b=9 c=8 d=5 e=0",
	} {
		got := expect.Value(client.Get(ctx, "a", clientv3.WithFromKey(), clientv3.WithRev(revision)))(t)
		var state []string
		for _, kv := range got.Kvs {
			state = append(state, string(kv.Key)+"="+string(kv.Value))
		}
		expect.Equal(t, want, strings.Join(state, " "), "at revision ", revision)
		expect.Equal(t, deleted, got.Header.Revision, "the header carries the newest revision")
	}
	_, err := client.Get(ctx, "a", clientv3.WithRev(deleted+1))
	expect.Error(t, rpctypes.ErrFutureRev, err)
	expect.Value(client.Compact(ctx, 5))(t)
	_, err = client.Get(ctx, "a", clientv3.WithRev(4))
	expect.Error(t, rpctypes.ErrCompacted, err)
	expect.Value(client.Get(ctx, "a", clientv3.WithRev(5)))(t)
	_, err = client.Get(ctx, "b", clientv3.WithRev(4), clientv3.WithCountOnly())
	expect.Error(t, rpctypes.ErrCompacted, err, "counting in the compacted past")
}

func TestSerializableAndLinearizableReadsAgree(t *testing.T) {
	client := server.Start(t).Client(t)
	ctx := server.Context(t)
	for i := range 50 {
		value := fmt.Sprint(i)
		revision := expect.Value(client.Put(ctx, "k", value))(t).Header.Revision
		for _, options := range [][]clientv3.OpOption{nil, {clientv3.WithSerializable()}} {
			got := expect.Value(client.Get(ctx, "k", options...))(t)
			expect.Equal(t, value, string(got.Kvs[0].Value), "read after an acknowledged write")
			expect.Equal(t, revision, got.Kvs[0].ModRevision)
		}
	}
}

func TestKeysAndValuesAreAnyBytes(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	keys := []string{"\x00", "\x00\x00", "\x00\xff", "a", "a\x00", "a\x00b", "a\xff", "b\x80", "é/ü",
		string(all), "\xfe\xff", "\xff", "\xff\x00", "\xff\xff"}
	sort.Strings(keys)
	for _, key := range keys {
		expect.Value(client.Put(ctx, key, string(all)+key))(t)
	}
	check := func(ctx context.Context) {
		got := expect.Value(client.Get(ctx, "\x00", clientv3.WithFromKey()))(t)
		expect.Equal(t, len(keys), len(got.Kvs))
		for i, kv := range got.Kvs {
			expect.Equal(t, keys[i], string(kv.Key), "bytewise order")
			expect.Equal(t, string(all)+keys[i], string(kv.Value))
		}
		one := expect.Value(client.Get(ctx, "a", clientv3.WithRange("a\x00")))(t)
		expect.Equal(t, 1, len(one.Kvs), "nothing lies between a key and itself followed by zero")
	}
	check(ctx)
	s.Restart(t)
	check(ctx)
	gone := expect.Value(client.Delete(ctx, "a\x00", clientv3.WithRange("a\xff")))(t)
	expect.Equal(t, int64(2), gone.Deleted)
}
