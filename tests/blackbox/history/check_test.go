package history

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A script plays requests one after another on the model, as a right server would answer them, and
// lets tests bend what comes out.
type script struct {
	state  State
	states []State
	now    time.Duration
	h      History
	events []Event
}

func newScript() *script { return &script{state: Empty(), states: []State{{}, Empty()}} }

func (s *script) tick() time.Duration {
	s.now += time.Millisecond
	return s.now
}

func (s *script) past(revision int64) State { return s.states[revision] }

// apply lets a request take effect without noting an operation.
func (s *script) apply(r Request) Answer {
	answer, events, after := s.state.Apply(r, s.past)
	if len(events) > 0 {
		s.states = append(s.states, after)
	}
	s.events = append(s.events, events...)
	s.state = after
	return answer
}

// do is an operation that succeeds; it returns its place.
func (s *script) do(r Request) int {
	o := Operation{Call: s.tick(), Outcome: OK, Request: r}
	o.Answer = s.apply(r)
	o.Return = s.tick()
	return s.note(o)
}

func (s *script) note(o Operation) int {
	s.h.Operations = append(s.h.Operations, o)
	return len(s.h.Operations) - 1
}

// lose is an operation whose answer is lost; whether it takes effect is the test's to say.
func (s *script) lose(r Request) int {
	return s.note(Operation{Call: s.tick(), Return: s.tick(), Outcome: Unknown, Request: r})
}

// finish lets two servers' watches see what happened, one event a message.
func (s *script) finish() *History {
	for server := range 2 {
		w := Watch{Server: server, From: 2, Whole: true}
		for n, e := range s.events {
			if n > 0 && s.events[n-1].KV.Mod == e.KV.Mod {
				last := &w.Arrivals[len(w.Arrivals)-1]
				last.Events = append(last.Events, e)
				continue
			}
			w.Arrivals = append(w.Arrivals, Arrival{Time: time.Hour, Revision: e.KV.Mod, Events: []Event{e}})
		}
		s.h.Watches = append(s.h.Watches, w)
		s.h.Finals = append(s.h.Finals, Final{Server: server, State: s.state, Hash: 7})
	}
	return &s.h
}

func put(key, value string) Request {
	return Request{Then: []Step{{Kind: Put, Key: key, Value: value}}}
}
func get(key string) Request { return Request{Then: []Step{{Kind: Get, Key: key}}} }
func all() Request           { return Request{Then: []Step{{Kind: Get, Key: "a", End: "z"}}} }
func del(key string) Request { return Request{Then: []Step{{Kind: Delete, Key: key}}} }
func guarded(key string, mod int64, step Step) Request {
	return Request{Guards: []Guard{{key, mod}}, Then: []Step{step}, Else: []Step{{Kind: Get, Key: key}}}
}

// right is a history of everything that may happen, and nothing wrong.
func right() *script {
	s := newScript()
	s.do(put("a", "1"))
	s.do(get("a"))
	s.do(guarded("b", 0, Step{Kind: Put, Key: "b", Value: "2"}))
	s.do(guarded("b", 0, Step{Kind: Put, Key: "b", Value: "3"})) // its guard fails
	s.do(Request{Then: []Step{{Kind: Put, Key: "a", Value: "4", Prev: true},
		{Kind: Put, Key: "b", Value: "5"}, {Kind: Get, Key: "a", End: "z"}}})
	s.do(del("a"))
	s.do(del("a")) // nothing is there
	s.apply(s.h.Operations[s.lose(put("c", "6"))].Request)
	s.lose(put("c", "never"))
	s.apply(s.h.Operations[s.lose(guarded("b", 4, Step{Kind: Delete, Key: "b"}))].Request)
	s.lose(del("b"))
	s.apply(s.h.Operations[s.lose(del("c"))].Request)
	s.do(Request{Then: []Step{{Kind: Get, Key: "a", End: "z", At: 4, Limit: 1}}})
	s.do(all())
	s.do(put("d", "7"))
	return s
}

func verdict(h *History) (rules []string) {
	for _, v := range h.Check() {
		if !slices.Contains(rules, v.Rule) {
			rules = append(rules, v.Rule)
		}
	}
	return rules
}

func expectRule(t *testing.T, h *History, rule string) {
	t.Helper()
	if rules := verdict(h); !slices.Contains(rules, rule) {
		t.Fatalf("want %q among %q", rule, rules)
	}
}

func TestRightHistoryPasses(t *testing.T) {
	if violations := right().finish().Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
}

func TestConcurrentOperationsMayTakeEitherOrder(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	second := s.do(put("a", "2"))
	read := s.do(get("a"))
	s.h.Operations[second].Call = 0 // now it overlaps all
	s.h.Operations[read].Call = 0
	if violations := s.finish().Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
}

func TestLostWriteIsFound(t *testing.T) {
	s := right()
	s.note(Operation{Call: s.tick(), Return: s.tick(), Outcome: OK, Request: put("e", "8"),
		Answer: Answer{Revision: s.state.Revision + 1, Succeeded: true, Results: []Result{{}}}})
	expectRule(t, s.finish(), "lost write")
}

func TestOverwrittenWriteIsFound(t *testing.T) {
	s := newScript()
	first := s.do(put("a", "1"))
	s.h.Operations[first].Request = put("a", "other") // acknowledged, and "1" is at its revision
	s.lose(put("a", "1"))
	h := s.finish()
	expectRule(t, h, "lost write")
	expectRule(t, h, "two values for one revision")
}

func TestStaleReadIsFound(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	old := s.do(get("a"))
	s.do(put("a", "2"))
	s.h.Operations[old].Call, s.h.Operations[old].Return = s.tick(), s.tick()
	expectRule(t, s.finish(), "stale read")
}

func TestReadOlderThanAWatchSawIsFound(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	s.note(Operation{Call: 10 * time.Second, Return: 11 * time.Second, Outcome: OK, Request: get("a"),
		Answer: s.apply(get("a"))})
	s.apply(s.h.Operations[s.lose(put("a", "2"))].Request)
	h := s.finish()
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	h.Watches[1].Arrivals[1].Time = 9 * time.Second
	expectRule(t, h, "stale read")
}

func TestReadOfAnUnwrittenValueIsFound(t *testing.T) {
	s := right()
	read := s.do(get("d"))
	s.h.Operations[read].Answer.Results = []Result{{Count: 1, KVs: []KV{
		{Key: "d", Value: "never", Create: 8, Mod: 8, Version: 1}}}}
	expectRule(t, s.finish(), "wrong answer")
}

func TestWrongVersionIsFound(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	s.do(put("a", "2"))
	s.events[1].KV.Version = 1
	expectRule(t, s.finish(), "lost write")
}

func TestReusedRevisionIsFound(t *testing.T) {
	s := right()
	s.note(Operation{Call: s.tick(), Return: s.tick(), Outcome: OK, Request: put("e", "8"),
		Answer: Answer{Revision: 3, Succeeded: true, Results: []Result{{}}}})
	expectRule(t, s.finish(), "reused revision")
}

func TestWriteWithAnOlderRevisionThanAnEarlierOneIsFound(t *testing.T) {
	s := newScript()
	first := s.do(put("a", "1"))
	s.do(put("b", "2"))
	s.h.Operations[first].Call, s.h.Operations[first].Return = s.tick(), s.tick()
	expectRule(t, s.finish(), "write in the past")
}

func TestDoubledWriteIsFound(t *testing.T) {
	s := newScript()
	s.apply(s.h.Operations[s.lose(put("a", "1"))].Request)
	s.apply(put("a", "1"))
	expectRule(t, s.finish(), "doubled write")
}

func TestWriteAcknowledgedOnceAndDoneTwiceIsFound(t *testing.T) {
	s := newScript()
	first := s.do(put("a", "1"))
	s.apply(s.h.Operations[first].Request)
	expectRule(t, s.finish(), "two revisions of one write")
}

func TestUnknownGuardedWriteMustHaveHeldItsGuard(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	s.lose(guarded("a", 17, Step{Kind: Put, Key: "a", Value: "2"}))
	s.apply(put("a", "2"))
	expectRule(t, s.finish(), "wrong effect")
}

func TestUnknownWriteBeforeItsCallIsFound(t *testing.T) {
	s := newScript()
	s.apply(put("a", "1"))
	s.do(put("b", "2"))
	s.lose(put("a", "1"))
	expectRule(t, s.finish(), "write in the past")
}

func TestUnknownDeleteTakesEffectOnceOnly(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	s.apply(s.h.Operations[s.lose(del("a"))].Request)
	s.do(put("a", "2"))
	s.apply(del("a"))
	expectRule(t, s.finish(), "write from nowhere")
}

func TestRefusedWriteThatHappenedIsFound(t *testing.T) {
	s := newScript()
	refused := s.lose(put("a", "1"))
	s.h.Operations[refused].Outcome = Refused
	s.apply(put("a", "1"))
	expectRule(t, s.finish(), "refused write happened")
}

func TestWriteThatSaidItsGuardFailedIsFound(t *testing.T) {
	s := newScript()
	s.do(guarded("a", 9, Step{Kind: Put, Key: "a", Value: "1"}))
	s.apply(put("a", "1"))
	expectRule(t, s.finish(), "write after no")
}

func TestTornTransactionIsFound(t *testing.T) {
	s := newScript()
	s.do(Request{Then: []Step{{Kind: Put, Key: "a", Value: "1"}, {Kind: Put, Key: "b", Value: "2"}}})
	s.events = s.events[:1]
	expectRule(t, s.finish(), "lost write")
}

func TestWatchesThatAreWrongAreFound(t *testing.T) {
	for rule, bend := range map[string]func(h *History, w *Watch){
		"watch gap": func(h *History, w *Watch) { w.Arrivals = slices.Delete(w.Arrivals, 2, 3) },
		"watch reordered": func(h *History, w *Watch) {
			w.Arrivals[1], w.Arrivals[2] = w.Arrivals[2], w.Arrivals[1]
		},
		"watch repeats":     func(h *History, w *Watch) { w.Arrivals = slices.Insert(w.Arrivals, 2, w.Arrivals[1]) },
		"watch lost events": func(h *History, w *Watch) { w.Arrivals = w.Arrivals[:3] },
		"watches differ":    func(h *History, w *Watch) { w.Arrivals[2].Events[0].KV.Value = "another" },
		"wrong previous value": func(h *History, w *Watch) {
			for n := range h.Watches {
				h.Watches[n].Arrivals[2].Events[0].Prev.Value = "another"
			}
		},
		"false progress": func(h *History, w *Watch) {
			w.Arrivals = slices.Insert(w.Arrivals, 2, Arrival{Revision: 4, Progress: true})
		},
		"old header": func(h *History, w *Watch) { w.Arrivals[2].Revision = 2 },
		"missing revision": func(h *History, w *Watch) {
			for n := range h.Watches {
				h.Watches[n].Arrivals = slices.Delete(slices.Clone(h.Watches[n].Arrivals), 2, 3)
			}
		},
		"write from nowhere": func(h *History, w *Watch) {
			for n := range h.Watches {
				h.Watches[n].Arrivals = append(slices.Clone(h.Watches[n].Arrivals), Arrival{Revision: 10,
					Time: time.Hour, Events: []Event{{KV: KV{Key: "x", Value: "?", Create: 10, Mod: 10, Version: 1}}}})
			}
		},
	} {
		h := right().finish()
		bend(h, &h.Watches[1])
		t.Run(rule, func(t *testing.T) { expectRule(t, h, rule) })
	}
}

func TestServersThatEndDifferentlyAreFound(t *testing.T) {
	h := right().finish()
	h.Finals[1].Hash++
	expectRule(t, h, "hashes differ")
	h = right().finish()
	h.Finals[1].State = h.Finals[1].State.with(KV{Key: "d", Value: "?", Create: 2, Mod: 2, Version: 1})
	expectRule(t, h, "wrong final state")
	h = right().finish()
	h.Finals[0].State.Revision--
	expectRule(t, h, "wrong final state")
}

func TestSerializableReadsMayBeOldButNeverGoBackOnOneProcess(t *testing.T) {
	s := newScript()
	s.do(put("a", "1"))
	old := Operation{Outcome: OK, Request: get("a"), Incarnation: 1}
	old.Request.Serializable = true
	old.Answer = s.apply(old.Request)
	s.do(put("a", "2"))
	old.Call, old.Return = s.tick(), s.tick()
	place := s.note(old)
	h := s.finish()
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	h.Operations[place-1].Incarnation = 1 // the same process had acknowledged the second put
	expectRule(t, h, "server went back")
	h.Operations[place].Answer.Results[0].KVs[0].Value = "2"
	expectRule(t, h, "wrong answer")
}

func TestHistoryComesBackFromItsFile(t *testing.T) {
	h := right().finish()
	path := t.TempDir() + "/history.json"
	if err := h.Write(path); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(*h) != fmt.Sprint(*again) || len(again.Check()) > 0 {
		t.Fatalf("was %v\nis %v", *h, *again)
	}
}
