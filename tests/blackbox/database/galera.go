package database

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Galera is a cluster of MariaDB servers that certify each other's transactions.
type Galera struct {
	Nodes []*Instance

	members   []string // the group addresses of all nodes
	bootstrap bool     // a node that starts now founds the cluster
}

// StartGalera runs a cluster of so many nodes and returns when all of them take part.
func StartGalera(t testing.TB, nodes int) *Galera {
	t.Helper()
	g := &Galera{}
	for n := range nodes {
		node := owned(t)(g.newNode(n))
		g.Nodes = append(g.Nodes, node)
	}
	for n, node := range g.Nodes {
		g.bootstrap = n == 0
		if g.bootstrap {
			if err := node.createMariaDB(); err != nil {
				t.Fatal(err)
			}
			if err := node.createMariaDBUser(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		node.Start(t) // copies the data of a node that runs
	}
	g.bootstrap = false
	return g
}

// DSN names a database of the cluster by one of its nodes.
func (g *Galera) DSN(node int, name string) string { return g.Nodes[node].DSN(name) }

// Bootstrap starts a node as the only one of a cluster whose nodes are all down. It should be one
// that went down last.
func (g *Galera) Bootstrap(t testing.TB, node int) {
	t.Helper()
	if err := g.allowBootstrap(node); err != nil {
		t.Fatal(err)
	}
	g.bootstrap = true
	defer func() { g.bootstrap = false }()
	g.Nodes[node].Start(t)
}

// WaitForSize returns when a node sees so many nodes, itself included, and takes part.
func (g *Galera) WaitForSize(t testing.TB, node, size int) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(50 * time.Millisecond) {
		rows, err := g.Nodes[node].TryQuery("", "SHOW STATUS WHERE Variable_name IN "+
			"('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_ready')")
		if err == nil && rows == fmt.Sprintf("wsrep_cluster_size\t%d\nwsrep_cluster_status\tPrimary\n"+
			"wsrep_ready\tON", size) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("node %d does not see %d nodes: %q %v", node, size, rows, err)
		}
	}
}

func (g *Galera) newNode(number int) (*Instance, error) {
	provider := "/usr/lib/galera/libgalera_smm.so"
	if found, _ := filepath.Glob("/usr/lib*/galera*/libgalera_smm.so"); len(found) > 0 {
		provider = found[0]
	}
	if !exists(provider) {
		return nil, fmt.Errorf("no %s: ./dev setup installs Galera", provider)
	}
	var ports [3]int // of the group, of incremental and of whole copies
	for n := range ports {
		var err error
		if ports[n], err = freePort(); err != nil {
			return nil, err
		}
	}
	group := fmt.Sprintf("127.0.0.1:%d", ports[0])
	g.members = append(g.members, group)
	node, err := newMariaDB(fmt.Sprint("galera", number), Options{Settings: []string{
		"binlog-format=ROW", "default-storage-engine=InnoDB", "innodb-autoinc-lock-mode=2",
		"wsrep-on=ON", "wsrep-provider=" + provider, "wsrep-cluster-name=test",
		fmt.Sprint("wsrep-node-name=node", number), "wsrep-node-address=" + group,
		"wsrep-sst-method=rsync", fmt.Sprint("wsrep-sst-receive-address=127.0.0.1:", ports[2]),
		"wsrep-provider-options=" + strings.Join([]string{
			"gmcast.listen_addr=tcp://" + group, fmt.Sprint("ist.recv_addr=127.0.0.1:", ports[1]),
			"gcache.size=16M",
			// A node that is killed is missed after a second, not five.
			"evs.suspect_timeout=PT1S", "evs.inactive_timeout=PT3S", "evs.keepalive_period=PT0.3S",
			"evs.inactive_check_period=PT0.3S",
		}, ";"),
	}})
	if err != nil {
		return node, err
	}
	alone := node.arguments
	node.arguments = func() []string {
		address := "gcomm://" + strings.Join(g.members, ",")
		if g.bootstrap {
			address = "gcomm://"
		}
		return append(alone(), "--wsrep-cluster-address="+address)
	}
	node.ready = func() bool {
		if !node.greets() {
			return false
		}
		rows, err := node.TryQuery("", "SHOW STATUS LIKE 'wsrep_local_state_comment'")
		return err == nil && strings.HasSuffix(rows, "\tSynced")
	}
	return node, nil
}

// allowBootstrap marks a node as one to found the cluster anew, which Galera otherwise refuses to
// any that it has not seen going down last.
func (g *Galera) allowBootstrap(node int) error {
	i := g.Nodes[node]
	state, err := i.read("data/grastate.dat")
	if err != nil {
		return err
	}
	return i.write("data/grastate.dat",
		strings.Replace(state, "safe_to_bootstrap: 0", "safe_to_bootstrap: 1", 1))
}
