package history

import (
	"slices"
	"testing"
	"time"
)

func under(lease int64, steps ...Step) Request {
	for n := range steps {
		if steps[n].Kind == Put {
			steps[n].Lease = lease
		}
	}
	return Request{Then: steps}
}

func write(key, value string) Step { return Step{Kind: Put, Key: key, Value: value} }

// about is an answered request about a lease.
func (s *script) about(step Step, result Result) int {
	return s.note(Operation{Call: s.tick(), Return: s.tick(), Outcome: OK, Request: Request{Then: []Step{step}},
		Answer: Answer{Revision: s.state.Revision, Succeeded: true, Results: []Result{result}}})
}

func (s *script) grant(lease, ttl int64) int {
	return s.about(Step{Kind: Grant, Lease: lease, TTL: ttl}, Result{TTL: ttl})
}

func (s *script) keep(lease, ttl int64) int {
	return s.about(Step{Kind: Keep, Lease: lease}, Result{TTL: ttl})
}

func (s *script) timeToLive(lease, left, granted int64, keys ...string) int {
	return s.about(Step{Kind: TimeToLive, Lease: lease}, Result{TTL: left, Granted: granted, Keys: keys})
}

func (s *script) refuse(r Request, reason string) int {
	return s.note(Operation{Call: s.tick(), Return: s.tick(), Outcome: Refused, Request: r,
		Error: "etcdserver: " + reason})
}

func revoke(lease int64) Request { return Request{Then: []Step{{Kind: Revoke, Lease: lease}}} }

// leased is a lease of three seconds with keys a and b, kept alive after two.
func leased() *script {
	s := newScript()
	s.grant(1, 3)
	s.do(under(1, write("a", "1")))
	s.do(under(1, write("b", "2"), write("c", "3")))
	s.do(put("c", "4")) // no longer under it
	s.now += 2 * time.Second
	s.keep(1, 3)
	return s
}

// rightLeases is a history of all that may become of a lease, and nothing wrong.
func rightLeases() *script {
	s := leased()
	s.timeToLive(1, 2, 3, "a", "b")
	s.now += 3 * time.Second
	s.apply(revoke(1)) // nobody's
	s.do(all())
	s.timeToLive(1, -1, 0)
	s.keep(1, 0)
	s.refuse(under(1, write("a", "never")), noLease)
	s.refuse(revoke(1), noLease)

	s.grant(2, 60)
	s.do(under(2, write("a", "5")))
	s.do(revoke(2)) // with its revision
	s.grant(3, 60)
	s.do(under(3, write("a", "6")))
	s.apply(s.h.Operations[s.lose(revoke(3))].Request)
	s.do(all())
	s.grant(4, 60)
	s.do(revoke(4)) // without keys
	s.keep(4, 0)
	s.grant(5, 60)
	s.do(under(5, write("a", "7")))
	s.apply(s.h.Operations[s.lose(del("a"))].Request) // not the end of its lease
	s.do(under(5, write("b", "8")))
	s.do(del("b"))
	return s
}

func TestRightHistoryOfLeasesPasses(t *testing.T) {
	h := rightLeases().finish()
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	expectSearch(t, h, true)
	if s := h.Summarize(); s.Leases != 5 || s.Ended != 3 {
		t.Fatal(s)
	}
}

func TestLeaseThatEndsEarlyIsFound(t *testing.T) {
	for name, early := range map[string]func(s *script){
		"by its keys": func(s *script) { s.apply(revoke(1)); s.do(all()) },
		"as a watch sees": func(s *script) {
			s.now += 3 * time.Second
			s.apply(revoke(1))
			s.h.Watches = append(s.h.Watches, Watch{From: 5, Arrivals: []Arrival{{Time: s.now - 3*time.Second,
				Revision: 5, Events: s.events[len(s.events)-2:]}}})
		},
		"by a keepalive": func(s *script) { s.keep(1, 0) },
		"by its time":    func(s *script) { s.timeToLive(1, -1, 0) },
		"by a put":       func(s *script) { s.refuse(under(1, write("d", "9")), noLease) },
		"by a revocation that is called later": func(s *script) {
			s.apply(revoke(1))
			s.do(all())
			s.refuse(revoke(1), noLease)
		},
	} {
		s := leased()
		s.now += 2 * time.Second // three after the grant, two after the keepalive
		early(s)
		t.Run(name, func(t *testing.T) { expectRule(t, s.finish(), "lease ended early") })
	}
}

func TestLeaseThatLivesAfterItsEndIsFound(t *testing.T) {
	for name, live := range map[string]func(s *script){
		"by a keepalive":  func(s *script) { s.keep(1, 3) },
		"by its time":     func(s *script) { s.timeToLive(1, 2, 3) },
		"by a put":        func(s *script) { s.do(under(1, write("d", "9"))) },
		"by a put unsaid": func(s *script) { s.apply(s.h.Operations[s.lose(under(1, write("d", "9")))].Request) },
	} {
		for how, end := range map[string]func(s *script){
			" after it was over":      func(s *script) { s.apply(revoke(1)); s.do(all()) },
			" after its revocation":   func(s *script) { s.do(revoke(1)) },
			" after a keepalive's no": func(s *script) { s.apply(revoke(1)); s.keep(1, 0) },
		} {
			s := leased()
			s.now += 4 * time.Second
			end(s)
			live(s)
			t.Run(name+how, func(t *testing.T) { expectRule(t, s.finish(), "ended lease lives") })
		}
	}
}

func TestLeaseThatEndsInPartIsFound(t *testing.T) {
	s := leased()
	s.now += 4 * time.Second
	s.apply(del("a"))
	s.do(all())
	expectRule(t, s.finish(), "lease ended in part")
	s.apply(del("b")) // in two revisions
	s.h.Watches, s.h.Finals = nil, nil
	expectRule(t, s.finish(), "lease ended in part")
}

func TestLeasesThatEndTogetherInOneRevisionAreFound(t *testing.T) {
	s := leased()
	s.grant(2, 2)
	s.do(under(2, write("d", "9")))
	s.now += 4 * time.Second
	s.apply(Request{Then: []Step{{Kind: Delete, Key: "a", End: "c"}, {Kind: Delete, Key: "d"}}})
	s.do(all())
	expectRule(t, s.finish(), "write from nowhere")
}

func TestKeysWithoutTheirLeaseAreFound(t *testing.T) {
	s := leased()
	s.now += 4 * time.Second
	s.timeToLive(1, -1, 0)
	s.do(all())
	expectRule(t, s.finish(), "keys outlive their lease")
	s = leased()
	s.about(Step{Kind: Revoke, Lease: 1}, Result{}) // its keys stay
	s.do(all())
	h := s.finish()
	expectRule(t, h, "keys outlive their lease")
	expectSearch(t, h, false)
}

func TestRevocationAnsweredWithAnotherRevisionIsFound(t *testing.T) {
	s := leased()
	at := s.do(revoke(1))
	s.do(put("d", "9"))
	s.h.Operations[at].Answer.Revision++
	s.h.Operations[at].Return = s.tick()
	expectRule(t, s.finish(), "wrong revision of a revocation")
}

func TestLeaseThatOutlivesItsTimeIsFound(t *testing.T) {
	late := leased()
	late.now += 9 * time.Second
	late.do(all())
	late.apply(revoke(1))
	late.do(all())
	stays := leased()
	keyless := rightLeases()
	for name, s := range map[string]*script{"late": late, "stays": stays, "without keys": keyless} {
		h := s.finish()
		h.Patience = 5 * time.Second
		if name == "without keys" {
			h.Finals[1].Leases = []int64{4}
		}
		if violations := h.Check(); len(violations) > 0 {
			t.Fatal("while something hinders the servers: ", violations)
		}
		h.Healed = time.Second
		t.Run(name, func(t *testing.T) { expectRule(t, h, "lease outlived its time") })
	}
}

func TestWrongAnswersAboutALeaseAreFound(t *testing.T) {
	for name, what := range map[string]struct {
		rule string
		ask  func(s *script)
	}{
		"less than is left": {"wrong time to live", func(s *script) { s.timeToLive(1, 1, 3, "a", "b") }},
		"more than granted": {"wrong time to live", func(s *script) { s.timeToLive(1, 4, 3, "a", "b") }},
		"another grant":     {"wrong time to live", func(s *script) { s.timeToLive(1, 2, 2, "a", "b") }},
		"a key too few":     {"wrong keys of a lease", func(s *script) { s.timeToLive(1, 2, 3, "a") }},
		"a key that left":   {"wrong keys of a lease", func(s *script) { s.timeToLive(1, 2, 3, "a", "b", "c") }},
		"kept for less":     {"wrong answer", func(s *script) { s.keep(1, 2) }},
		"refused wrongly":   {"unexpected refusal", func(s *script) { s.refuse(put("a", "9"), "too many requests") }},
		"a put without it": {"wrong answer", func(s *script) {
			at := s.do(get("a"))
			kvs := slices.Clone(s.h.Operations[at].Answer.Results[0].KVs)
			kvs[0].Lease = 0
			s.h.Operations[at].Answer.Results[0].KVs = kvs
		}},
	} {
		s := leased()
		what.ask(s)
		s.do(all())
		t.Run(name, func(t *testing.T) { expectRule(t, s.finish(), what.rule) })
	}
}

func TestSearchAgreesOnAReadOfAKeyWhoseLeaseHasEnded(t *testing.T) {
	s := leased()
	read := s.do(get("a"))
	s.now += 4 * time.Second
	s.apply(revoke(1))
	s.do(all())
	s.h.Operations[read].Call, s.h.Operations[read].Return = s.tick(), s.tick()
	expectSearch(t, s.finish(), false)
}
