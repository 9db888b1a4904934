package database

import (
	"testing"
)

func kinds(t *testing.T, test func(t *testing.T, kind Kind)) {
	for _, kind := range []Kind{Postgres, MariaDB} {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func TestKilledInstanceKeepsItsData(t *testing.T) {
	kinds(t, func(t *testing.T, kind Kind) {
		db := Start(t, kind)
		db.Query(t, "", "CREATE DATABASE state")
		db.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
		db.Query(t, "state", "INSERT INTO t VALUES (7)")
		db.Kill()
		if _, err := db.TryQuery("state", "SELECT 1"); err == nil {
			t.Fatal("answers after it was killed")
		}
		db.Start(t)
		if rows := db.Query(t, "state", "SELECT k FROM t"); rows != "7" {
			t.Fatalf("the row is %q", rows)
		}
	})
}

func TestPgBouncerAnswers(t *testing.T) {
	db := StartPostgres(t)
	db.Query(t, "", "CREATE DATABASE state OWNER kvshim")
	bouncer := StartPgBouncer(t, db)
	bouncer.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
	bouncer.Query(t, "state", "INSERT INTO t VALUES (7)")
	if rows := db.Query(t, "state", "SELECT k FROM t"); rows != "7" {
		t.Fatalf("the row is %q", rows)
	}
}

func TestPromotedStandbyHasEveryRow(t *testing.T) {
	db := StartPostgres(t)
	standby := db.StartStandby(t, true)
	db.Query(t, "", "CREATE DATABASE state OWNER kvshim")
	db.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
	db.Query(t, "state", "INSERT INTO t VALUES (7)")
	db.Kill()
	standby.Promote(t)
	standby.Query(t, "state", "INSERT INTO t VALUES (8)")
	if rows := standby.Query(t, "state", "SELECT k FROM t ORDER BY k"); rows != "7\n8" {
		t.Fatalf("the rows are %q", rows)
	}
}

func TestGaleraNodesShareTheirRows(t *testing.T) {
	cluster := StartGalera(t, 3)
	cluster.WaitForSize(t, 0, 3)
	first, last := cluster.Nodes[0], cluster.Nodes[2]
	first.Query(t, "", "CREATE DATABASE state")
	first.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
	first.Query(t, "state", "INSERT INTO t VALUES (7)")
	if rows := last.Query(t, "state", "SET wsrep_sync_wait = 1; SELECT k FROM t"); rows != "7" {
		t.Fatalf("the row is %q", rows)
	}
	first.Kill()
	cluster.WaitForSize(t, 2, 2)
	last.Query(t, "state", "INSERT INTO t VALUES (8)")
	first.Start(t)
	if rows := first.Query(t, "state", "SELECT k FROM t ORDER BY k"); rows != "7\n8" {
		t.Fatalf("the rows are %q", rows)
	}
}
