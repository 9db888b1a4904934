package fault

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// A server that slept must not tell clients that their time is over when it is not: etcd's client
// sends a write so answered again, and it would be carried out twice.
func TestWritesThatMetAPausedServerHappenOnce(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	working, finish := context.WithCancel(context.Background())
	var writers sync.WaitGroup
	for n := range 16 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for i := 0; working.Err() == nil; i++ {
				ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
				client.Put(ctx, fmt.Sprint("k", n), fmt.Sprintf("%d.%d", n, i))
				cancel()
				time.Sleep(time.Millisecond)
			}
		}()
	}
	for range 5 {
		time.Sleep(200 * time.Millisecond)
		expect.NoError(t, s.Signal(syscall.SIGSTOP))
		time.Sleep(500 * time.Millisecond) // longer than the writes' patience
		expect.NoError(t, s.Signal(syscall.SIGCONT))
	}
	finish()
	writers.Wait()
	expect.Value(client.Put(server.Context(t), "last", "last"))(t)

	seen := map[string]int64{}
	for answer := range client.Watch(server.Context(t), "", clientv3.WithPrefix(), clientv3.WithRev(1)) {
		expect.NoError(t, answer.Err())
		for _, event := range answer.Events {
			value := string(event.Kv.Value)
			if value == "last" {
				expect.True(t, len(seen) > 100, "few writes went through: ", len(seen))
				return
			}
			if at, twice := seen[value]; twice {
				t.Fatalf("the write of %q is at revisions %d and %d", value, at, event.Kv.ModRevision)
			}
			seen[value] = event.Kv.ModRevision
		}
	}
	t.Fatal("the watch ended early")
}
