package torture

import (
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/proxy"
	"kvshim.test/blackbox/server"
)

// Wherever an answer of the database ends, among the columns or the rows of one of several results too,
// the server goes on.
func TestAnAnswerMayEndAnywhereOnMariaDB(t *testing.T) {
	c := onOneDatabase(t, database.MariaDB, 1, 1)
	node := c.Nodes[0]
	client, ctx := node.Server.Client(t), server.Context(t)
	lease := expect.Value(client.Grant(ctx, 60))(t).ID
	for place := range 16 {
		rule := proxy.CutAnswer.Named("cut", proxy.Carrying(""))
		rule.Skip = place
		struck := node.Proxy.Add(rule)
		for begin := time.Now(); struck.Struck() == 0; {
			expect.True(t, time.Since(begin) < 5*time.Second, "something is cut at ", place)
			kept := expect.Value(client.KeepAliveOnce(ctx, lease))(t, "cut at ", place)
			expect.Equal(t, int64(60), kept.TTL, "cut at ", place)
		}
		struck.Remove()
	}
	expect.Value(client.Put(ctx, "k", "v"))(t)
}
