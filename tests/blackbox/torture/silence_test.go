package torture

import (
	"context"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/proxy"
)

// A server whose network swallows everything from its COMMIT on, and whose database never hears that
// it is gone, holds the lock that every append takes.
func TestAServerThatFallsSilentInItsCommitHoldsNobodyUpForLong(t *testing.T) {
	c := onOneDatabase(t, database.Postgres, 2, 1)
	silent, other := c.Nodes[0], c.Nodes[1]
	client := other.Server.Client(t)
	rule := proxy.Swallow
	rule.At = func(m proxy.Message) bool { return m.Name == "Execute" && m.Text == "COMMIT" }
	struck := silent.Proxy.Add(rule)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	go silent.Server.Client(t).Put(ctx, "k", "swallowed")
	expect.True(t, struck.Await(1, 10*time.Second), "the commit meets the rule")
	begin := time.Now()
	for {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := client.Put(attempt, "k", "of the other")
		cancel()
		if err == nil {
			break
		}
		expect.True(t, ctx.Err() == nil, "the other server goes on: ", err)
	}
	took := time.Since(begin)
	t.Logf("the other server went on after %.1f s", took.Seconds())
	expect.True(t, took > time.Second && took < 12*time.Second, "it took ", took)
}
