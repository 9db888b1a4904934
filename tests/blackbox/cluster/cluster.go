// Package cluster tests several kvshim servers that share one database: together they are one etcd.
//
// The tests on a database that others use too, those in the files that tests/blackbox/CMakeLists.txt
// lists, run once with DATABASE=postgres and once with DATABASE=mariadb. The others start the servers
// that they break: PgBouncer, standbys, Galera, servers with TLS.
package cluster

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// kind is the database that the environment asks for.
func kind(t testing.TB) database.Kind {
	t.Helper()
	k := database.UnderTest()
	if k == database.SQLite {
		t.Fatal("several servers need DATABASE=postgres or DATABASE=mariadb")
	}
	return k
}

// start runs so many servers on one new database.
func start(t testing.TB, servers int, flags ...string) []*server.Server {
	t.Helper()
	return startOn(t, database.FreshDSN(t, kind(t)), servers, flags...)
}

// startOn runs so many servers on the database that a DSN names.
func startOn(t testing.TB, dsn string, servers int, flags ...string) (all []*server.Server) {
	t.Helper()
	for n := range servers {
		all = append(all, join(t, dsn, fmt.Sprint("server", n), flags...))
	}
	return all
}

// join runs one more server on a database.
func join(t testing.TB, dsn, name string, flags ...string) *server.Server {
	t.Helper()
	s := prepare(t, dsn, flags...)
	s.Options.Flags = append(s.Options.Flags, "--name", name)
	s.Launch(t)
	return s
}

// prepare is a server that does not run yet. Whatever becomes of it, its log must not tell the
// password of its DSN.
func prepare(t testing.TB, dsn string, flags ...string) *server.Server {
	t.Helper()
	s := server.New(t, server.Options{Flavor: server.Kvshim, Endpoint: dsn,
		Flags: append([]string{}, flags...)})
	t.Cleanup(func() { keepsToItself(t, s, passwordOf(dsn)) })
	return s
}

// keepsToItself demands that a server's log does not have a password in it.
func keepsToItself(t testing.TB, s *server.Server, password string) {
	t.Helper()
	log, err := os.ReadFile(s.LogPath())
	if password == "" || err != nil {
		return
	}
	for _, form := range []string{password, url.QueryEscape(password), url.PathEscape(password)} {
		if at := strings.Index(string(log), form); at >= 0 {
			line := log[strings.LastIndexByte(string(log[:at]), '\n')+1:]
			t.Errorf("the log tells the password: %.300s", line)
			return
		}
	}
}

// passwordOf is what stands between the account's colon and its @.
func passwordOf(dsn string) string {
	_, rest, _ := strings.Cut(dsn, "://")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return ""
	}
	_, password, _ := strings.Cut(rest[:at], ":")
	if decoded, err := url.PathUnescape(password); err == nil {
		return decoded
	}
	return password
}

// nameIn is the name of the database in a DSN without parameters.
func nameIn(dsn string) string { return dsn[strings.LastIndexByte(dsn, '/')+1:] }

// clientOf connects to several servers at once, as a user of a cluster does.
func clientOf(t testing.TB, servers ...*server.Server) *clientv3.Client {
	t.Helper()
	client := servers[0].Client(t)
	urls := []string{}
	for _, s := range servers {
		urls = append(urls, s.URL())
	}
	client.SetEndpoints(urls...)
	return client
}

// within bounds one call.
func within(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func pause(s *server.Server)  { s.Signal(syscall.SIGSTOP) }
func resume(s *server.Server) { s.Signal(syscall.SIGCONT) }

// status is what a server says of itself.
func status(t testing.TB, s *server.Server) *clientv3.StatusResponse {
	t.Helper()
	return expect.Value(s.Client(t).Status(within(t, 10*time.Second), s.URL()))(t)
}

func memberID(t testing.TB, s *server.Server) uint64 {
	t.Helper()
	return status(t, s).Header.MemberId
}

// leaderAmong waits until all of these servers name the same one of them the leader, and splits it
// from the others.
func leaderAmong(t testing.TB, limit time.Duration, servers ...*server.Server) (leader *server.Server,
	others []*server.Server) {
	t.Helper()
	var seen []string
	expect.Eventually(t, limit, func() bool {
		leader, others, seen = nil, nil, nil
		leaders := map[uint64]bool{}
		for _, s := range servers {
			answer := status(t, s)
			leaders[answer.Leader] = true
			seen = append(seen, fmt.Sprintf("%x says %x", answer.Header.MemberId, answer.Leader))
			if answer.Leader == answer.Header.MemberId {
				leader = s
			} else {
				others = append(others, s)
			}
		}
		return len(leaders) == 1 && leader != nil
	}, "all name one leader among them: ", lazily(func() string { return fmt.Sprint(seen) }))
	return leader, others
}

// lazily is a text that is made when it is shown.
type lazily func() string

func (l lazily) String() string { return l() }
