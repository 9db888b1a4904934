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
