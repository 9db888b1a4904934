// Package torture runs several kvshim servers on one database, breaks servers, connections and the
// database while clients work, and checks what the clients saw: together the servers are one strictly
// serializable etcd, no acknowledged write is lost, and no watch misses or repeats an event.
//
//	./dev test -R blackbox.torture                    one round of each, about half a minute
//	KVSHIM_TORTURE=10m go test -timeout 0 ./torture   rounds of a minute for so long
//	SEED=17 go test -run MariaDB ./torture            the same faults again, as far as timing allows
//
// A round that fails shows the operations around the contradiction and the faults, and writes its whole
// history to a file for history.Read.
package torture

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/history"
	"kvshim.test/blackbox/proxy"
	"kvshim.test/blackbox/server"
)

// Cluster is some servers that should be one etcd.
type Cluster struct {
	Nodes []*Node
	// Databases are what the servers are on: one, or the nodes of a Galera cluster, a server on each; none
	// where each server has a file of its own.
	Databases []*database.Instance
}

// Node is one server and, where it has a database to reach, its way there.
type Node struct {
	Server *server.Server
	Proxy  *proxy.Proxy // nil without a database

	mutex sync.Mutex   // held by the fault that is at work here
	state atomic.Int64 // twice the number of starts; odd while it is down or may be
}

// onOneDatabase starts a database and so many servers that reach it through proxies.
func onOneDatabase(t *testing.T, kind database.Kind, servers int, seed uint64, flags ...string) *Cluster {
	t.Helper()
	c := &Cluster{Databases: []*database.Instance{database.Start(t, kind)}}
	for range servers {
		c.join(t, c.Databases[0], seed, flags...)
	}
	return c
}

// onGalera starts a cluster of so many nodes that all take writes, and a server on each.
func onGalera(t *testing.T, nodes int, seed uint64, flags ...string) *Cluster {
	t.Helper()
	c := &Cluster{Databases: database.StartGalera(t, nodes).Nodes}
	for _, node := range c.Databases {
		c.join(t, node, seed, flags...)
	}
	return c
}

// join starts one more server, on this database by a proxy of its own.
func (c *Cluster) join(t *testing.T, on *database.Instance, seed uint64, flags ...string) {
	t.Helper()
	protocol := map[database.Kind]proxy.Protocol{database.Postgres: proxy.Postgres,
		database.MariaDB: proxy.MySQL}[on.Kind]
	n := len(c.Nodes)
	p, err := proxy.New(protocol, on.Address(), seed+uint64(n)<<32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	endpoint := strings.Replace(on.DSN("torture"), on.Address(), p.Address(), 1)
	c.start(t, server.Options{Flavor: server.Kvshim, Endpoint: endpoint,
		Flags: append([]string{"--name", fmt.Sprint("server", n)}, flags...)}, p)
}

// alone starts one server on its own store.
func alone(t *testing.T, options server.Options) *Cluster {
	t.Helper()
	c := &Cluster{}
	c.start(t, options, nil)
	return c
}

func (c *Cluster) start(t *testing.T, options server.Options, p *proxy.Proxy) {
	t.Helper()
	node := &Node{Server: server.Start(t, options), Proxy: p}
	node.state.Store(2)
	c.Nodes = append(c.Nodes, node)
}

func (c *Cluster) members() (members []history.Member) {
	for _, node := range c.Nodes {
		members = append(members, history.Member{URL: node.Server.URL(), Incarnation: node.incarnation})
	}
	return members
}

func (n *Node) incarnation() int {
	if state := n.state.Load(); state%2 == 0 {
		return int(state / 2)
	}
	return 0
}

// kill ends the server with SIGKILL.
func (n *Node) kill() {
	n.state.Add(1)
	n.Server.Kill()
}

// stop ends it as an operator would.
func (n *Node) stop() error {
	n.state.Add(1)
	return n.Server.Stop(20 * time.Second)
}

// launch starts it again, and keeps trying, as a service manager would: its database may be away.
func (n *Node) launch(limit time.Duration) (err error) {
	for deadline := time.Now().Add(limit); ; {
		if err = n.Server.TryLaunch(); err == nil {
			n.state.Add(1)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not up again after %v: %w", limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (n *Node) pause()  { n.Server.Signal(syscall.SIGSTOP) }
func (n *Node) resume() { n.Server.Signal(syscall.SIGCONT) }
