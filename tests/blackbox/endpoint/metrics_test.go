package endpoint

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

var (
	sampleLine = regexp.MustCompile(
		`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$`)
	typeLine = regexp.MustCompile(`^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$`)
)

// A page that Prometheus cannot parse is refused whole, so every line counts.
func TestMetricsArePrometheusText(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	expect.Value(s.Client(t).Put(ctx, "k", "v"))(t)
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(s.MetricsURL() + "/metrics")
	expect.NoError(t, err)
	answer.Body.Close()
	expect.Contains(t, answer.Header.Get("Content-Type"), "text/plain")
	_, body := get(t, &http.Client{Timeout: 5 * time.Second}, s.MetricsURL()+"/metrics")
	expect.True(t, strings.HasSuffix(body, "\n"), "ends with a line's end")

	types, samples := map[string]string{}, map[string]float64{}
	family := ""
	for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		if match := typeLine.FindStringSubmatch(line); match != nil {
			family = match[1]
			_, twice := types[family]
			expect.True(t, !twice, "the family ", family, " is there twice")
			types[family] = match[2]
			continue
		}
		match := sampleLine.FindStringSubmatch(line)
		expect.True(t, match != nil, "not a sample: ", line)
		value, err := strconv.ParseFloat(match[3], 64)
		expect.NoError(t, err, line)
		expect.True(t, strings.HasPrefix(match[1], family), "outside of its family: ", line)
		_, twice := samples[match[1]+match[2]]
		expect.True(t, !twice, "twice: ", line)
		samples[match[1]+match[2]] = value
	}
	histograms := 0
	for name, kind := range types {
		if kind != "histogram" {
			continue
		}
		for sample, count := range samples {
			if rest, of := strings.CutPrefix(sample, name+"_count"); of {
				labels := strings.TrimSuffix(strings.TrimPrefix(rest, "{"), "}")
				if labels != "" {
					labels += ","
				}
				infinite, there := samples[name+`_bucket{`+labels+`le="+Inf"}`]
				expect.True(t, there && infinite == count, name, " has no +Inf bucket equal to its count")
				histograms++
			}
		}
	}
	expect.True(t, histograms > 0, "histograms are there")
}

func TestMetricsCountWhatHappens(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	plain := &http.Client{Timeout: 5 * time.Second}
	value := func(name string) float64 {
		t.Helper()
		_, body := get(t, plain, s.MetricsURL()+"/metrics")
		match := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
		expect.True(t, match != nil, "no ", name)
		return expect.Value(strconv.ParseFloat(match[1], 64))(t)
	}
	keys := value("etcd_debugging_mvcc_keys_total")
	committed := value("etcd_server_proposals_committed_total")
	for _, key := range []string{"a", "b", "c"} {
		expect.Value(client.Put(ctx, key, ""))(t)
	}
	expect.Value(client.Delete(ctx, "a"))(t)
	expect.True(t, value("etcd_server_proposals_committed_total") > committed, "commits are counted")
	expect.True(t, value("etcd_disk_backend_commit_duration_seconds_count") >= 0, "commits are timed")
	if s.Options.Flavor == server.Kvshim {
		expect.Equal(t, keys+2, value("etcd_debugging_mvcc_keys_total"), "keys that live")
	}
	expect.True(t, value("process_resident_memory_bytes") > 1<<20, "memory")
	expect.True(t, value("etcd_mvcc_db_total_size_in_bytes") > 0, "size")
}
