package cluster

import (
	"strings"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

// inOrder names a database of a cluster by all of its nodes, the one to write to first.
func inOrder(g *database.Galera, name string) string {
	var places []string
	for _, node := range g.Nodes {
		places = append(places, node.Address())
	}
	return strings.Replace(g.DSN(0, name), g.Nodes[0].Address(), strings.Join(places, ","), 1)
}

// All servers write to the same node of the cluster. When it is killed, they go on at the next.
func TestServersOnGaleraMoveToTheNextNode(t *testing.T) {
	g := database.StartGalera(t, 3)
	g.WaitForSize(t, 0, 3)
	servers := startOn(t, inOrder(g, "state"), 3)
	book := write(t, 4, servers...)
	book.grows(t, 20*time.Second, 300)
	g.Nodes[0].Kill()
	book.goesOn(t, 30*time.Second, time.Now(), servers...)
	book.grows(t, 20*time.Second, 100)
	book.rest()
	for _, s := range servers {
		book.audit(t, s)
	}
	book.audit(t, join(t, servers[0].Options.Endpoint, "late"))
}
