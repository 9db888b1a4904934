package proxy

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

// ask runs a statement by the database's own client through the proxy, over TCP.
func ask(p *Proxy, kind database.Kind, sql string) (string, error) {
	host, port, _ := strings.Cut(p.Address(), ":")
	command := exec.Command("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--host", host, "--port",
		port, "--username", database.User, "--dbname", "test", "--command", sql)
	if kind == database.MariaDB {
		command = exec.Command("mariadb", "--no-defaults", "--batch", "--skip-column-names", "--skip-ssl",
			"--protocol=tcp", "--host="+host, "--port="+port, "--user="+database.User, "--database=test",
			"--password="+database.Password, "--execute="+sql)
	}
	command.Env = append(command.Environ(), "PGPASSWORD="+database.Password)
	output, err := command.Output()
	return strings.TrimSpace(string(output)), err
}

func TestProxyKnowsTheDatabasesMessages(t *testing.T) {
	for kind, protocol := range map[database.Kind]Protocol{database.Postgres: Postgres, database.MariaDB: MySQL} {
		db := database.Start(t, kind)
		if kind == database.MariaDB {
			db.Query(t, "", "CREATE DATABASE test")
		} else {
			db.Query(t, "", "CREATE DATABASE test OWNER "+database.User)
		}
		p := Start(t, protocol, db.Address())
		create := p.Add(Late.Named("create", Carrying("create table", "Query", "COM_QUERY")))
		if _, err := ask(p, kind, "CREATE TABLE t (k INT PRIMARY KEY)"); err != nil || create.Struck() != 1 {
			t.Fatalf("%s: struck %d times, %v", kind, create.Struck(), err)
		}
		p.Add(CutBefore.Named("before", Carrying("values (1)")))
		if _, err := ask(p, kind, "INSERT INTO t VALUES (1)"); err == nil {
			t.Fatalf("%s: not cut", kind)
		}
		p.Add(CutInside.Named("inside", Carrying("values (2)")))
		if _, err := ask(p, kind, "INSERT INTO t VALUES (2)"); err == nil {
			t.Fatalf("%s: not cut", kind)
		}
		p.Add(CutAfter.Named("after", Carrying("values (3)")))
		if _, err := ask(p, kind, "INSERT INTO t VALUES (3)"); err == nil {
			t.Fatalf("%s: not cut", kind)
		}
		zombie := Zombie.Named("zombie", Carrying("values (4)"))
		zombie.Hold = time.Second
		p.Add(zombie)
		if _, err := ask(p, kind, "INSERT INTO t VALUES (4)"); err == nil {
			t.Fatalf("%s: not cut", kind)
		}
		const rows = "SELECT k FROM t ORDER BY k"
		eventually(t, func() bool {
			got, err := ask(p, kind, rows)
			return err == nil && got == "3"
		}, "only the insert whose answer was lost is there")
		eventually(t, func() bool {
			got, err := ask(p, kind, rows)
			return err == nil && got == "3\n4"
		}, "the zombie commits after others have looked")
	}
}
