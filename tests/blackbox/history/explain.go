package history

import "slices"

// explain finds the operation that made each revision.
func (c *checker) explain() {
	c.made = map[int64]int{}
	byToken := map[string]int{}
	var deletes []int // of unknown outcome, without values to know them by
	for n := range c.history.Operations {
		o := &c.history.Operations[n]
		for _, token := range o.Request.tokens() {
			byToken[token] = n
		}
		if o.Outcome == Unknown && o.Request.Writes() && len(o.Request.tokens()) == 0 {
			deletes = append(deletes, n)
		}
		if c.wrote[n] {
			if other, taken := c.made[o.Answer.Revision]; taken {
				c.report("reused revision", []int{other, n}, "revision %d was given to two writes: %v and %v",
					o.Answer.Revision, c.history.Operations[other], *o)
				continue
			}
			c.made[o.Answer.Revision] = n
		}
	}
	// Deletes with guards fit fewer revisions than those without: they choose first.
	slices.SortStableFunc(deletes, func(a, b int) int {
		return len(c.history.Operations[b].Request.Guards) - len(c.history.Operations[a].Request.Guards)
	})
	used := map[int]bool{}
	at := map[int]int64{} // by operation: the revision where its values are
	for revision := int64(2); revision <= c.log.last; revision++ {
		events, there := c.log.events[revision]
		if !there {
			c.report("missing revision", nil, "no watch saw revision %d", revision)
			continue
		}
		maker := c.makerOf(revision, events, byToken, deletes, used)
		if maker < 0 {
			continue
		}
		if before, again := at[maker]; again {
			c.report("doubled write", []int{maker}, "its values are at %d and again at %d: %v", before,
				revision, c.history.Operations[maker])
			continue
		}
		at[maker] = revision
	}
}

// makerOf is the operation whose values a revision has, or -1. It reports a revision that this
// operation cannot have made.
func (c *checker) makerOf(revision int64, events []Event, byToken map[string]int, deletes []int,
	used map[int]bool) int {
	operations := c.history.Operations
	for _, e := range events {
		if e.KV.Version == 0 {
			continue
		}
		n, known := byToken[e.KV.Value]
		if !known {
			c.report("write from nowhere", nil, "nobody asked for %v", e)
			return -1
		}
		o := operations[n]
		switch acknowledged := c.wrote[n] && o.Answer.Revision == revision; {
		case acknowledged: // its answer is checked with the others
		case c.wrote[n]:
			c.report("two revisions of one write", []int{n}, "acknowledged at %d, it is at %d too: %v",
				o.Answer.Revision, revision, o)
		case o.Outcome == OK:
			c.report("write after no", []int{n}, "answered without a write, it is at %d: %v", revision, o)
		case o.Outcome == Refused:
			c.report("refused write happened", []int{n}, "it is at %d: %v", revision, o)
		default:
			if other, taken := c.made[revision]; taken {
				c.report("two values for one revision", []int{n, other}, "revision %d was acknowledged to "+
					"%v, but it is %v", revision, operations[other], o)
			} else {
				c.made[revision] = n
			}
			c.checkUnknown(n, revision, events)
		}
		return n
	}
	if n, acknowledged := c.made[revision]; acknowledged {
		return n
	}
	ended, verdict := c.endOf(revision, events)
	if ended {
		return -1
	}
	for _, n := range deletes {
		if c.floor[n] >= revision || used[n] {
			continue
		}
		if _, did, _ := c.log.state(revision-1).Apply(operations[n].Request, c.log.state); sameChanges(did,
			events) {
			c.made[revision], used[n] = n, true
			return n
		}
	}
	if verdict.Rule != "" {
		c.report(verdict.Rule, verdict.Operations, "%s", verdict.Text)
		return -1
	}
	c.report("write from nowhere", nil, "nobody asked for %v at %d", list(events), revision)
	return -1
}

// checkUnknown holds an operation without an answer against the revision that it made.
func (c *checker) checkUnknown(n int, revision int64, events []Event) {
	o := c.history.Operations[n]
	if _, did, _ := c.log.state(revision-1).Apply(o.Request, c.log.state); !sameChanges(did, events) {
		c.report("wrong effect", []int{n}, "at %d it does %v, but %v happened: %v", revision, list(did),
			list(events), o)
	}
	if revision <= c.floor[n] {
		operations := []int{n}
		if c.by[n] >= 0 {
			operations = append(operations, c.by[n])
		}
		c.report("write in the past", operations, "it is at %d, but %d had been seen before: %v", revision,
			c.floor[n], o)
	}
}
