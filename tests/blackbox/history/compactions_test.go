package history

import (
	"slices"
	"testing"
	"time"
)

func (s *script) compact(at int64) int { return s.about(Step{Kind: Compact, At: at}, Result{}) }

func past(at int64) Request {
	return Request{Then: []Step{{Kind: Get, Key: "a", End: "z", At: at}}}
}

func compaction(at int64) Request { return Request{Then: []Step{{Kind: Compact, At: at}}} }

// compactedAt4 is a history of six revisions of which those below the fourth were compacted, and were
// found to be.
func compactedAt4() *script {
	s := newScript()
	for _, value := range []string{"1", "2", "3", "4", "5"} {
		s.do(put("a", value))
	}
	s.do(past(2))
	s.compact(4)
	s.do(past(4))
	s.refuse(past(3), compacted)
	s.refuse(compaction(3), compacted)
	s.refuse(compaction(4), compacted)
	begin := s.tick()
	s.h.Watches = append(s.h.Watches, Watch{From: 2, CompactRevision: 4, Begin: begin, End: s.tick(),
		Error: compacted})
	return s
}

func TestRightHistoryOfACompactionPasses(t *testing.T) {
	h := compactedAt4().finish()
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	expectSearch(t, h, true)
}

func TestWatchThatIsOverrunGoesOnBehindTheCompaction(t *testing.T) {
	h := compactedAt4().finish()
	overrun := Watch{Server: 1, From: 2, Whole: true, CompactRevision: 4, End: s(9), Error: compacted,
		Arrivals: h.Watches[1].Arrivals[:1]}
	after := Watch{Server: 1, From: 5, Whole: true, Begin: s(10), Arrivals: slices.Clone(h.Watches[1].Arrivals[3:])}
	h.Watches = append(h.Watches, overrun, after)
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	h.Watches[len(h.Watches)-1].Arrivals = after.Arrivals[:1]
	expectRule(t, h, "watch lost events")
}

func s(seconds int) time.Duration { return time.Duration(seconds) * time.Second }

func TestPreviousValueMayBeMissingOnlyWhereItIsCompacted(t *testing.T) {
	h := compactedAt4().finish()
	watch := Watch{From: 4, Arrivals: slices.Clone(h.Watches[1].Arrivals[2:])}
	watch.Arrivals[0].Events = []Event{{KV: watch.Arrivals[0].Events[0].KV, Prev: KV{Key: "a"}}}
	h.Watches = append(h.Watches, watch)
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
	watch.Arrivals[1].Events = []Event{{KV: watch.Arrivals[1].Events[0].KV, Prev: KV{Key: "a"}}}
	expectRule(t, h, "wrong previous value")
}

func TestWrongCompactionsAreFound(t *testing.T) {
	for name, what := range map[string]struct {
		rule string
		bend func(s *script)
	}{
		"a read below":          {"read of what was compacted", func(s *script) { s.do(past(3)) }},
		"a read refused above":  {"false compaction", func(s *script) { s.refuse(past(4), compacted) }},
		"a read of now refused": {"false compaction", func(s *script) { s.refuse(get("a"), compacted) }},
		"a write refused":       {"unexpected refusal", func(s *script) { s.refuse(put("a", "6"), compacted) }},
		"a read of the past refused as one of the future": {"unexpected refusal", func(s *script) {
			s.refuse(past(5), "required revision is a future revision")
		}},
		"twice":                        {"compacted again", func(s *script) { s.compact(4) }},
		"back":                         {"compacted again", func(s *script) { s.compact(2) }},
		"refused above":                {"false compaction", func(s *script) { s.refuse(compaction(5), compacted) }},
		"a watch told of another":      {"false compaction", func(s *script) { s.h.Watches[0].CompactRevision = 3 }},
		"a watch that had seen it all": {"false compaction", func(s *script) { s.h.Watches[0].From = 4 }},
		"a watch below": {"watch of what was compacted", func(s *script) {
			s.h.Watches[0] = Watch{From: 2, Begin: s.tick(), Arrivals: []Arrival{{Time: s.tick(), Revision: 6,
				Events: s.events}}}
		}},
	} {
		s := compactedAt4()
		what.bend(s)
		t.Run(name, func(t *testing.T) { expectRule(t, s.finish(), what.rule) })
	}
}

func TestServersThatCompactByThemselvesNeedNobodyToAsk(t *testing.T) {
	s := compactedAt4()
	s.refuse(past(4), compacted)
	h := s.finish()
	expectRule(t, h, "false compaction")
	h.AutoCompact = true
	if violations := h.Check(); len(violations) > 0 {
		t.Fatal(violations)
	}
}
