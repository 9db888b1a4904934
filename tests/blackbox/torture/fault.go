package torture

import (
	"fmt"
	"math/rand/v2"
	"time"

	"kvshim.test/blackbox/proxy"
)

// fault is one way to do harm. It returns when it is healed.
type fault struct {
	name   string
	weight int
	strike func(*gremlin) error
}

// serverFaults are those of one server and its connections.
var serverFaults = []fault{
	{"kill a server", 4, func(g *gremlin) error {
		g.node.kill()
		g.rest(0, 2*time.Second)
		return g.node.launch(launchLimit)
	}},
	{"pause a server", 3, func(g *gremlin) error {
		g.node.pause()
		g.rest(time.Second, g.longest)
		g.node.resume()
		return nil
	}},
	{"pause a server, then kill it", 1, func(g *gremlin) error {
		g.node.pause()
		g.rest(100*time.Millisecond, 3*time.Second)
		g.node.kill()
		return g.node.launch(launchLimit)
	}},
	{"stop a server", 1, func(g *gremlin) error {
		err := g.node.stop()
		if again := g.node.launch(launchLimit); again != nil {
			return again
		}
		return err
	}},
}

// connectionFaults are those of the connections between one server and the database.
var connectionFaults = []fault{
	message("cut before a message", proxy.CutBefore),
	message("cut inside a message", proxy.CutInside),
	message("lose the answer to a message", proxy.CutAfter),
	message("deliver a message after its connection broke", proxy.Zombie),
	message("abandon the database inside a message", proxy.Abandon),
	message("swallow a message and what follows", proxy.Swallow),
	message("swallow the answers from a message on", proxy.SwallowAnswer),
	message("half-close after a message", proxy.HalfClose),
	message("hold a message back", proxy.Late),
	answer("cut before an answer", proxy.CutAnswer),
	answer("cut inside an answer", proxy.CutInsideAnswer),
	answer("hold an answer back", proxy.LateAnswer),
	{"cut the connections", 2, func(g *gremlin) error {
		for range 1 + g.random.IntN(5) {
			g.node.Proxy.CutAll()
			g.rest(0, 300*time.Millisecond)
		}
		return nil
	}},
	{"cut new connections after some bytes", 2, func(g *gremlin) error {
		for _, from := range []proxy.Side{proxy.Client, proxy.Server} {
			g.node.Proxy.Add(proxy.Rule{Name: "bytes", From: from, Bytes: g.random.Int64N(3000), Times: -1,
				Chance: 0.7, Client: proxy.Reset, Server: proxy.Reset, Forward: proxy.Half})
		}
		g.node.Proxy.CutAll()
		g.rest(200*time.Millisecond, 2*time.Second)
		g.node.Proxy.Heal()
		return nil
	}},
	{"refuse connections", 2, func(g *gremlin) error {
		g.node.Proxy.Refuse(true)
		g.node.Proxy.CutAll()
		g.rest(100*time.Millisecond, 3*time.Second)
		g.node.Proxy.Heal()
		return nil
	}},
	{"swallow everything", 2, func(g *gremlin) error {
		g.node.Proxy.Silence()
		g.rest(500*time.Millisecond, g.longest)
		g.node.Proxy.Heal()
		return nil
	}},
	{"delay everything", 2, func(g *gremlin) error {
		for _, from := range []proxy.Side{proxy.Client, proxy.Server} {
			least := time.Duration(g.random.Int64N(int64(20 * time.Millisecond)))
			g.node.Proxy.Delay(from, least, least+time.Duration(g.random.Int64N(int64(50*time.Millisecond))))
		}
		g.rest(time.Second, 4*time.Second)
		g.node.Proxy.Heal()
		return nil
	}},
}

// statements are texts that kvshim's messages carry on the way to a commit; empty: any message.
var statements = []string{"insert into kv_batch", "insert into kv_batch", "insert into kv_log", "commit", "",
	"kv_lock", "select"}

// message is a fault around a message of a server to its database.
func message(name string, rule proxy.Rule) fault {
	return fault{name, 2, func(g *gremlin) error {
		g.strikeAt(rule, statements[g.random.IntN(len(statements))])
		return nil
	}}
}

// answer is a fault around an answer of the database.
func answer(name string, rule proxy.Rule) fault {
	texts := []string{"insert", "commit", ""}
	return fault{name, 2, func(g *gremlin) error {
		g.strikeAt(rule, texts[g.random.IntN(len(texts))])
		return nil
	}}
}

func (g *gremlin) strikeAt(rule proxy.Rule, text string) {
	rule = rule.Named(text, proxy.Carrying(text))
	rule.Skip = g.random.IntN(20)
	rule.Times = 1 + g.random.IntN(3)
	if rule.Hold > 0 {
		rule.Hold = time.Duration(g.random.Int64N(int64(2 * time.Second)))
	}
	strike := g.node.Proxy.Add(rule)
	if strike.Await(1, 2*time.Second) {
		g.note("struck at %q", text)
	}
	// What was swallowed or abandoned stays so for as long as a firewall may take to say so.
	g.rest(100*time.Millisecond, g.longest/2)
	g.node.Proxy.Heal()
}

// databaseFaults are those of the database.
var databaseFaults = []fault{
	{"kill the database", 3, func(g *gremlin) error {
		g.database.Kill()
		g.rest(0, 3*time.Second)
		g.database.Start(g.test)
		return nil
	}},
	{"stop the database", 1, func(g *gremlin) error {
		g.database.Stop(g.test)
		g.rest(0, time.Second)
		g.database.Start(g.test)
		return nil
	}},
	{"pause the database", 2, func(g *gremlin) error {
		g.database.Pause()
		g.rest(200*time.Millisecond, g.longest)
		g.database.Resume()
		return nil
	}},
	{"kill the database while it is paused", 1, func(g *gremlin) error {
		g.database.Pause()
		g.rest(200*time.Millisecond, 2*time.Second)
		g.database.Kill()
		g.database.Start(g.test)
		return nil
	}},
}

const launchLimit = 60 * time.Second

func choose(random *rand.Rand, faults []fault) fault {
	sum := 0
	for _, f := range faults {
		sum += f.weight
	}
	at := random.IntN(sum)
	for _, f := range faults {
		if at -= f.weight; at < 0 {
			return f
		}
	}
	panic(fmt.Sprint("no fault among ", len(faults)))
}
