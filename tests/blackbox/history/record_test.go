package history_test

import (
	"context"
	"testing"
	"time"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/history"
	"kvshim.test/blackbox/server"
)

func TestOneServerIsStrictlySerializable(t *testing.T) {
	s := server.Start(t)
	recorder := expect.Value(history.NewRecorder([]history.Member{{URL: s.URL()}, {URL: s.URL()}}))(t)
	defer recorder.Close()
	recorder.WatchAll()
	recorder.ListAndWatch(1)
	if s.Options.Flavor == server.Kvshim { // etcd 3.4 tells of progress before it has come
		recorder.AskForProgress(50 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
	defer cancel()
	recorder.Run(ctx, history.Workload{Seed: 1, Lessees: 4, Compact: time.Second})
	expect.NoError(t, recorder.AwaitLeases(3*time.Second))
	h := expect.Value(recorder.Finish(server.Context(t)))(t)
	for _, violation := range append(h.Check(), h.CheckAccounts()...) {
		t.Error(violation)
	}
	if linearizable, decided := h.Search(20 * time.Second); !linearizable || !decided {
		t.Errorf("the search finds it linearizable: %v, decided: %v", linearizable, decided)
	}
	summary := h.Summarize()
	t.Log(summary)
	expect.True(t, summary.Outcomes[history.OK] > 500, "operations were done")
	expect.True(t, summary.Outcomes[history.Unknown] == 0, "none is unknown without a fault")
	expect.True(t, summary.Leases > 3 && summary.Ended > 0, "leases ended")
	expect.True(t, summary.Overrun > 0, "a watch asked for what was compacted")
}
