// Package concurrency tests what etcd's own client builds upon the API: locks, elections,
// software transactional memory, namespaces, leasing and ordering.
package concurrency

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func session(t *testing.T, client *clientv3.Client) *concurrency.Session {
	t.Helper()
	s, err := concurrency.NewSession(client, concurrency.WithTTL(10))
	expect.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestMutexAdmitsOneAtATime(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	const workers, rounds = 8, 10
	var inside, entered atomic.Int32
	var wait sync.WaitGroup
	for range workers {
		mutex := concurrency.NewMutex(session(t, s.Client(t)), "/lock")
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range rounds {
				if err := mutex.Lock(ctx); err != nil {
					t.Error("lock: ", err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two holders at once")
				}
				entered.Add(1)
				inside.Add(-1)
				if err := mutex.Unlock(ctx); err != nil {
					t.Error("unlock: ", err)
					return
				}
			}
		}()
	}
	wait.Wait()
	expect.Equal(t, int32(workers*rounds), entered.Load())
	left := expect.Value(s.Client(t).Get(ctx, "/lock", clientv3.WithPrefix()))(t)
	expect.Equal(t, int64(0), left.Count, "unlocking leaves nothing behind")
}

func TestMutexPassesOnWhenItsHolderDies(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	holder := session(t, s.Client(t))
	expect.NoError(t, concurrency.NewMutex(holder, "/lock").Lock(ctx))
	waiter := concurrency.NewMutex(session(t, s.Client(t)), "/lock")
	expect.Equal(t, concurrency.ErrLocked, waiter.TryLock(ctx))
	locked := make(chan error, 1)
	go func() { locked <- waiter.Lock(ctx) }()
	select {
	case err := <-locked:
		t.Fatalf("locked twice: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	expect.NoError(t, holder.Close()) // revokes its lease
	select {
	case err := <-locked:
		expect.NoError(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("the lock is never passed on")
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	third := concurrency.NewMutex(session(t, s.Client(t)), "/lock")
	expect.Equal(t, true, errors.Is(third.Lock(short), context.DeadlineExceeded))
	expect.NoError(t, waiter.Unlock(ctx))
	expect.NoError(t, third.Lock(ctx), "a waiter that gave up leaves nothing in the way")
}

func TestElectionHasOneLeaderAndObserversSeeEach(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	observer := concurrency.NewElection(session(t, s.Client(t)), "/leader")
	_, err := observer.Leader(ctx)
	expect.Equal(t, concurrency.ErrElectionNoLeader, err)
	observed := observer.Observe(ctx)

	first := concurrency.NewElection(session(t, s.Client(t)), "/leader")
	expect.NoError(t, first.Campaign(ctx, "first"))
	second := concurrency.NewElection(session(t, s.Client(t)), "/leader")
	elected := make(chan error, 1)
	go func() { elected <- second.Campaign(ctx, "second") }()
	leader := expect.Value(observer.Leader(ctx))(t)
	expect.Equal(t, "first", string(leader.Kvs[0].Value))
	expect.NoError(t, first.Proclaim(ctx, "first again"))
	expect.Eventually(t, 5*time.Second, func() bool {
		all := expect.Value(s.Client(t).Get(ctx, "/leader", clientv3.WithPrefix()))(t)
		return all.Count == 2
	}, "both campaign")
	expect.NoError(t, first.Resign(ctx))
	expect.NoError(t, <-elected)
	var seen []string
	for len(seen) == 0 || seen[len(seen)-1] != "second" {
		select {
		case response := <-observed:
			seen = append(seen, string(response.Kvs[0].Value))
		case <-time.After(5 * time.Second):
			t.Fatalf("the observer sees %q only", seen)
		}
	}
	expect.Equal(t, "second", string(expect.Value(observer.Leader(ctx))(t).Kvs[0].Value))
	expect.NoError(t, second.Resign(ctx))
}

func TestConcurrentTransfersKeepTheSum(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	const accounts, workers, rounds = 5, 4, 20
	setup := s.Client(t)
	for i := range accounts {
		expect.Value(setup.Put(ctx, fmt.Sprint("account/", i), "100"))(t)
	}
	var wait sync.WaitGroup
	for w := range workers {
		client := s.Client(t)
		isolation := []concurrency.Isolation{concurrency.SerializableSnapshot,
			concurrency.Serializable, concurrency.RepeatableReads}[w%3]
		wait.Add(1)
		go func() {
			defer wait.Done()
			for round := range rounds {
				from := fmt.Sprint("account/", (w+round)%accounts)
				to := fmt.Sprint("account/", (w+2*round+1)%accounts)
				if from == to {
					continue
				}
				_, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
					a, _ := strconv.Atoi(stm.Get(from))
					b, _ := strconv.Atoi(stm.Get(to))
					stm.Put(from, strconv.Itoa(a-1))
					stm.Put(to, strconv.Itoa(b+1))
					return nil
				}, concurrency.WithIsolation(isolation))
				if err != nil {
					t.Error("transfer: ", err)
					return
				}
			}
		}()
	}
	wait.Wait()
	sum := 0
	for _, kv := range expect.Value(setup.Get(ctx, "account/", clientv3.WithPrefix()))(t).Kvs {
		amount, err := strconv.Atoi(string(kv.Value))
		expect.NoError(t, err)
		sum += amount
	}
	expect.Equal(t, 100*accounts, sum)
}

func TestEachGuardedIncrementCountsOnce(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	const workers, rounds = 8, 25
	var wait sync.WaitGroup
	for range workers {
		client := s.Client(t)
		wait.Add(1)
		go func() {
			defer wait.Done()
			for done := 0; done < rounds; {
				got, err := client.Get(ctx, "n")
				if err != nil {
					t.Error(err)
					return
				}
				n, mod := 0, int64(0)
				if got.Count == 1 {
					n, _ = strconv.Atoi(string(got.Kvs[0].Value))
					mod = got.Kvs[0].ModRevision
				}
				txn, err := client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision("n"), "=", mod)).
					Then(clientv3.OpPut("n", strconv.Itoa(n+1))).Commit()
				if err != nil {
					t.Error(err)
					return
				}
				if txn.Succeeded {
					done++
				}
			}
		}()
	}
	wait.Wait()
	got := expect.Value(s.Client(t).Get(ctx, "n"))(t)
	expect.Equal(t, strconv.Itoa(workers*rounds), string(got.Kvs[0].Value))
	expect.Equal(t, int64(workers*rounds), got.Kvs[0].Version)
	expect.Equal(t, int64(workers*rounds+1), got.Header.Revision, "a failed guard takes no revision")
}
