package etcdctl

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestEndpoint(t *testing.T) {
	c := start(t)
	c.is("OK", "put", "k", "v")
	output := c.run("endpoint", "health")
	expect.Contains(t, output, c.url+" is healthy: successfully committed proposal: took = ")
	expect.Contains(t, c.run("endpoint", "health", "--cluster"), "is healthy")
	fields := strings.Split(c.run("endpoint", "status"), ", ")
	expect.True(t, len(fields) >= 8 && fields[0] == c.url && strings.HasPrefix(fields[2], "3."), fields)
	expect.Equal(t, "true", fields[4], "leads")
	expect.Contains(t, c.run("endpoint", "status", "-w", "table"), "IS LEADER")
	var statuses []struct {
		Endpoint string
		Status   struct {
			Header              struct{ Revision int64 }
			DbSize, Leader      uint64
			RaftIndex, RaftTerm uint64
			Version             string
		}
	}
	expect.NoError(t, json.Unmarshal([]byte(c.run("endpoint", "status", "-w", "json")), &statuses))
	status := statuses[0].Status
	expect.True(t, status.Leader != 0 && status.RaftTerm != 0 && status.RaftIndex != 0, status)
	hash := c.run("endpoint", "hashkv")
	expect.True(t, strings.HasPrefix(hash, c.url+", "), hash)
	expect.Equal(t, hash, c.run("endpoint", "hashkv"), "stable")
	expect.Equal(t, hash, c.run("endpoint", "hashkv", "--rev=2"))
	c.is("OK", "put", "k", "w")
	expect.Equal(t, hash, c.run("endpoint", "hashkv", "--rev=2"), "of the past")
	expect.True(t, hash != c.run("endpoint", "hashkv"), "each write changes it")
	expect.Contains(t, c.run("member", "list"), ", started, ")
	expect.Contains(t, c.run("member", "list"), c.url)
	expect.Contains(t, c.run("member", "list", "-w", "table"), "CLIENT ADDRS")
}

func TestCompactionAndDefrag(t *testing.T) {
	c := start(t)
	for i := range 5 {
		c.is("OK", "put", "k", fmt.Sprint(i))
	}
	c.is("compacted revision 4", "compaction", "4")
	c.is("compacted revision 5", "compaction", "5", "--physical")
	c.fails("etcdserver: mvcc: required revision has been compacted", "compaction", "4")
	c.fails("etcdserver: mvcc: required revision is a future revision", "compaction", "99")
	c.fails("etcdserver: mvcc: required revision has been compacted", "get", "k", "--rev=4")
	c.is("k\n3", "get", "k", "--rev=5")
	c.is("Finished defragmenting etcd member["+c.url+"]", "defrag")
	c.is("k\n4", "get", "k")
}

func TestAlarm(t *testing.T) {
	c := start(t, server.Options{Quota: 4 << 20})
	c.is("", "alarm", "list")
	value := strings.Repeat("v", 1_000_000)
	full := ""
	for i := 0; i < 40 && full == ""; i++ {
		if output, ok := c.try(value, "put", fmt.Sprint("fill", i)); !ok {
			full = output
		}
	}
	expect.Contains(t, full, "etcdserver: mvcc: database space exceeded")
	expect.Contains(t, c.run("alarm", "list"), "alarm:NOSPACE")
	c.fails("etcdserver: mvcc: database space exceeded", "put", "k", "v")
	var statuses []struct {
		Status struct{ Header struct{ Revision int64 } }
	}
	c.run("del", "fill", "--prefix")
	expect.NoError(t, json.Unmarshal([]byte(c.run("endpoint", "status", "-w", "json")), &statuses))
	c.run("compaction", "--physical", fmt.Sprint(statuses[0].Status.Header.Revision))
	expect.Eventually(t, 10*time.Second, func() bool {
		c.run("defrag")
		var sizes []struct{ Status struct{ DbSize int64 } }
		expect.NoError(t, json.Unmarshal([]byte(c.run("endpoint", "status", "-w", "json")), &sizes))
		return sizes[0].Status.DbSize < 2<<20
	}, "space comes back")
	expect.Contains(t, c.run("alarm", "disarm"), "alarm:NOSPACE")
	c.is("", "alarm", "list")
	c.is("OK", "put", "k", "v")
	c.run("endpoint", "health")
}

func TestSnapshot(t *testing.T) {
	c := start(t)
	for i := range 20 {
		c.is("OK", "put", fmt.Sprint("k", i), "v")
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	expect.Contains(t, c.run("snapshot", "save", file), "Snapshot saved at "+file)
	size := expect.Value(os.Stat(file))(t).Size()
	expect.Equal(t, int64(32), size%512, "pages and the digest, which etcdctl checks")
	if c.server.Options.Flavor == server.Etcd {
		expect.Contains(t, c.run("snapshot", "status", file), ", 21, ") // hash, revision, keys, size
	}
}

func TestMakeMirror(t *testing.T) {
	from, to := start(t), start(t)
	for i := range 5 {
		from.is("OK", "put", fmt.Sprint("m/", i), fmt.Sprint(i))
	}
	from.is("OK", "put", "other", "x")
	from.launch("make-mirror", "--prefix", "m/", "--dest-prefix", "copy/", strings.TrimPrefix(to.url, "http://"))
	expect.Eventually(t, 10*time.Second, func() bool {
		return to.run("get", "copy/", "--prefix", "--print-value-only") == "0\n1\n2\n3\n4"
	}, "the base is copied")
	from.is("OK", "put", "m/5", "5")
	from.is("1", "del", "m/0")
	expect.Eventually(t, 10*time.Second, func() bool {
		return to.run("get", "copy/", "--prefix", "--print-value-only") == "1\n2\n3\n4\n5"
	}, "updates are copied")
	to.is("", "get", "other")
}

func TestRefusalsAreClear(t *testing.T) {
	c := start(t)
	c.fails("bad leader transferee", "move-leader", "1234")
	if c.server.Options.Flavor == server.Kvshim {
		for _, arguments := range [][]string{
			{"member", "add", "x", "--peer-urls=http://127.0.0.1:1"}, {"member", "remove", "1234"},
			{"member", "update", "1234", "--peer-urls=http://127.0.0.1:1"},
		} {
			output, ok := c.try("", arguments...)
			expect.True(t, !ok, arguments, " must be refused")
			expect.True(t, len(output) > 10 && !strings.Contains(output, "panic"), output)
		}
	}
}

// BLACKBOX_LONG runs `check perf` too, which takes a minute.
func TestCheck(t *testing.T) {
	c := start(t)
	output, ok := c.try("", "check", "datascale", "--load=s", "--auto-compact", "--auto-defrag")
	expect.True(t, ok, output)
	expect.Contains(t, output, "PASS: Approximate system memory used")
	if os.Getenv("BLACKBOX_LONG") != "" {
		output, ok = c.try("", "check", "perf", "--load=s", "--auto-compact", "--auto-defrag")
		expect.True(t, ok, output)
		expect.Contains(t, output, "PASS")
	}
}
