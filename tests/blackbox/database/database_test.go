package database

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// onEach runs a test on a server of each kind, side by side.
func onEach(t *testing.T, test func(t *testing.T, db *Instance)) {
	for _, kind := range []Kind{Postgres, MariaDB} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, Start(t, kind))
		})
	}
}

func demand(t *testing.T, holds bool, what ...any) {
	t.Helper()
	if !holds {
		t.Fatal(what...)
	}
}

func eventually(t *testing.T, holds func() bool, what ...any) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		demand(t, time.Now().Before(deadline), what...)
	}
}

// createTable makes a database of kvshim's with a table and one row.
func createTable(t *testing.T, db *Instance) {
	t.Helper()
	db.Query(t, "", "CREATE DATABASE state")
	db.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
	db.Query(t, "state", "INSERT INTO t VALUES (7)")
}

func TestKilledServerIsGoneAndKeepsItsData(t *testing.T) {
	onEach(t, func(t *testing.T, db *Instance) {
		createTable(t, db)
		dsn := db.DSN("state")
		db.Kill()
		demand(t, len(processesIn(db.Directory())) == 0, "processes are left")
		_, err := db.TryQuery("state", "SELECT 1")
		demand(t, err != nil, "answers after it was killed")
		db.Start(t)
		rows := db.Query(t, "state", "SELECT k FROM t")
		demand(t, rows == "7", "the row is ", rows)
		demand(t, db.DSN("state") == dsn, "it moved to ", db.Address())
	})
}

func TestStoppedServerStartsAgain(t *testing.T) {
	onEach(t, func(t *testing.T, db *Instance) {
		createTable(t, db)
		db.Stop(t)
		demand(t, len(processesIn(db.Directory())) == 0, "processes are left")
		db.Start(t)
		rows := db.Query(t, "state", "SELECT k FROM t")
		demand(t, rows == "7", "the row is ", rows)
	})
}

func TestPausedServerAnswersWhenItGoesOn(t *testing.T) {
	onEach(t, func(t *testing.T, db *Instance) {
		db.Pause()
		answer := make(chan string)
		go func() {
			row, err := db.TryQuery("", "SELECT 7")
			answer <- fmt.Sprint(row, err)
		}()
		select {
		case row := <-answer:
			t.Fatal("answers while it is paused: ", row)
		case <-time.After(300 * time.Millisecond):
		}
		db.Resume()
		row := <-answer
		demand(t, row == "7<nil>", "answers ", row)
		db.Pause()
		db.Kill() // a paused server, too
	})
}

// What kvshim would refuse, or what would hide a mistake of it.
func TestServersAreDurableAndTheirUserIsOrdinary(t *testing.T) {
	onEach(t, func(t *testing.T, db *Instance) {
		for setting, want := range map[Kind]map[string]string{
			Postgres: {"SHOW fsync": "on", "SHOW full_page_writes": "on", "SHOW synchronous_commit": "on",
				"SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'kvshim'": "f\tt"},
			MariaDB: {"SELECT @@global.innodb_flush_log_at_trx_commit": "1",
				"SELECT @@global.sql_mode": "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO," +
					"NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
				"SELECT Super_priv FROM mysql.user WHERE User = 'kvshim'": "N",
				"SELECT Create_priv FROM mysql.db WHERE User = 'kvshim'":  "Y",
				"SELECT count(*) FROM mysql.user WHERE User = ''":         "0",
			},
		}[db.Kind] {
			got := db.Query(t, "", setting)
			demand(t, got == want, setting, ": want ", want, " got ", got)
		}
	})
}

func TestSettingsAndFilesReachTheServer(t *testing.T) {
	db := StartPostgres(t, Options{
		Settings: []string{"hba_file=$DIRECTORY/hba", "max_connections=17"},
		Files:    map[string]string{"hba": "local all all trust\n"},
	})
	rows := db.Query(t, "", "SHOW hba_file") + " " + db.Query(t, "", "SHOW max_connections")
	demand(t, rows == db.Directory()+"/hba 17", "the settings are ", rows)
}

func TestPgBouncerAnswers(t *testing.T) {
	db := StartPostgres(t)
	bouncer := StartPgBouncer(t, db)
	bouncer.Query(t, "", "CREATE DATABASE state") // as kvshim's user
	bouncer.Query(t, "state", "CREATE TABLE t (k INT PRIMARY KEY)")
	bouncer.Query(t, "state", "INSERT INTO t VALUES (7)")
	rows := db.Query(t, "state", "SELECT k FROM t")
	demand(t, rows == "7", "the row is ", rows)
	demand(t, bouncer.DSN("state") != db.DSN("state"), "the DSN leads around it")
	bouncer.Kill()
	bouncer.Start(t)
	rows = bouncer.Query(t, "state", "SELECT k FROM t")
	demand(t, rows == "7", "the row is ", rows)
}

func TestPromotedStandbyHasEveryRow(t *testing.T) {
	db := StartPostgres(t)
	standby := db.StartStandby(t, true)
	createTable(t, db)
	db.Kill()
	standby.Promote(t)
	standby.Query(t, "state", "INSERT INTO t VALUES (8)")
	rows := standby.Query(t, "state", "SELECT k FROM t ORDER BY k")
	demand(t, rows == "7\n8", "the rows are ", rows)
}

func TestSynchronousStandbyHoldsCommitsBack(t *testing.T) {
	db := StartPostgres(t)
	standby := db.StartStandby(t, true)
	createTable(t, db)
	standby.Pause()
	done := make(chan error)
	go func() {
		_, err := db.TryQuery("state", "INSERT INTO t VALUES (8)")
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatal("committed without the standby: ", err)
	case <-time.After(300 * time.Millisecond):
	}
	standby.Resume()
	err := <-done
	demand(t, err == nil, err)
}

func TestGaleraNodesShareTheirRows(t *testing.T) {
	cluster := StartGalera(t, 3)
	first, last := cluster.Nodes[0], cluster.Nodes[2]
	cluster.WaitForSize(t, 0, 3)
	createTable(t, first)
	rows := last.Query(t, "state", "SET wsrep_sync_wait = 1; SELECT k FROM t")
	demand(t, rows == "7", "the row is ", rows)
	first.Kill()
	cluster.WaitForSize(t, 2, 2)
	last.Query(t, "state", "INSERT INTO t VALUES (8)")
	first.Start(t)
	rows = first.Query(t, "state", "SELECT k FROM t ORDER BY k")
	demand(t, rows == "7\n8", "the rows are ", rows)
	for _, node := range cluster.Nodes {
		node.Kill()
	}
	cluster.Bootstrap(t, 2)
	rows = last.Query(t, "state", "SELECT k FROM t ORDER BY k")
	demand(t, rows == "7\n8", "after all were killed the rows are ", rows)
}

func TestFreshDatabasesAreDropped(t *testing.T) {
	for kind, list := range map[Kind]string{
		Postgres: "SELECT datname FROM pg_database WHERE datname LIKE 'kvshim%'",
		MariaDB:  "SHOW DATABASES LIKE 'kvshim%'",
	} {
		db := Shared(t, kind)
		var name string
		t.Run(string(kind), func(t *testing.T) {
			dsn, other := FreshDSN(t, kind), FreshDSN(t, kind)
			demand(t, dsn != other, "both are called ", dsn)
			name = dsn[strings.LastIndexByte(dsn, '/')+1:]
			demand(t, dsn == db.DSN(name), dsn, " is not on ", db)
			db.Query(t, "", "CREATE DATABASE "+name)
			demand(t, strings.Contains(db.Query(t, "", list), name), name, " is not there")
		})
		demand(t, !strings.Contains(db.Query(t, "", list), name), name, " is still there")
	}
}

// TestMain lets this program be the test process that TestServersEndWithTheirTestProcess kills.
func TestMain(m *testing.M) {
	if os.Getenv("BLACKBOX_VICTIM") == "" {
		os.Exit(m.Run())
	}
	for _, kind := range []Kind{Postgres, MariaDB} {
		db, err := Launch(kind)
		if err != nil {
			panic(err)
		}
		db.Pause()
		fmt.Println(db.Directory())
	}
	select {}
}

func TestServersEndWithTheirTestProcess(t *testing.T) {
	victim := exec.Command("/proc/self/exe")
	victim.Env = append(os.Environ(), "BLACKBOX_VICTIM=yes")
	victim.Stderr = os.Stderr
	output, err := victim.StdoutPipe()
	if err == nil {
		err = victim.Start()
	}
	demand(t, err == nil, err)
	var directories []string
	for lines := bufio.NewScanner(output); len(directories) < 2 && lines.Scan(); {
		directories = append(directories, lines.Text())
		demand(t, len(processesIn(lines.Text())) > 0, "no server runs in ", lines.Text())
	}
	demand(t, len(directories) == 2, "servers started in ", directories)
	victim.Process.Signal(syscall.SIGKILL)
	victim.Wait()
	for _, directory := range directories {
		eventually(t, func() bool {
			return len(processesIn(directory)) == 0 && !exists(directory)
		}, "servers are left in ", directory)
	}
}
