package cluster

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// delays are the times from the answer of a put at one server to its event at another; of each put
// the event is awaited before the next, after a pause.
func delays(t *testing.T, from, to *server.Server, puts int, pause time.Duration) []time.Duration {
	t.Helper()
	ctx := within(t, 60*time.Second)
	watch := to.Client(t).Watch(ctx, "news", clientv3.WithCreatedNotify())
	<-watch
	writer := from.Client(t)
	var delays []time.Duration
	for n := range puts {
		time.Sleep(pause)
		value := fmt.Sprint("value ", n)
		put := expect.Value(writer.Put(ctx, "news", value))(t)
		acknowledged := time.Now()
		response := <-watch
		delays = append(delays, max(0, time.Since(acknowledged)))
		expect.NoError(t, response.Err())
		expect.Equal(t, 1, len(response.Events), "events of one put")
		event := response.Events[0]
		expect.Equal(t, value, string(event.Kv.Value))
		expect.Equal(t, put.Header.Revision, event.Kv.ModRevision)
	}
	slices.Sort(delays)
	t.Logf("from the answer at one server to the event at another: median %v, 99%% within %v",
		delays[len(delays)/2], delays[len(delays)*99/100])
	return delays
}

func TestNewsReachesWatchersOfAnotherServerWithinMilliseconds(t *testing.T) {
	servers := start(t, 2)
	for n, way := range []string{"there", "back"} {
		measured := delays(t, servers[n], servers[1-n], 200, 5*time.Millisecond)
		median := measured[len(measured)/2]
		expect.True(t, median < 50*time.Millisecond, way, ": the median is ", median)
	}
}

// Nobody answers where these servers say that they are; what NOTIFY does not tell them, they find by
// looking.
func TestNewsArrivesWhereServersCannotReachEachOther(t *testing.T) {
	servers := start(t, 2, "--advertise-client-urls", "http://127.0.0.1:1")
	measured := delays(t, servers[0], servers[1], 20, 5*time.Millisecond)
	measured = append(measured, delays(t, servers[0], servers[1], 4, 2500*time.Millisecond)...)
	slowest := slices.Max(measured)
	expect.True(t, slowest < 1500*time.Millisecond, "the slowest took ", slowest)
}

// hint is what another server would say at the page for hints, and the answer.
func hint(t *testing.T, s *server.Server, query string) map[string]string {
	t.Helper()
	response := expect.Value(http.Get(s.URL() + "/kvshim/news?" + query))(t)
	defer response.Body.Close()
	body := expect.Value(io.ReadAll(response.Body))(t)
	expect.Equal(t, http.StatusOK, response.StatusCode)
	values := expect.Value(url.ParseQuery(string(body)))(t)
	parts := map[string]string{}
	for name := range values {
		parts[name] = values.Get(name)
	}
	return parts
}

// Whoever reaches the port can say what he likes: the servers ask each other, and go on.
func TestHintsThatAreForgedStopNobody(t *testing.T) {
	servers := start(t, 2)
	ctx := within(t, 60*time.Second)
	client := clientOf(t, servers...)
	expect.Value(client.Put(ctx, "k", "v"))(t)
	held := hint(t, servers[0], "seq=1") // as releases before this did
	forged := fmt.Sprintf("epoch=%s&revision=9&cluster=%s&stands=1&nonce=%s&seq=",
		held["epoch"], held["cluster"], strings.Repeat("5a", 16))
	for n := range 100 {
		for _, s := range servers {
			for _, seq := range []string{held["seq"], "1", "9000000000000000000"} {
				hint(t, s, forged+seq)
				hint(t, s, strings.Replace(forged, "epoch=1", "epoch=77", 1)+seq)
			}
			expect.Value(s.Client(t).Put(ctx, "k", fmt.Sprint(n)))(t)
			expect.Value(s.Client(t).Get(ctx, "k"))(t)
		}
	}
	// Both hold the same, and say so.
	expect.Eventually(t, 5*time.Second, func() bool {
		one, other := hint(t, servers[0], "seq=0"), hint(t, servers[1], "seq=0")
		return one["nonce"] == other["nonce"] && one["seq"] == other["seq"]
	}, "both hold the same batch")
	for _, s := range servers {
		expect.True(t, !strings.Contains(s.LogTail(1<<20), "two histories"), s.LogTail(4096))
	}
}
