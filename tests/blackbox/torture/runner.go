package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kvshim.test/blackbox/database"
	"kvshim.test/blackbox/history"
)

// flags are those of the servers of a round.
func (p Plan) flags() []string {
	if p.AutoCompact == 0 {
		return nil
	}
	return []string{"--auto-compaction-retention", p.AutoCompact.String()}
}

// Plan says what a round does.
type Plan struct {
	Seed     uint64
	Duration time.Duration // of the work and the faults; healing and checking come after it
	Workload history.Workload
	Progress bool          // watches ask how far they are
	Quiet    time.Duration // between two faults, the most
	Longest  time.Duration // of a pause or a silence
	Patience time.Duration // after healing, until every server and watch is at the end, and every lease
	// AutoCompact is how much the servers keep when they compact by themselves; 0: they do not.
	AutoCompact time.Duration
}

// Report is what came of a round.
type Report struct {
	Seed       uint64
	Summary    history.Summary
	Faults     []string // when, which, where
	Recovery   time.Duration
	Violations []history.Violation
	Errors     []error // of the round itself: a server that did not come back, a watch that ended
	History    *history.History
	logs       []string // of the servers
	searched   string
}

// gremlin does harm in one place after another, one fault at a time.
type gremlin struct {
	test     *testing.T
	cluster  *Cluster
	node     *Node // where it is at work, unless that is a database
	database *database.Instance
	random   *rand.Rand
	longest  time.Duration
	end      <-chan struct{}
	note     func(format string, arguments ...any)
}

// rest waits for a while, at most until the round's time is over.
func (g *gremlin) rest(least, most time.Duration) {
	d := least
	if most > least {
		d += time.Duration(g.random.Int64N(int64(most - least)))
	}
	select {
	case <-time.After(d):
	case <-g.end:
	}
}

// Run plays a round on the cluster and checks it.
func (c *Cluster) Run(t *testing.T, plan Plan) *Report {
	t.Helper()
	report := &Report{Seed: plan.Seed}
	recorder, err := history.NewRecorder(c.members())
	if err != nil {
		t.Fatal(err)
	}
	defer recorder.Close()
	recorder.AutoCompact = plan.AutoCompact > 0
	recorder.WatchAll()
	recorder.ListAndWatch(plan.Seed)
	if plan.Progress {
		recorder.AskForProgress(100 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), plan.Duration)
	defer cancel()
	var mutex sync.Mutex
	note := func(where string) func(string, ...any) {
		return func(format string, arguments ...any) {
			mutex.Lock()
			defer mutex.Unlock()
			report.Faults = append(report.Faults,
				fmt.Sprintf("%9.3f %s: %s", recorder.Elapsed().Seconds(), where, fmt.Sprintf(format, arguments...)))
		}
	}
	failed := func(err error) {
		mutex.Lock()
		defer mutex.Unlock()
		report.Errors = append(report.Errors, err)
	}
	var working sync.WaitGroup
	working.Add(1)
	go func() {
		defer working.Done()
		recorder.Run(ctx, plan.Workload)
	}()
	newGremlin := func(number uint64) *gremlin {
		return &gremlin{test: t, cluster: c, random: rand.New(rand.NewPCG(plan.Seed, 1000+number)),
			longest: plan.Longest, end: ctx.Done()}
	}
	for number := range max(1, len(c.Nodes)-1) {
		g := newGremlin(uint64(number))
		working.Add(1)
		go func() {
			defer working.Done()
			for g.rest(0, plan.Quiet); ctx.Err() == nil; g.rest(0, plan.Quiet) {
				n := g.random.IntN(len(c.Nodes))
				g.node = c.Nodes[n]
				faults := serverFaults
				if g.node.Proxy != nil && g.random.IntN(3) > 0 {
					faults = connectionFaults
				}
				chosen := choose(g.random, faults)
				if !g.node.mutex.TryLock() {
					continue
				}
				g.note = note(fmt.Sprint("server ", n))
				if !g.node.Server.Runs() { // nobody let it end, and a fault now would hide it
					failed(fmt.Errorf("server %d has ended by itself before %s", n, seconds(recorder.Elapsed())))
					g.node.launch(launchLimit)
				}
				g.note("%s", chosen.name)
				if err := chosen.strike(g); err != nil {
					failed(fmt.Errorf("%s: %w", chosen.name, err))
				}
				g.note("healed: %s", chosen.name)
				g.node.mutex.Unlock()
			}
		}()
	}
	if len(c.Databases) > 0 { // in the test's own goroutine, which may end the test
		g := newGremlin(99)
		for g.rest(2*time.Second, 5*plan.Quiet); ctx.Err() == nil; g.rest(2*time.Second, 8*plan.Quiet) {
			n := g.random.IntN(len(c.Databases))
			g.database = c.Databases[n]
			g.note = note(fmt.Sprint("database ", n))
			chosen := choose(g.random, databaseFaults)
			g.note("%s", chosen.name)
			if err := chosen.strike(g); err != nil {
				failed(fmt.Errorf("%s: %w", chosen.name, err))
			}
			g.note("healed: %s", chosen.name)
		}
	}
	working.Wait()
	for _, node := range c.Nodes {
		if node.Proxy != nil {
			node.Proxy.Heal()
		}
	}
	for _, node := range c.Nodes {
		report.logs = append(report.logs, node.Server.LogPath())
	}
	c.finish(recorder, report, plan.Patience)
	return report
}

// finish waits until every server serves again, takes the history, and checks it.
func (c *Cluster) finish(recorder *history.Recorder, report *Report, patience time.Duration) {
	begin := time.Now()
	for n, node := range c.Nodes {
		if !node.Server.Runs() {
			report.Errors = append(report.Errors, fmt.Errorf("server %d has ended by itself", n))
			node.launch(launchLimit)
		}
		for try := 0; ; try++ {
			write := history.Request{Then: []history.Step{{Kind: history.Put, Key: "key/end",
				Value: fmt.Sprintf("end %d.%d", n, try)}}}
			if recorder.Do(-2, n, write, 3*time.Second).Outcome == history.OK {
				break
			}
			if time.Since(begin) > patience {
				report.Errors = append(report.Errors,
					fmt.Errorf("server %d takes no write %v after everything was healed", n, patience))
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	report.Recovery = time.Since(begin)
	if err := recorder.AwaitLeases(patience); err != nil {
		report.Errors = append(report.Errors, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h, err := recorder.Finish(ctx)
	if err != nil {
		report.Errors = append(report.Errors, err)
	}
	report.check(h)
}

// check fills in what follows from the history alone.
func (r *Report) check(h *history.History) {
	r.History = h
	r.Summary = h.Summarize()
	r.Violations = append(h.Check(), h.CheckAccounts()...)
	begin := time.Now()
	linearizable, decided := h.Search(searchLimit)
	r.searched = fmt.Sprintf("linearizable: %v, decided: %v, after %.1f s", linearizable, decided,
		time.Since(begin).Seconds())
	if !linearizable {
		r.Violations = append(r.Violations, history.Violation{Rule: "search",
			Text: "no order of the operations explains their answers"})
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

const searchLimit = 20 * time.Second

// Verdict is nil where all is well.
func (r *Report) Verdict() error {
	var texts []error
	for _, v := range r.Violations {
		texts = append(texts, errors.New(v.Rule))
	}
	return errors.Join(append(texts, r.Errors...)...)
}

func (r *Report) String() string {
	var b strings.Builder
	verdict := "PASSED"
	if r.Verdict() != nil {
		verdict = "FAILED"
	}
	done := map[string]int{}
	struck := 0
	for _, line := range r.Faults {
		_, what, _ := strings.Cut(line[10:], ": ")
		done[what]++
		if strings.HasPrefix(what, "struck") {
			struck++
		}
	}
	fmt.Fprintf(&b, "%s with seed %d\n%v\nall served again %.1f s after the last fault\nby search: %s\n", verdict,
		r.Seed, r.Summary, r.Recovery.Seconds(), r.searched)
	for _, f := range [][]fault{serverFaults, connectionFaults, databaseFaults} {
		for _, known := range f {
			if done[known.name] > 0 {
				fmt.Fprintf(&b, "  %3d × %s\n", done[known.name], known.name)
			}
		}
	}
	if struck > 0 {
		fmt.Fprintf(&b, "  %d of these met the message that they waited for\n", struck)
	}
	return b.String()
}

// evidence is what went wrong, with the operations and faults around it.
func (r *Report) evidence() string {
	var b strings.Builder
	for _, err := range r.Errors {
		fmt.Fprintln(&b, err)
	}
	for n, v := range r.Violations {
		if n == 10 {
			fmt.Fprintf(&b, "and %d more\n", len(r.Violations)-n)
			break
		}
		fmt.Fprintln(&b, v)
		if n < 3 {
			b.WriteString(r.History.Around(v))
		}
	}
	fmt.Fprintf(&b, "faults:\n%s\n", strings.Join(r.Faults, "\n"))
	return b.String()
}

// keep writes the history where the test's end does not remove it, and the servers' logs beside it.
func (r *Report) keep() (string, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("kvshim-history-%d-%d.json", r.Seed, os.Getpid()))
	for n, log := range r.logs {
		if content, err := os.ReadFile(log); err == nil {
			os.WriteFile(fmt.Sprintf("%s.server%d.log", path, n), content, 0o600)
		}
	}
	return path, r.History.Write(path)
}

// Expect ends the test where the verdict is bad, and reports in any case.
func (r *Report) Expect(t *testing.T) {
	t.Helper()
	t.Log(r)
	if r.Verdict() == nil {
		return
	}
	path, err := r.keep()
	if err != nil {
		path = err.Error()
	}
	t.Fatalf("%s\nhistory: %s", r.evidence(), path)
}
