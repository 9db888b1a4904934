package cluster

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// startHeld runs a MariaDB whose redo log is held back from hold on, until it is let go.
func startHeld(t *testing.T) (db *database.Instance, hold, letGo func()) {
	t.Helper()
	library := expect.Value(os.ReadFile(os.Getenv("KVSHIM_HELD_LOG")))(t, "KVSHIM_HELD_LOG")
	db = database.StartMariaDB(t, database.Options{
		Files:       map[string]string{"held_log.so": string(library)},
		Environment: []string{"LD_PRELOAD=$DIRECTORY/held_log.so", "HELD_LOG=$DIRECTORY/held"},
	})
	mark := filepath.Join(db.Directory(), "held")
	return db, func() { expect.NoError(t, os.WriteFile(mark, nil, 0o644)) },
		func() { expect.NoError(t, os.Remove(mark)) }
}

// MariaDB shows a commit to other sessions before it is durable. No server may show it to anybody by
// then: the database may die and come back without it.
func TestCommitThatMariaDBCanStillLoseIsNotShown(t *testing.T) {
	db, hold, letGo := startHeld(t)
	writer := join(t, db.DSN("state"), "writer", "--request-timeout", "2s")
	reader := join(t, db.DSN("state"), "reader", "--request-timeout", "2s")
	ctx := within(t, 60*time.Second)
	kept := expect.Value(writer.Client(t).Put(ctx, "k", "kept"))(t)
	expect.Equal(t, "kept", valueOf(t, reader, "k"))
	watch := reader.Client(t).Watch(ctx, "k", clientv3.WithRev(kept.Header.Revision+1))

	hold()
	lost := make(chan error, 1)
	go func() {
		_, err := writer.Client(t).Put(within(t, 20*time.Second), "k", "lost")
		lost <- err
	}()
	expect.Eventually(t, 10*time.Second, func() bool {
		shown := db.Query(t, "state", "SELECT MAX(last_rev) FROM kv_batch")
		return shown == strconv.FormatInt(kept.Header.Revision+1, 10)
	}, "the database shows what it can still lose")
	got, err := reader.Client(t).Get(within(t, 2*time.Second), "k")
	expect.True(t, err != nil, "a read is answered: ", got)
	fresh := prepare(t, db.DSN("state"))
	began := make(chan error, 1)
	go func() { began <- fresh.TryLaunch() }()
	db.Kill()
	letGo()
	db.Start(t)

	expect.True(t, <-lost != nil, "a write that was lost is acknowledged")
	expect.Eventually(t, 30*time.Second, func() bool { return works(t, writer, "after") }, "the writer")
	expect.Eventually(t, 30*time.Second, func() bool { return works(t, reader, "after") }, "the reader")
	expect.NoError(t, <-began, "a server that began meanwhile")
	for _, s := range []*server.Server{writer, reader, fresh} {
		expect.Equal(t, "after", valueOf(t, s, "k"))
	}
	for told := range watch {
		expect.NoError(t, told.Err())
		for _, event := range told.Events {
			expect.True(t, string(event.Kv.Value) != "lost", "a watcher is told of it")
			if string(event.Kv.Value) == "after" {
				return
			}
		}
	}
}

// valueOf is what a linearizable read at a server gives.
func valueOf(t *testing.T, s *server.Server, key string) string {
	t.Helper()
	got := expect.Value(s.Client(t).Get(within(t, 10*time.Second), key))(t)
	expect.Equal(t, 1, len(got.Kvs), "keys")
	return string(got.Kvs[0].Value)
}
