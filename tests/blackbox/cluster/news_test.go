package cluster

import (
	"fmt"
	"slices"
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
