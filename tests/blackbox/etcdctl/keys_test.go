package etcdctl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
)

func TestPutGetDel(t *testing.T) {
	c := start(t)
	c.is("OK", "put", "greeting", "hello world")
	c.is("greeting\nhello world", "get", "greeting")
	c.is("hello world", "get", "greeting", "--print-value-only")
	c.is("OK\ngreeting\nhello world", "put", "greeting", "again", "--prev-kv")
	output, ok := c.try("from standard input", "put", "input")
	expect.True(t, ok && output == "OK", output)
	c.is("from standard input", "get", "input", "--print-value-only")
	c.is("", "get", "missing")
	c.is("1\ngreeting\nagain", "del", "greeting", "--prev-kv")
	c.is("0", "del", "greeting")
	c.fails("etcdserver: key not found", "put", "greeting", "--ignore-value")
	c.fails("etcdserver: requested lease not found", "put", "k", "v", "--lease=1234")
	c.is("OK", "put", "--", "-dash", "v")

	for i := range 5 {
		c.is("OK", "put", fmt.Sprint("k/", i), fmt.Sprint("v", 9-i))
	}
	c.is("k/0\n\nk/1\n\nk/2\n\nk/3\n\nk/4", "get", "k/", "--prefix", "--keys-only")
	c.is("k/1\nv8\nk/2\nv7", "get", "k/1", "k/3")
	c.is("k/3\nv6\nk/4\nv5", "get", "k/3", "--from-key")
	c.is("k/0\nv9\nk/1\nv8", "get", "k/", "--prefix", "--limit=2")
	c.is("v9", "get", "k/", "--prefix", "--print-value-only", "--order=DESCEND", "--sort-by=VALUE", "--limit=1")
	c.is("v5", "get", "k/", "--prefix", "--print-value-only", "--order=DESCEND", "--sort-by=MODIFY", "--limit=1")
	c.is("v9", "get", "k/", "--prefix", "--print-value-only", "--order=ASCEND", "--sort-by=CREATE", "--limit=1", "--consistency=s")
	c.is("greeting\nagain", "get", "greeting", "--rev=3")
	c.fails("required revision is a future revision", "get", "greeting", "--rev=999")

	var answer struct {
		Header struct{ Revision int64 }
		Kvs    []struct {
			Key, Value     []byte
			CreateRevision int64 `json:"create_revision"`
			ModRevision    int64 `json:"mod_revision"`
			Version        int64
		}
		Count int64
	}
	expect.NoError(t, json.Unmarshal([]byte(c.run("get", "k/2", "-w", "json")), &answer))
	expect.Equal(t, int64(11), answer.Header.Revision)
	expect.Equal(t, []any{"k/2", "v7", int64(9), int64(9), int64(1)}, []any{string(answer.Kvs[0].Key),
		string(answer.Kvs[0].Value), answer.Kvs[0].CreateRevision, answer.Kvs[0].ModRevision,
		answer.Kvs[0].Version})
	fields := c.run("get", "k/2", "-w", "fields")
	expect.Contains(t, fields, `"Revision" : 11`)
	expect.Contains(t, fields, `"Count" : 1`)
	c.is("2", "del", "k/0", "k/2")
	c.is("1", "del", "k/2", "--prefix")
	c.is("4", "del", "", "--from-key")
}

func TestTxn(t *testing.T) {
	c := start(t)
	c.is("OK", "put", "k", "1")
	output, ok := c.try("value(\"k\") = \"1\"\nmod(\"k\") > \"1\"\nversion(\"none\") = \"0\"\n\n"+
		"put k 2\nput new x\nget k\n\nget k\n\n", "txn")
	expect.True(t, ok, output)
	expect.Equal(t, "SUCCESS\n\nOK\n\nOK\n\nk\n2", output)
	output, ok = c.try("value(\"k\") = \"1\"\n\nput k 3\n\nget k\ndel new\n\n", "txn")
	expect.True(t, ok, output)
	expect.Equal(t, "FAILURE\n\nk\n2\n\n1", output)
	output, ok = c.try("create(\"k\") = \"2\"\n\nget k\n\n\n", "txn", "--interactive")
	expect.True(t, ok, output)
	expect.Contains(t, output, "compares:")
	expect.Contains(t, output, "SUCCESS")
	output, ok = c.try("\nput d 1\nput d 2\n\n\n", "txn")
	expect.True(t, !ok, output)
	expect.Contains(t, output, "etcdserver: duplicate key given in txn request")
}

func TestWatch(t *testing.T) {
	c := start(t)
	c.is("OK", "put", "w/a", "0")
	live := c.launch("watch", "w/", "--prefix", "--prev-kv")
	past := c.launch("watch", "w/a", "--rev=2")
	past.prints("PUT", "w/a", "0")
	interactive := c.launch("watch", "--interactive")
	fmt.Fprintln(interactive.input, "watch w/a")
	fmt.Fprintln(interactive.input, "progress")
	interactive.prints("progress notify: 2") // and now it surely watches
	time.Sleep(300 * time.Millisecond)       // as `live` does
	c.is("OK", "put", "w/a", "1")
	c.is("OK", "put", "w/b", "2")
	c.is("1", "del", "w/a")
	live.prints("PUT", "w/a", "0", "w/a", "1", "PUT", "w/b", "2", "DELETE", "w/a", "1", "w/a", "")
	past.prints("PUT", "w/a", "1", "DELETE", "w/a", "")
	interactive.prints("PUT", "w/a", "1", "DELETE", "w/a", "")
	for _, watch := range []*running{live, past, interactive} {
		watch.interrupt()
	}
	c.run("compaction", "4")
	old := c.launch("watch", "w/a", "--rev=2")
	expect.Contains(t, old.line(), "watch was canceled (etcdserver: mvcc: required revision has been compacted)")
	onto := c.launch("watch", "w/a", "--rev=5", "--", "sh", "-c", "echo event $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY")
	onto.prints("DELETE", "w/a", "")
	onto.prints(`event "DELETE" "w/a"`)
}

func TestLease(t *testing.T) {
	c := start(t)
	c.is("found 0 leases", "lease", "list")
	granted := strings.Fields(c.run("lease", "grant", "600"))
	id := granted[1]
	expect.Equal(t, fmt.Sprintf("lease %s granted with TTL(600s)", id), strings.Join(granted, " "))
	c.is("OK", "put", "l1", "v", "--lease="+id)
	c.is("OK", "put", "l2", "v", "--lease="+id)
	c.is("found 1 leases\n"+id, "lease", "list")
	told := c.run("lease", "timetolive", id, "--keys")
	expect.Contains(t, told, "granted with TTL(600s), remaining(")
	expect.True(t, strings.Contains(told, "attached keys([l1 l2])") ||
		strings.Contains(told, "attached keys([l2 l1])"), told)
	c.is(fmt.Sprintf("lease %s keepalived with TTL(600)", id), "lease", "keep-alive", "--once", id)
	short := strings.Fields(c.run("lease", "grant", "2"))[1]
	alive := c.launch("lease", "keep-alive", short)
	alive.prints(fmt.Sprintf("lease %s keepalived with TTL(2)", short),
		fmt.Sprintf("lease %s keepalived with TTL(2)", short))
	alive.interrupt()
	c.is(fmt.Sprintf("lease %s revoked", id), "lease", "revoke", id)
	c.is("", "get", "l", "--prefix")
	c.is(fmt.Sprintf("lease %s already expired", id), "lease", "timetolive", id)
	c.fails("requested lease not found", "lease", "revoke", id)
	c.fails("too large lease TTL", "lease", "grant", "9000000001")
	expect.Eventually(t, 8*time.Second, func() bool { return c.run("lease", "list") == "found 0 leases" },
		"the short lease ends")
}

func TestLockAndElect(t *testing.T) {
	c := start(t)
	first := c.launch("lock", "mutex")
	expect.Contains(t, first.line(), "mutex/")
	second := c.launch("lock", "mutex")
	second.silent(300 * time.Millisecond)
	first.interrupt()
	expect.Contains(t, second.line(), "mutex/")
	second.interrupt()
	output := c.run("lock", "mutex", "--", "sh", "-c", "echo inside $ETCD_LOCK_KEY")
	expect.Contains(t, output, "inside mutex/")

	leader := c.launch("elect", "post", "one")
	expect.Contains(t, leader.line(), "post/")
	leader.prints("one")
	listener := c.launch("elect", "post", "--listen")
	expect.Contains(t, listener.line(), "post/")
	listener.prints("one")
	next := c.launch("elect", "post", "two")
	next.silent(200 * time.Millisecond)
	leader.interrupt()
	expect.Contains(t, next.line(), "post/")
	next.prints("two")
	expect.Contains(t, listener.line(), "post/")
	listener.prints("two")
	next.interrupt()
}
