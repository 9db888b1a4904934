package cluster

import (
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// refused demands that a server with this endpoint ends at once with an error that names what to
// repair, and returns its log.
func refused(t *testing.T, dsn string, flags []string, part string) string {
	t.Helper()
	s := prepare(t, dsn, flags...)
	begin := time.Now()
	err := s.TryLaunch()
	expect.True(t, err != nil, "it serves")
	log := s.LogTail(8192)
	expect.True(t, strings.HasSuffix(err.Error(), "exit status 1") ||
		strings.HasSuffix(err.Error(), "exit status 2"), err, "\n", log)
	expect.True(t, time.Since(begin) < 15*time.Second, "refused after ", time.Since(begin))
	expect.True(t, strings.Contains(strings.ToLower(log), strings.ToLower(part)), "no ", part, " in\n", log)
	keepsToItself(t, s, passwordOf(dsn))
	last := strings.TrimSpace(log)
	t.Log(last[strings.LastIndexByte(last, '\n')+1:])
	return log
}

// replaced is a DSN with another text in it.
func replaced(t *testing.T, dsn, old, new string) string {
	t.Helper()
	expect.Contains(t, dsn, old)
	return strings.Replace(dsn, old, new, 1)
}

func TestEndpointThatIsWrongIsRefusedAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		db := database.Shared(t, kind)
		dsn := database.FreshDSN(t, kind)
		refused(t, replaced(t, dsn, database.Password, "mistaken"), nil, "check the user and the password")
		refused(t, replaced(t, dsn, database.User, "nobody"), nil, "check the user and the password")
		port := dsn[strings.LastIndexByte(dsn, ':')+1:]
		port = strings.TrimRight(port[:strings.IndexByte(port, '/')], ")")
		refused(t, replaced(t, dsn, ":"+port, ":what"), nil, "port")
		refused(t, dsn+"?password_env=KVSHIM_NONE", nil, "KVSHIM_NONE")
		refused(t, dsn+"?password_file=/none/password", nil, "/none/password")
		refused(t, dsn+"?nonsense=1", nil, "parameter")

		// A user that may not create the database.
		if kind == database.Postgres {
			db.Query(t, "", "CREATE ROLE lowly LOGIN PASSWORD 'humble pie'")
			t.Cleanup(func() { db.Query(t, "", "DROP ROLE lowly") })
		} else {
			db.Query(t, "", "CREATE USER lowly@'%' IDENTIFIED BY 'humble pie'")
			t.Cleanup(func() { db.Query(t, "", "DROP USER lowly@'%'") })
		}
		lowly := replaced(t, dsn, database.User+":"+database.Password, "lowly:humble%20pie")
		log := refused(t, lowly, nil, nameIn(dsn))
		expect.True(t, strings.Contains(log, "CREATEDB") || strings.Contains(log, "rights"), log)
		refused(t, "cassandra://somewhere/state", nil, "postgres")
	})
}

func TestReadOnlyDatabaseIsRefused(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		db := database.StartPostgres(t)
		standby := db.StartStandby(t, true)
		serves(t, db.DSN("state")).Kill()
		refused(t, standby.DSN("state"), nil, "primary")
	})
	t.Run("mariadb", func(t *testing.T) {
		db := database.StartMariaDB(t)
		serves(t, db.DSN("state")).Kill()
		db.Query(t, "", "SET GLOBAL read_only = 1")
		refused(t, db.DSN("state"), nil, "read-only")
	})
}

// Names and addresses may come to life later; meanwhile the log says what is missing.
func TestHostThatCannotBeReachedIsNamedAndWaitedFor(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		dsn := database.FreshDSN(t, kind)
		address := database.Shared(t, kind).Address()
		for _, nowhere := range []string{"127.0.0.1:1", "nowhere.invalid:5432"} {
			s := prepare(t, replaced(t, dsn, address, nowhere))
			launched := make(chan error, 1)
			go func() { launched <- s.TryLaunch() }()
			host, _, _ := strings.Cut(nowhere, ":")
			expect.Eventually(t, 15*time.Second, func() bool {
				log := s.LogTail(4096)
				return strings.Contains(log, "waiting for the database") && strings.Contains(log, host)
			}, "it says what it waits for: ", lazily(func() string { return s.LogTail(4096) }))
			expect.NoError(t, s.Signal(syscall.SIGTERM))
			select {
			case <-launched:
			case <-time.After(15 * time.Second):
				t.Fatal("still running 15 s after SIGTERM")
			}
		}
	})
}

// A service that is started with its database, or a little earlier, is not to fail.
func TestDatabaseThatIsNotThereYetIsWaitedFor(t *testing.T) {
	onEach(t, func(t *testing.T, kind database.Kind) {
		db := database.Start(t, kind)
		db.Kill()
		s := prepare(t, db.DSN("state"))
		launched := make(chan error)
		go func() { launched <- s.TryLaunch() }()
		expect.Eventually(t, 10*time.Second, func() bool {
			return strings.Contains(s.LogTail(4096), "waiting for the database")
		}, "it says what it waits for")
		expect.Contains(t, s.LogTail(4096), db.Address())
		db.Start(t)
		begin := time.Now()
		expect.NoError(t, <-launched)
		t.Logf("serves %v after the database", time.Since(begin))
		expect.Value(s.Client(t).Put(server.Context(t), "k", "v"))(t)
	})
}

// Whatever the password is and wherever it stands.
func TestPasswordMayHaveAnyLettersAndStandElsewhere(t *testing.T) {
	const password = `p@ss:w/o?r%d #&=+é"'`
	onEach(t, func(t *testing.T, kind database.Kind) {
		db := database.Shared(t, kind)
		quoted := strings.ReplaceAll(password, "'", "''")
		if kind == database.Postgres {
			db.Query(t, "", "CREATE ROLE peculiar LOGIN CREATEDB PASSWORD '"+quoted+"'")
			t.Cleanup(func() { db.Query(t, "", "DROP ROLE peculiar") })
		} else {
			db.Query(t, "", "CREATE USER peculiar@'%' IDENTIFIED BY '"+quoted+"'")
			t.Cleanup(func() { db.Query(t, "", "DROP USER peculiar@'%'") })
		}
		dsn := database.FreshDSN(t, kind) // dropped before its owner
		if kind == database.MariaDB {
			db.Query(t, "", "GRANT ALL PRIVILEGES ON `"+nameIn(dsn)+"`.* TO peculiar@'%'")
		}
		account := database.User + ":" + database.Password
		inside := replaced(t, dsn, account, "peculiar:"+url.QueryEscape(password))
		inside = strings.Replace(inside, "+", "%20", -1)
		outside := replaced(t, dsn, account, "peculiar")
		for _, s := range []*server.Server{
			prepare(t, inside),
			prepare(t, outside+"?password_file="+file(t, "password", password+"\n")),
			prepare(t, outside+"?password_env=DATABASE_PASSWORD"),
		} {
			s.Options.Environment = []string{"DATABASE_PASSWORD=" + password}
			t.Cleanup(func() { keepsToItself(t, s, password) })
			s.Launch(t)
			expect.Value(s.Client(t).Put(server.Context(t), "k", "v"))(t)
			s.Kill()
		}
	})
}
