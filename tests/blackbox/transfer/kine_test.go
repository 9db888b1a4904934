package transfer

import (
	"fmt"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// The table as kine makes it on each database.
var kineTables = map[database.Kind]string{
	database.SQLite: `CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER,
		created INTEGER, deleted INTEGER, create_revision INTEGER, prev_revision INTEGER,
		lease INTEGER, value BLOB, old_value BLOB);`,
	database.Postgres: `CREATE TABLE kine (id BIGSERIAL PRIMARY KEY, name text COLLATE "C",
		created INTEGER, deleted INTEGER, create_revision BIGINT, prev_revision BIGINT,
		lease INTEGER, value bytea, old_value bytea);
		GRANT SELECT ON kine TO ` + database.User + `;`,
	database.MariaDB: `CREATE TABLE kine (id BIGINT UNSIGNED AUTO_INCREMENT NOT NULL PRIMARY KEY,
		name VARCHAR(630) CHARACTER SET ascii, created INTEGER, deleted INTEGER,
		create_revision BIGINT UNSIGNED, prev_revision BIGINT UNSIGNED, lease INTEGER,
		value MEDIUMBLOB, old_value MEDIUMBLOB);`,
}

// kine is a database that kine has left, of the kind under test.
type kine struct {
	t    *testing.T
	dsn  string
	kind database.Kind
	exec func(sql string)
}

func newKine(t *testing.T) *kine {
	t.Helper()
	k := &kine{t: t, kind: database.UnderTest(), dsn: fresh(t)}
	k.exec = func(sql string) { sqlite(t, k.dsn, sql) }
	if k.kind != database.SQLite {
		instance := database.Shared(t, k.kind)
		name := k.dsn[strings.LastIndexByte(k.dsn, '/')+1:]
		owner := ""
		if k.kind == database.Postgres {
			owner = " OWNER " + database.User
		}
		instance.Query(t, "", "CREATE DATABASE "+name+owner)
		k.exec = func(sql string) { instance.Query(t, name, sql) }
	}
	k.exec(kineTables[k.kind])
	return k
}

func (k *kine) bytes(value string) string {
	if k.kind == database.Postgres {
		return fmt.Sprintf(`decode('%x', 'hex')`, value)
	}
	return fmt.Sprintf("x'%x'", value)
}

// A row as kine writes it; id 0 takes the next.
type kineRow struct {
	id, created, deleted, createRevision, prevRevision, lease int64
	name, value                                               string
}

func (k *kine) insert(rows ...kineRow) {
	k.t.Helper()
	for len(rows) > 300 { // what a command line takes
		k.insert(rows[:300]...)
		rows = rows[300:]
	}
	var sql strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&sql, "INSERT INTO kine (id, name, created, deleted, create_revision, "+
			"prev_revision, lease, value) VALUES (%d, '%s', %d, %d, %d, %d, %d, %s);\n", r.id, r.name,
			r.created, r.deleted, r.createRevision, r.prevRevision, r.lease, k.bytes(r.value))
	}
	k.exec(sql.String())
}

func TestKineDatabaseMovesWithItsKeysRevisionsAndLeases(t *testing.T) {
	k := newKine(t)
	k.insert(
		kineRow{id: 1, name: "compact_rev_key", created: 1, prevRevision: 3},
		kineRow{id: 2, name: "/registry/health", created: 1, value: `{"health":"true"}`},
		kineRow{id: 3, name: "/registry/events/default/a", created: 1, lease: 3660, value: "event"},
		kineRow{id: 4, name: "/registry/pods/default/web", created: 1, value: "k8s\x00v1"},
		// Revisions 5 and 6 were rolled back: auto-increment leaves a gap.
		kineRow{id: 7, name: "/registry/pods/default/web", createRevision: 4, prevRevision: 4,
			value: "k8s\x00\xff'v2"},
		kineRow{id: 8, name: "gap-8", deleted: 1},
		kineRow{id: 9, name: "/registry/secrets/x", created: 1, value: "gone"},
		kineRow{id: 10, name: "/registry/secrets/x", deleted: 1, createRevision: 9, prevRevision: 9,
			value: "gone"},
		kineRow{id: 11, name: "/registry/Pods/default/web", created: 1},
		kineRow{id: 12, name: "/registry/secrets/x", created: 1, prevRevision: 10, value: "back"},
		kineRow{id: 13, name: "/registry/y", created: 1, value: "y"},
		kineRow{id: 14, name: "/registry/y", deleted: 1, createRevision: 13, prevRevision: 13},
	)
	to := local(t)
	expect.Contains(t, move(t, k.dsn, to), "5 keys, 5 versions")

	_, client := serve(t, to)
	ctx := server.Context(t)
	response := expect.Value(client.Get(ctx, "", clientv3.WithFromKey(),
		clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortAscend)))(t)
	expect.Equal(t, int64(14), response.Header.Revision)
	expect.Equal(t, []*pb.KeyValue{
		{Key: []byte("/registry/health"), CreateRevision: 2, ModRevision: 2, Version: 1,
			Value: []byte(`{"health":"true"}`)},
		{Key: []byte("/registry/events/default/a"), CreateRevision: 3, ModRevision: 3, Version: 1,
			Value: []byte("event"), Lease: 3},
		{Key: []byte("/registry/pods/default/web"), CreateRevision: 4, ModRevision: 7, Version: 2,
			Value: []byte("k8s\x00\xff'v2")},
		{Key: []byte("/registry/Pods/default/web"), CreateRevision: 11, ModRevision: 11, Version: 1},
		{Key: []byte("/registry/secrets/x"), CreateRevision: 12, ModRevision: 12, Version: 1,
			Value: []byte("back")},
	}, response.Kvs)
	expect.Equal(t, map[clientv3.LeaseID]int64{3: 3660}, leases(t, client))

	// A Kubernetes API server goes on: it updates by mod_revision and watches from where it was.
	guarded := expect.Value(client.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision("/registry/pods/default/web"), "=", 7)).
		Then(clientv3.OpPut("/registry/pods/default/web", "v3")).Commit())(t)
	expect.True(t, guarded.Succeeded)
	expect.Equal(t, int64(15), guarded.Header.Revision)
	watch := client.Watch(ctx, "/registry/", clientv3.WithPrefix(), clientv3.WithRev(15))
	expect.Equal(t, "v3", string((<-watch).Events[0].Kv.Value))
	old := <-client.Watch(ctx, "/registry/", clientv3.WithPrefix(), clientv3.WithRev(9))
	expect.Equal(t, int64(14), old.CompactRevision, "history does not come along")
}

func TestKineDatabaseBecomesOursWhereItIs(t *testing.T) {
	k := newKine(t)
	k.insert(kineRow{id: 1, name: "compact_rev_key", created: 1},
		kineRow{id: 2, name: "/a", created: 1, value: "1"})
	if k.kind == database.SQLite {
		// A file is one program's.
		before := content(t, strings.TrimPrefix(k.dsn, "sqlite://"))
		fails(t, "belongs to another program", "migrate", "--from", k.dsn,
			"--to", k.dsn)
		move(t, k.dsn, local(t))
		expect.Equal(t, before, content(t, strings.TrimPrefix(k.dsn, "sqlite://")), "it is as it was")
		return
	}
	move(t, k.dsn, k.dsn)
	s, client := serve(t, k.dsn)
	expect.Equal(t, map[string]string{"/a": "1"}, values(t, client))
	expect.Value(client.Put(server.Context(t), "/b", "2"))(t)
	stop(t, s)
	// From now on ours is meant.
	to := local(t)
	move(t, k.dsn, to)
	_, client = serve(t, to)
	expect.Equal(t, map[string]string{"/a": "1", "/b": "2"}, values(t, client))
}

func TestManyKineRowsMoveInOrder(t *testing.T) {
	k := newKine(t)
	rows := []kineRow{{id: 1, name: "compact_rev_key", created: 1}}
	want := map[string]string{}
	for i := range int64(3000) {
		name := fmt.Sprint("/registry/", i%2500)
		value := fmt.Sprint("value ", i)
		row := kineRow{id: 2 + 3*i, name: name, created: 1, value: value}
		if i >= 2500 {
			row.created, row.createRevision, row.prevRevision = 0, 2+3*(i-2500), 2+3*(i-2500)
		}
		rows = append(rows, row)
		want[name] = value
	}
	k.insert(rows...)
	to := fresh(t)
	move(t, k.dsn, to)
	_, client := serve(t, to)
	expect.Equal(t, want, values(t, client))
}

func TestEmptyKineDatabaseMoves(t *testing.T) {
	k, to := newKine(t), local(t)
	move(t, k.dsn, to)
	_, client := serve(t, to)
	expect.Equal(t, 0, len(values(t, client)))
}
