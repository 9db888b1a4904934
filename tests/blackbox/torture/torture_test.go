package torture

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/history"
	"kvshim.test/blackbox/server"
)

// rounds plays one round of so long or, where KVSHIM_TORTURE is a duration, rounds of a minute until
// that is over. Each round has a seed of its own, from SEED on.
func rounds(t *testing.T, short time.Duration, play func(t *testing.T, plan Plan)) {
	plan := Plan{Seed: 1, Duration: short, Progress: true, Quiet: 700 * time.Millisecond,
		Workload: history.Workload{Sessions: 16, Pause: 10 * time.Millisecond, Lessees: 12, Compact: 2 * time.Second},
		Longest:  4 * time.Second, Patience: 20 * time.Second}
	if seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		plan.Seed = seed
	}
	var long time.Duration
	if text := os.Getenv("KVSHIM_TORTURE"); text != "" {
		long = expect.Value(time.ParseDuration(text))(t, "KVSHIM_TORTURE")
		plan.Duration, plan.Longest = min(long, time.Minute), 15*time.Second
	}
	for end := time.Now().Add(long); ; plan.Seed++ {
		plan.Workload.Seed = plan.Seed
		if long > 0 && plan.Seed%2 == 0 {
			plan.AutoCompact = 10 * time.Second
		}
		passed := t.Run(fmt.Sprint("seed=", plan.Seed), func(t *testing.T) { play(t, plan) })
		if !passed || !time.Now().Add(plan.Duration).Before(end) {
			return
		}
	}
}

func TestOneServerOnItsFileUnderKillsAndPauses(t *testing.T) {
	rounds(t, 15*time.Second, func(t *testing.T, plan Plan) {
		alone(t, server.Options{Flavor: server.Kvshim}).Run(t, plan).Expect(t)
	})
}

// What the harness asks for is what etcd does.
func TestEtcdPassesTheSame(t *testing.T) {
	rounds(t, 10*time.Second, func(t *testing.T, plan Plan) {
		plan.Progress = false // etcd 3.4 may tell of progress before it has come
		alone(t, server.Options{Flavor: server.Etcd}).Run(t, plan).Expect(t)
	})
}

func calm(seed uint64) Plan {
	return Plan{Seed: seed, Duration: 2 * time.Second, Workload: history.Workload{Seed: seed}, Progress: true,
		Quiet: time.Hour, Longest: time.Second, Patience: time.Second}
}

func expectFound(t *testing.T, report *Report, rules ...string) {
	t.Helper()
	for _, rule := range rules {
		found := func(v history.Violation) bool { return v.Rule == rule }
		if !slices.ContainsFunc(report.Violations, found) {
			t.Errorf("%q is not among the %d contradictions found", rule, len(report.Violations))
		}
	}
	t.Log(report)
}

func TestTwoStoresAreNotTakenForOne(t *testing.T) {
	c := alone(t, server.Options{Flavor: server.Kvshim})
	c.start(t, server.Options{Flavor: server.Kvshim}, nil)
	expectFound(t, c.Run(t, calm(1)), "reused revision", "lost write", "watches differ", "wrong answer",
		"hashes differ", "search")
}

func TestServerThatEndsByItselfIsReported(t *testing.T) {
	c := alone(t, server.Options{Flavor: server.Kvshim})
	plan := calm(1)
	plan.Duration = 500 * time.Millisecond
	pid := c.Nodes[0].Server.PID()
	time.AfterFunc(200*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGKILL) })
	report := c.Run(t, plan)
	expect.Contains(t, errors.Join(report.Errors...).Error(), "server 0 has ended by itself")
}
