package history

import (
	"fmt"
	"slices"
)

// sequence is the changes that happened, by revision: what the watches agree on.
type sequence struct {
	events map[int64][]Event
	last   int64
	states []State // by revision; a missing revision repeats the one before
}

func (s *sequence) state(revision int64) State {
	if revision < 1 || revision >= int64(len(s.states)) {
		return State{}
	}
	return s.states[revision]
}

// sequence joins the watches. Each must have every revision from its first on, once and in order,
// and all must have the same events.
func (c *checker) joinWatches() {
	c.log = sequence{events: map[int64][]Event{}, last: 1}
	source := map[int64]int{}
	for n, w := range c.history.Watches {
		for revision, events := range c.checkWatch(w) {
			known, seen := c.log.events[revision]
			if !seen {
				c.log.events[revision], source[revision] = events, n
				c.log.last = max(c.log.last, revision)
			} else if !sameChanges(known, events) {
				c.report("watches differ", nil, "revision %d is %v to the %v and %v to the %v", revision,
					list(known), c.history.Watches[source[revision]], list(events), w)
			}
		}
	}
	for _, w := range c.history.Watches {
		if end := w.last(); w.Whole && w.CompactRevision == 0 && end < c.log.last {
			c.report("watch lost events", nil, "the %v ended at %d, the history at %d: %s", w, end,
				c.log.last, w.Error)
		}
	}
	c.log.states = []State{{}, Empty()}
	for revision := int64(2); revision <= c.log.last; revision++ {
		state := c.log.states[revision-1]
		for _, e := range c.log.events[revision] {
			state = state.with(e.KV)
		}
		state.Revision = revision
		c.log.states = append(c.log.states, state)
	}
}

// checkPrevious compares what the watches said of the values that were replaced. That value may be
// missing where it has been compacted.
func (c *checker) checkPrevious() {
	for _, w := range c.history.Watches {
		for _, a := range w.Arrivals {
			for _, e := range a.Events {
				before := c.log.state(e.KV.Mod - 1).Lookup(e.KV.Key)
				if e.Prev == before || e.Prev.Version == 0 && c.compactable(e.KV.Mod, a.Time) {
					continue
				}
				c.report("wrong previous value", nil, "the %v saw %v with %v before it, which was %v", w, e.KV,
					e.Prev, before)
			}
		}
	}
}

func (w Watch) last() int64 {
	end := w.From - 1
	for _, a := range w.Arrivals {
		for _, e := range a.Events {
			end = max(end, e.KV.Mod)
		}
	}
	return end
}

// checkWatch looks at one watch by itself and returns its events by revision.
func (c *checker) checkWatch(w Watch) map[int64][]Event {
	seen := map[int64][]Event{}
	at := w.From - 1
	for _, a := range w.Arrivals {
		begun := at // revisions up to here came in earlier messages
		for _, e := range a.Events {
			revision := e.KV.Mod
			switch {
			case revision <= begun && len(seen[revision]) > 0:
				c.report("watch repeats", nil, "the %v saw %v again, when it was at %d", w, e, at)
				continue
			case revision < at:
				c.report("watch reordered", nil, "the %v saw %v after revision %d", w, e, at)
			case revision > at+1:
				c.report("watch gap", nil, "the %v went from revision %d to %v", w, at, e)
			}
			if slices.ContainsFunc(seen[revision], func(o Event) bool { return o.KV.Key == e.KV.Key }) {
				c.report("watch repeats", nil, "the %v saw %v twice in one message", w, e)
				continue
			}
			seen[revision] = append(seen[revision], e)
			at = max(at, revision)
		}
		if a.Progress && a.Revision > at {
			c.report("false progress", nil, "the %v was told that it had all up to %d, but had seen %d",
				w, a.Revision, at)
		}
		if len(a.Events) > 0 && a.Revision < at {
			c.report("old header", nil, "a message of the %v had revision %d in its header and %v", w,
				a.Revision, a.Events[len(a.Events)-1])
		}
	}
	return seen
}

// checkFinals compares what the servers hold in the end.
func (c *checker) checkFinals() {
	for n, f := range c.history.Finals {
		if len(f.Leases) > 0 && c.history.Healed != 0 {
			c.report("lease outlived its time", nil, "server %d still has %x at the end", f.Server, f.Leases)
		}
		first := c.history.Finals[0]
		if f.State.Revision != c.log.last {
			c.report("wrong final state", nil, "server %d ended at revision %d, the watches at %d", f.Server,
				f.State.Revision, c.log.last)
		}
		if want := c.log.state(f.State.Revision); !want.equal(f.State) {
			c.report("wrong final state", nil, "server %d holds at %d\n  %v, which by the watches is\n  %v",
				f.Server, f.State.Revision, list(f.State.Keys), list(want.Keys))
		}
		if n > 0 && f.Hash != first.Hash {
			c.report("hashes differ", nil, "HashKV at %d is %d at server %d and %d at server %d",
				f.State.Revision, f.Hash, f.Server, first.Hash, first.Server)
		}
	}
}

// Violation is one contradiction, with the operations that make it.
type Violation struct {
	Rule       string
	Text       string
	Operations []int // by their place in the history
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Rule, v.Text) }
