// Package bench runs `kvshim bench`: that it loads what it says and counts what it should. How fast
// anything is, is not asked here.
package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

type result struct {
	Workload  string
	PerSecond float64 `json:"per_second"`
	Latencies []struct {
		Percent float64
		Us      float64
	}
	ServerCPU float64 `json:"server_cpu_us"`
	Syncs     *float64
}

func (r result) percentile(t *testing.T, percent float64) time.Duration {
	for _, latency := range r.Latencies {
		if latency.Percent == percent {
			return time.Duration(latency.Us * float64(time.Microsecond))
		}
	}
	t.Fatalf("%s has no percentile %v", r.Workload, percent)
	return 0
}

func try(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	program := os.Getenv("KVSHIM_BIN")
	expect.True(t, program != "", "KVSHIM_BIN must name the kvshim program")
	command := exec.CommandContext(server.Context(t), program, append([]string{"bench"}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, _ := command.CombinedOutput()
	return string(output), command.ProcessState.ExitCode()
}

// run loads the server and returns the results by workload.
func run(t *testing.T, s *server.Server, arguments ...string) map[string]result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "results.json")
	all := append([]string{"run", "--endpoint", s.Address(), "--server-pid", strconv.Itoa(s.PID()),
		"--json", file}, arguments...)
	output, code := try(t, all...)
	expect.Equal(t, 0, code, output)
	var list []result
	expect.NoError(t, json.Unmarshal(expect.Value(os.ReadFile(file))(t), &list))
	results := map[string]result{}
	for _, one := range list {
		results[one.Workload] = one
	}
	return results
}

func TestEveryWorkloadRunsAgainstAServer(t *testing.T) {
	s := server.Start(t)
	listed, code := try(t, "list")
	expect.Equal(t, 0, code, listed)
	page := filepath.Join(t.TempDir(), "results.html")
	results := run(t, s, "--seconds", "0.1", "--clients", "4", "--connections", "2", "--listed-keys", "50",
		"--counted-keys", "600", "--burst-writes", "20", "--watchers", "3", "--html", page)
	for _, line := range strings.Split(strings.TrimSpace(listed), "\n") {
		name := strings.Fields(line)[0]
		if name == "watch-across" { // wants two servers
			continue
		}
		one, ok := results[name]
		expect.True(t, ok, name, " is listed and was not run")
		expect.True(t, one.PerSecond > 0, name, " did nothing")
		expect.True(t, one.ServerCPU > 0, name, " cost nothing")
		expect.True(t, slices.IsSortedFunc(one.Latencies, func(a, b struct{ Percent, Us float64 }) int {
			return int(a.Us - b.Us)
		}), name, ": latencies fall with the percentile")
	}
	expect.True(t, results["put"].Syncs != nil && *results["put"].Syncs > 0, "puts are synced")
	content := string(expect.Value(os.ReadFile(page))(t))
	expect.Equal(t, 2*len(results), strings.Count(content, "<svg"), "plots in the page")
	expect.True(t, !strings.Contains(content, "<script"), "the page has no scripts")
}

func TestOpenLoopCountsFromWhenARequestWasDue(t *testing.T) {
	s := server.Start(t)
	paused := make(chan error, 1)
	go func() {
		time.Sleep(time.Second)
		err := s.Signal(syscall.SIGSTOP)
		time.Sleep(800 * time.Millisecond)
		if err == nil {
			err = s.Signal(syscall.SIGCONT)
		}
		paused <- err
	}()
	put := run(t, s, "--seconds", "2", "--rate", "500", "--workloads", "put")["put"]
	expect.NoError(t, <-paused)
	// A third of the requests were due while the server stood still. Clients that wait for answers
	// would have sent a few of them, and the percentile would not know.
	late := put.percentile(t, 75)
	expect.True(t, late > 20*time.Millisecond, "the 75th percentile is ", late)
	expect.True(t, put.PerSecond > 300 && put.PerSecond < 550, "500 a second were due, ", put.PerSecond, " came")
}

func TestClosedLoopWaitsForAnswers(t *testing.T) {
	s := server.Start(t)
	one := run(t, s, "--seconds", "0.3", "--clients", "1", "--workloads", "put")["put"]
	mean := time.Duration(float64(time.Second) / one.PerSecond)
	expect.True(t, one.percentile(t, 0) <= mean, "one client alone has one request under way")
}

func TestBadInputIsToldWithItsFlag(t *testing.T) {
	s := server.Start(t)
	for _, c := range []struct {
		code      int
		want      string
		arguments []string
	}{
		{2, "--endpoint is required", []string{"run"}},
		{1, "'nonsense' is not host:port", []string{"run", "--endpoint", "nonsense"}},
		{1, "nothing answers at 127.0.0.1:1", []string{"run", "--endpoint", "127.0.0.1:1"}},
		{2, "--workloads", []string{"run", "--endpoint", s.Address(), "--workloads", "nothing"}},
		{2, "--seconds", []string{"run", "--endpoint", s.Address(), "--seconds", "0"}},
		{1, "--endpoint", []string{"run", "--endpoint", s.Address(), "--workloads", "watch-across"}},
		{1, "--kvshim", []string{"compare", "--kvshim", "/nowhere", "--data-folder", "/var/tmp"}},
		{1, "--data-folder", []string{"compare", "--data-folder", "/dev/shm"}},
	} {
		output, code := try(t, c.arguments...)
		expect.Equal(t, c.code, code, strings.Join(c.arguments, " "), ": ", output)
		expect.Contains(t, output, c.want)
	}
}

func TestKeysOfAnotherRunAreNoticed(t *testing.T) {
	s := server.Start(t)
	arguments := []string{"--seconds", "0.1", "--workloads", "get", "--listed-keys"}
	run(t, s, append(arguments, "30")...)
	run(t, s, append(arguments, "30")...)
	output, code := try(t, append([]string{"run", "--endpoint", s.Address()}, append(arguments, "40")...)...)
	expect.Equal(t, 1, code, output)
	expect.Contains(t, output, "etcdctl del --prefix /bench/listed/")
}

func TestComparisonWritesTablesAndPlots(t *testing.T) {
	// Beside the program: on a disk.
	folder := expect.Value(os.MkdirTemp(filepath.Dir(os.Getenv("KVSHIM_BIN")), "bench-test-"))(t)
	t.Cleanup(func() { os.RemoveAll(folder) })
	readme := filepath.Join(folder, "README.md")
	expect.NoError(t, os.WriteFile(readme, []byte("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n"), 0o600))
	output, code := try(t, "compare", "--contenders", "kvshim", "--databases", "sqlite", "--parts", "servers",
		"--rounds", "2", "--seconds", "0.1", "--attempts", "1", "--clients", "4",
		"--workloads", "guarded-update,get", "--listed-keys", "50", "--data-folder", folder,
		"--output", filepath.Join(folder, "out"), "--readme", readme)
	expect.Equal(t, 0, code, output)
	text := string(expect.Value(os.ReadFile(readme))(t))
	expect.True(t, strings.HasPrefix(text, "before\n<!-- results -->\n"), text)
	expect.True(t, strings.HasSuffix(text, "<!-- /results -->\nafter\n"), text)
	expect.Contains(t, text, "| guarded-update |")
	expect.True(t, !strings.Contains(text, "old"), text)
	for _, file := range []string{"out/results.md", "out/results.html", "results/sqlite--get-latency.svg"} {
		expect.Value(os.Stat(filepath.Join(folder, file)))(t)
	}
	var all struct {
		Groups []struct {
			Workloads []struct {
				Name    string
				Results [][]result
			}
		}
		Goals []struct{ Goal, Wanted, Found string }
	}
	expect.NoError(t, json.Unmarshal(expect.Value(os.ReadFile(filepath.Join(folder, "out/results.json")))(t), &all))
	expect.Equal(t, 2, len(all.Groups[0].Workloads))
	expect.Equal(t, 2, len(all.Groups[0].Workloads[0].Results[0]), "rounds")
	expect.True(t, len(all.Goals) > 20, "goals")
}
