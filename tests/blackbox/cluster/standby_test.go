package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
)

// either names a database by two servers, of which one takes writes.
func either(first, second *database.Instance, name string) string {
	return strings.Replace(first.DSN(name), first.Address(), first.Address()+","+second.Address(), 1)
}

func TestPromotedSynchronousStandbyHasEveryAcknowledgedWrite(t *testing.T) {
	db := database.StartPostgres(t)
	standby := db.StartStandby(t, true)
	servers := startOn(t, either(db, standby, "state"), 3)
	book := write(t, 4, servers...)
	book.grows(t, 20*time.Second, 300)
	db.Kill()
	time.Sleep(500 * time.Millisecond)
	standby.Promote(t)
	book.goesOn(t, 20*time.Second, time.Now(), servers...)
	book.grows(t, 20*time.Second, 300)
	book.rest()
	for _, s := range servers {
		book.audit(t, s)
	}
	// One that starts now finds its way, too.
	book.audit(t, join(t, servers[0].Options.Endpoint, "late"))
}

// A standby that had not heard of the last acknowledged writes is promoted. Whoever has seen them must
// not be told that they never were.
func TestPromotedStandbyThatLostCommitsIsNotServed(t *testing.T) {
	db := database.StartPostgres(t)
	standby := db.StartStandby(t, false)
	servers := startOn(t, either(db, standby, "state"), 2)
	ctx := within(t, 90*time.Second)
	client := servers[0].Client(t)
	expect.Value(client.Put(ctx, "k", "replicated"))(t)
	expect.Eventually(t, 10*time.Second, func() bool {
		return standby.Query(t, "state", "SELECT count(*) FROM kv_log") == "1"
	}, "the standby has it")
	standby.Query(t, "", "ALTER SYSTEM SET primary_conninfo = ''")
	standby.Query(t, "", "SELECT pg_reload_conf()")
	expect.Eventually(t, 10*time.Second, func() bool {
		return standby.Query(t, "", "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
	}, "the standby hears nothing more")
	lost := expect.Value(client.Put(ctx, "k", "lost"))(t).Header.Revision
	for n := range 10 {
		lost = expect.Value(client.Put(ctx, fmt.Sprint("lost ", n), "v"))(t).Header.Revision
	}
	got := expect.Value(servers[1].Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, "lost", string(got.Kvs[0].Value), "the other server has seen it")
	db.Kill()
	standby.Promote(t)
	promoted := time.Now()

	// Until they end, no server answers from the shorter history.
	for _, s := range servers {
		client := s.Client(t)
		for range 3 {
			bounded := within(t, time.Second)
			read, err := client.Get(bounded, "k")
			expect.True(t, err != nil, "a linearizable read is answered: ", read)
			written, err := client.Put(bounded, "k", "after")
			expect.True(t, err != nil, "a write is acknowledged: ", written)
		}
		known, err := client.Get(within(t, time.Second), "k", clientv3.WithSerializable())
		if err == nil {
			expect.Equal(t, "lost", string(known.Kvs[0].Value), "a serializable read")
		}
	}
	for n, s := range servers {
		err := s.WaitForExit(time.Until(promoted.Add(30 * time.Second)))
		expect.True(t, err != nil && !strings.Contains(err.Error(), "still running"),
			"server ", n, " ends by itself, with an error: ", err)
		expect.Contains(t, s.LogTail(4096), "lost commits")
	}
	t.Logf("the servers have ended after %v", time.Since(promoted))
	expect.Equal(t, "1", standby.Query(t, "state", "SELECT count(*) FROM kv_log"), "rows")

	// Started again they remember what they knew, until they are told to begin anew, above all that
	// clients have seen.
	err := servers[0].TryLaunch()
	expect.True(t, err != nil, "it serves as if nothing had been")
	expect.Contains(t, servers[0].LogTail(4096), "--on-lost-history")
	servers[0].Options.Flags = append(servers[0].Options.Flags, "--on-lost-history", "bump")
	servers[0].Launch(t)
	again := expect.Value(servers[0].Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, "replicated", string(again.Kvs[0].Value))
	expect.True(t, again.Header.Revision > lost, "revision ", again.Header.Revision, " after ", lost)
	watch := servers[0].Client(t).Watch(ctx, "k", clientv3.WithRev(lost+1))
	response := <-watch
	expect.True(t, response.CompactRevision > lost, "a watcher from before is told to begin anew")
}

// The primary that was replaced comes back and takes writes, as one does that nobody fenced off. A
// server whose connections lead there does not serve what it holds, though it holds as much.
func TestReplacedPrimaryThatComesBackIsNotServed(t *testing.T) {
	db := database.StartPostgres(t)
	standby := db.StartStandby(t, true)
	misled := join(t, either(db, standby, "state")+"?application_name=misled", "misled",
		"--request-timeout", "1s")
	right := join(t, either(standby, db, "state"), "right")
	ctx := within(t, 90*time.Second)
	expect.Value(right.Client(t).Put(ctx, "k", "before"))(t)

	// One commit stays on the old primary alone: nobody was told of it.
	standby.Query(t, "", "ALTER SYSTEM SET primary_conninfo = ''")
	standby.Query(t, "", "SELECT pg_reload_conf()")
	expect.Eventually(t, 10*time.Second, func() bool {
		return standby.Query(t, "", "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
	}, "the standby hears nothing more")
	_, err := misled.Client(t).Put(within(t, time.Second), "k", "on the old primary")
	expect.True(t, err != nil, "acknowledged without the standby")
	db.Kill()
	time.Sleep(time.Second) // the put is too old to be tried again; what follows it is a fence
	standby.Promote(t)
	expect.Eventually(t, 20*time.Second, func() bool {
		_, err := misled.Client(t).Get(within(t, time.Second), "k")
		return err == nil
	}, "the server goes on")
	db.Start(t)
	standby.Query(t, "", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'misled'")

	served := 0
	for n := range 30 {
		value := fmt.Sprint("after ", n)
		expect.Value(right.Client(t).Put(ctx, "k", value))(t, "the other server goes on")
		got, err := misled.Client(t).Get(within(t, 300*time.Millisecond), "k")
		if err == nil {
			expect.Equal(t, value, string(got.Kvs[0].Value), "a linearizable read")
			served++
		}
	}
	t.Logf("%d of 30 reads were served", served)
	db.Kill()
	misled.Kill()
	misled.Launch(t)
	got := expect.Value(misled.Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, "after 29", string(got.Kvs[0].Value))
}
