package kv

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// residentMiB is the memory that a process holds.
func residentMiB(t *testing.T, pid int) int {
	t.Helper()
	status := expect.Value(os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)))(t)
	match := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	expect.True(t, match != nil, "no VmRSS")
	kib := expect.Value(strconv.Atoi(string(match[1])))(t)
	return kib / 1024
}

// content is a value that says which version of which key it is.
func content(key, version, size int) string {
	seed := fmt.Sprintf("%d/%d ", key, version)
	return string(bytes.Repeat([]byte(seed), size/len(seed)+1)[:size])
}

func TestStoreLargerThanItsMemoryBudgetIsReadExactly(t *testing.T) {
	server.OnlyKvshim(t, "etcd has no such budget")
	s := server.Start(t, server.Options{Flags: []string{"--memory-budget", "1MiB"}})
	client := s.Client(t)
	ctx := server.Context(t)
	const keys, versions, size = 40, 10, 100_000
	revisions := map[[2]int]int64{}
	for version := range versions {
		for key := range keys {
			put := expect.Value(client.Put(ctx, fmt.Sprintf("k%02d", key), content(key, version, size)))(t)
			revisions[[2]int{key, version}] = put.Header.Revision
		}
	}
	check := func(client *clientv3.Client) {
		for range 100 {
			key, version := rand.IntN(keys), rand.IntN(versions)
			got := expect.Value(client.Get(ctx, fmt.Sprintf("k%02d", key),
				clientv3.WithRev(revisions[[2]int{key, version}])))(t)
			expect.True(t, string(got.Kvs[0].Value) == content(key, version, size), "version ", version,
				" of key ", key)
		}
		all := expect.Value(client.Get(ctx, "k", clientv3.WithPrefix()))(t)
		for key, kv := range all.Kvs {
			expect.True(t, string(kv.Value) == content(key, versions-1, size), "newest of key ", key)
		}
	}
	check(client)
	s.Restart(t)
	check(s.Client(t))
	// 40 MB of values were read over and over; the process must not have kept them.
	expect.True(t, residentMiB(t, s.PID()) < 200, "holds ", residentMiB(t, s.PID()), " MiB")
}

// Clients that ask for much and read nothing must not make the server hold it all.
func TestStalledWatchersDoNotHoldMemory(t *testing.T) {
	server.OnlyKvshim(t, "etcd's memory is its own affair")
	s := server.Start(t, server.Options{Flags: []string{"--memory-budget", "16MiB"}})
	client := s.Client(t)
	ctx := server.Context(t)
	var streams []pb.Watch_WatchClient
	for range 20 {
		stream := expect.Value(pb.NewWatchClient(s.Connection(t)).Watch(ctx))(t)
		expect.NoError(t, stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
			CreateRequest: &pb.WatchCreateRequest{Key: []byte("k")}}}))
		expect.Value(stream.Recv())(t)
		streams = append(streams, stream)
	}
	before := residentMiB(t, s.PID())
	const events, size = 150, 1_000_000
	for version := range events {
		expect.Value(client.Put(ctx, "k", content(0, version, size)))(t)
	}
	held := residentMiB(t, s.PID()) - before // unbounded, it would be 3,000
	expect.True(t, held < 350, "20 stalled watchers of 150 MB hold ", held, " MiB")
	for _, stream := range streams[:2] { // and they can still be served
		for version := 0; version < events; {
			message := expect.Value(stream.Recv())(t)
			for _, e := range message.Events {
				expect.True(t, string(e.Kv.Value) == content(0, version, size), "event ", version)
				version++
			}
		}
	}
}

// Small machines hold more than one server.
func TestIdleServersDoNotHoldMemory(t *testing.T) {
	server.OnlyKvshim(t, "etcd's memory is its own affair")
	s := server.Start(t)
	expect.Value(s.Client(t).Put(server.Context(t), "k", "v"))(t)
	expect.Eventually(t, 5*time.Second, func() bool { return residentMiB(t, s.PID()) <= 15 },
		"an idle server holds more than 15 MiB")
}

func TestPeriodicAutoCompactionForgetsThePast(t *testing.T) {
	s := server.Start(t, server.Options{Flags: []string{"--auto-compaction-mode", "periodic",
		"--auto-compaction-retention", "1s"}})
	client := s.Client(t)
	ctx := server.Context(t)
	for version := range 10 {
		expect.Value(client.Put(ctx, "k", fmt.Sprint(version)))(t)
	}
	expect.Eventually(t, 15*time.Second, func() bool {
		_, err := client.Get(ctx, "k", clientv3.WithRev(5))
		if err == nil {
			return false
		}
		expect.Error(t, rpctypes.ErrCompacted, err)
		return true
	}, "revision 5 is compacted by itself")
	got := expect.Value(client.Get(ctx, "k"))(t)
	expect.Equal(t, []any{"9", int64(10)}, []any{string(got.Kvs[0].Value), got.Kvs[0].Version})
}

func TestManyClientsWriteAtOnce(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	const clients, puts = 32, 50
	revisions := make(chan int64, clients*puts)
	failures := make(chan error, clients)
	for c := range clients {
		client := s.Client(t)
		go func() {
			for i := range puts {
				put, err := client.Put(ctx, fmt.Sprintf("c%02d/%02d", c, i), "v")
				if err != nil {
					failures <- err
					return
				}
				revisions <- put.Header.Revision
			}
			failures <- nil
		}()
	}
	for range clients {
		expect.NoError(t, <-failures)
	}
	seen := map[int64]bool{}
	for range clients * puts {
		revision := <-revisions
		expect.True(t, !seen[revision] && revision > 1 && revision <= clients*puts+1,
			"each write has a revision of its own: ", revision)
		seen[revision] = true
	}
	got := expect.Value(s.Client(t).Get(ctx, "c", clientv3.WithPrefix(), clientv3.WithCountOnly()))(t)
	expect.Equal(t, int64(clients*puts), got.Count)
}
