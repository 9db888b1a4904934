package cluster

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// follows waits until a standby has all that its primary has.
func follows(t *testing.T, db, standby *database.Instance) {
	t.Helper()
	position := db.Query(t, "", "SELECT pg_current_wal_lsn()")
	expect.Eventually(t, 10*time.Second, func() bool {
		return standby.Query(t, "", "SELECT pg_last_wal_replay_lsn() >= '"+position+"'") == "t"
	}, "the standby has all")
}

// works says whether a server acknowledges a write and answers a linearizable read.
func works(t *testing.T, s *server.Server, value string) bool {
	t.Helper()
	client := s.Client(t)
	_, written := client.Put(within(t, time.Second), "k", value)
	_, read := client.Get(within(t, time.Second), "k")
	return written == nil && read == nil
}

// A standby is promoted while the primary lives, and some servers stay there: each side commits what
// the other does not know. The servers tell each other, and only the promoted database is served.
func TestPrimaryThatWasReplacedIsLeftWhenOtherServersTellOfIt(t *testing.T) {
	db := database.StartPostgres(t)
	standby := db.StartStandby(t, false)
	left := join(t, db.DSN("state"), "left", "--request-timeout", "1s")
	// A user of its own, so that the database that it was led away from can be closed to it.
	db.Query(t, "", "CREATE ROLE rightmost SUPERUSER LOGIN PASSWORD '"+database.Password+"'")
	right := join(t, strings.Replace(either(standby, db, "state"), database.User, "rightmost", 1),
		"right", "--request-timeout", "1s")
	ctx := within(t, 60*time.Second)
	expect.Value(right.Client(t).Put(ctx, "k", "before"))(t)
	expect.Eventually(t, 15*time.Second, func() bool {
		return db.Query(t, "state", "SELECT min(beat) > 3 FROM kv_server") == "t"
	}, "each has seen the other living")
	follows(t, db, standby)
	pause(right) // it must not hear of what it will not find
	paused := time.Now()
	standby.Promote(t)
	expect.True(t, works(t, left, "left"), "the one that stays")
	db.Query(t, "", "ALTER ROLE rightmost NOLOGIN")
	db.Query(t, "", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rightmost'")
	// Nor from the other server: it does not listen to what was said to it during a pause so long.
	time.Sleep(time.Until(paused.Add(1500 * time.Millisecond)))
	resume(right)

	split := time.Now()
	expect.Eventually(t, 15*time.Second, func() bool { return works(t, right, "right") },
		"the one that was led to the promoted database works there: ",
		lazily(func() string { return right.LogTail(4096) }))
	expect.Eventually(t, 15*time.Second, func() bool { return !works(t, left, "left") },
		"the other one rests")
	t.Logf("one database alone was served after %v", time.Since(split))
	for n := 0; time.Since(split) < 13*time.Second; n++ { // longer than it takes to give up
		expect.True(t, !works(t, left, "left"), "round ", n, ": the other one goes on")
		expect.True(t, works(t, right, "right"), "round ", n, ": the right one rests: ",
			lazily(func() string { return right.LogTail(4096) }))
	}
	expect.Contains(t, left.LogTail(1<<20), "has been replaced by another")
	expect.Contains(t, right.LogTail(1<<20), "on a database that was replaced")
	got := expect.Value(right.Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, "right", string(got.Kvs[0].Value))
}

// The old primary is up again and takes writes, and stands first in the DSN.
func TestPrimaryThatWasReplacedIsPassedByAndRememberedWhenItComesBack(t *testing.T) {
	db := database.StartPostgres(t)
	standby := db.StartStandby(t, false)
	dsn := either(db, standby, "state")
	first := join(t, dsn, "first")
	ctx := within(t, 60*time.Second)
	expect.Value(first.Client(t).Put(ctx, "k", "before"))(t)
	follows(t, db, standby)
	db.Kill()
	standby.Promote(t)
	expect.Value(first.Client(t).Put(ctx, "k", "after"))(t)
	db.Start(t)
	rows := db.Query(t, "state", "SELECT count(*) FROM kv_batch")

	// One that was there, one that begins anew and knows nothing, and the first one, restarted.
	begin := time.Now()
	second := join(t, dsn, "second")
	first.Restart(t)
	for _, s := range []*server.Server{second, first} {
		got := expect.Value(s.Client(t).Get(ctx, "k"))(t)
		expect.Equal(t, "after", string(got.Kvs[0].Value))
		expect.Value(s.Client(t).Put(ctx, "k", "after"))(t)
	}
	expect.True(t, time.Since(begin) < 15*time.Second, "they took ", time.Since(begin))
	expect.Equal(t, rows, db.Query(t, "state", "SELECT count(*) FROM kv_batch"), "batches at the old one")

	// Also where the old one is all that answers: the server remembers that there was another.
	expect.NoError(t, first.Stop(10*time.Second))
	expect.NoError(t, second.Stop(10*time.Second))
	standby.Kill()
	launched := make(chan error, 1)
	go func() { launched <- first.TryLaunch() }()
	expect.Eventually(t, 15*time.Second, func() bool {
		log := first.LogTail(4096)
		return strings.Contains(log, "has been replaced by another") &&
			strings.Contains(log, "waiting for the database")
	}, "it says what is wrong: ", lazily(func() string { return first.LogTail(4096) }))
	expect.NoError(t, first.Signal(syscall.SIGTERM))
	expect.True(t, <-launched != nil, "it served the old primary")
}
