package torture

import (
	"context"
	"fmt"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/history"
	"kvshim.test/blackbox/proxy"
)

// step is a message on the way to a commit, or an answer.
type step struct {
	name string
	at   func(proxy.Message) bool
	slow bool // try what takes long too
}

func named(name string) func(proxy.Message) bool { return proxy.Carrying("", name) }

var commitSteps = map[database.Kind][]step{
	database.Postgres: {
		{"BEGIN", proxy.Carrying("begin", "Execute"), false},
		{"the lock", proxy.Carrying("for update", "Execute"), false},
		{"the batch", proxy.Carrying("insert into kv_batch", "Execute"), false},
		{"the rows", proxy.Carrying("insert into kv_log", "Bind"), false},
		{"COMMIT", proxy.Carrying("commit", "Execute"), true},
		{"the end of the pipeline", named("Sync"), false},
	},
	database.MariaDB: {{"the statement", proxy.Carrying("insert into kv_batch"), true}},
}

var answerSteps = map[database.Kind][]step{
	database.Postgres: {
		{"the insert's answer", proxy.Carrying("insert", "CommandComplete"), false},
		{"the commit's answer", proxy.Carrying("commit", "CommandComplete"), false},
		{"the last answer", named("ReadyForQuery"), false},
	},
	database.MariaDB: {{"the answer", named("OK"), false}},
}

var messageFaults = []proxy.Rule{
	proxy.CutBefore.Named("cut before", nil), proxy.CutInside.Named("cut inside", nil),
	proxy.CutAfter.Named("cut after", nil), proxy.Zombie.Named("deliver late, after a reset,", nil),
	proxy.Abandon.Named("abandon inside", nil), proxy.Swallow.Named("swallow", nil),
	proxy.SwallowAnswer.Named("swallow all answers from", nil), proxy.HalfClose.Named("half-close after", nil),
	proxy.Late.Named("hold back", nil),
}

var answerFaults = []proxy.Rule{
	proxy.CutAnswer.Named("cut before", nil), proxy.CutInsideAnswer.Named("cut inside", nil),
	proxy.LateAnswer.Named("hold back", nil),
}

// breakEveryStep breaks one server's connection at every step of a commit, one way after another,
// while clients of that server and of another work. The server must find its way back alone: the broken
// connection stays so, only later ones are whole. Except where the database waits for the rest of a
// transaction, with what it has locked, and does not hear that its client has gone: that is for the
// database to notice, by its keepalive, and here it does after a second.
func breakEveryStep(t *testing.T, kind database.Kind) {
	c := onOneDatabase(t, kind, 2, 1)
	recorder := expect.Value(history.NewRecorder(c.members()))(t)
	defer recorder.Close()
	recorder.WatchAll()
	ctx, cancel := context.WithCancel(context.Background())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		recorder.Run(ctx, history.Workload{Seed: 1, Sessions: 8, Pause: 20 * time.Millisecond})
	}()
	report := &Report{Seed: 1}
	count := 0
	try := func(rule proxy.Rule, at step) {
		rule.At, rule.Name = at.at, rule.Name+" "+at.name
		struck := c.Nodes[0].Proxy.Add(rule)
		report.Faults = append(report.Faults, fmt.Sprintf("%9.3f %s", recorder.Elapsed().Seconds(), rule.Name))
		begin := time.Now()
		if rule.From == proxy.Client && rule.Forward != proxy.All && rule.Server != proxy.Reset && rule.Server != proxy.EOF {
			struck.Await(1, 5*time.Second) // the sessions' writes meet it
			time.Sleep(time.Second)
			c.Nodes[0].Proxy.Heal()
		}
		for answered := false; !answered || struck.Struck() == 0; {
			count++
			put := history.Request{Then: []history.Step{{Kind: history.Put, Key: "key/step",
				Value: fmt.Sprint("step ", count)}}}
			answered = recorder.Do(-3, 0, put, 10*time.Second).Outcome == history.OK
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: struck %d times, the server has not found back after %v", rule.Name,
					struck.Struck(), time.Since(begin))
			}
		}
		if took := time.Since(begin); took > time.Second {
			t.Logf("%s: %.1f s", rule.Name, took.Seconds())
		}
		struck.Remove()
	}
	for _, at := range commitSteps[kind] {
		for _, rule := range messageFaults {
			// The server waits some seconds for an answer: once is enough for each database.
			if rule.Client != proxy.Silence || at.slow {
				try(rule, at)
			}
		}
	}
	for _, at := range answerSteps[kind] {
		for _, rule := range answerFaults {
			try(rule, at)
		}
	}
	cancel()
	<-worked
	c.Nodes[0].Proxy.Heal()
	c.finish(recorder, report, 20*time.Second)
	report.Expect(t)
}

func TestEveryStepOfACommitOnPostgresMayBreak(t *testing.T) { breakEveryStep(t, database.Postgres) }

func TestEveryStepOfACommitOnMariaDBMayBreak(t *testing.T) { breakEveryStep(t, database.MariaDB) }
