package history

import (
	"cmp"
	"fmt"
	"slices"
)

// Check returns the contradictions between the history and a strictly serializable etcd, the first
// fifty of each kind. It is exact: a history passes if and only if its operations, and those of
// unknown outcome that took effect, can be put into one order that agrees with real time and in
// which a sequential etcd gives exactly these answers, revisions included.
//
//  1. The watches say what happened at each revision (joinWatches).
//  2. Each revision was made by one operation: the one that was acknowledged with it, else one of
//     unknown outcome, found by its values, of which no two operations put the same. That operation,
//     applied to the state before, gives exactly these events and this answer (explain).
//  3. Each operation that changed nothing was answered in the state at its header's revision (reads).
//  4. No operation is older than what anyone had seen when it began: reads have at least the newest
//     revision of any answer or watch message that had come by then, writes a newer one (order).
//     With writes ordered by revision, and reads after the write of theirs, this is all that
//     strictness asks.
//  5. A lease that is neither revoked nor over lives; one that has ended is gone for good, with all its
//     keys in one revision (endOf, checkLeases). Its end is a write of which nobody asked: the system's.
//  6. What is compacted is refused, and only that (checkCompactions).
//  7. Serializable reads show the state at some revision, and while one process serves it never goes
//     back (incarnations).
func (h *History) Check() []Violation {
	c := &checker{history: h, counts: map[string]int{}}
	c.joinWatches()
	c.findWrites()
	c.see()
	c.listCompactions()
	c.checkPrevious()
	c.listLeases()
	c.explain()
	c.checkAnswers()
	c.checkOrder()
	c.checkIncarnations()
	c.checkLeases()
	c.checkCompactions()
	c.checkFinals()
	return c.violations
}

type checker struct {
	history    *History
	violations []Violation
	counts     map[string]int

	log   sequence
	floor []int64       // by operation: the newest revision that anyone had seen before it was called
	by    []int         // by operation: one that had shown its floor, or -1
	made  map[int64]int // by revision: the operation that made it
	wrote []bool        // by operation: it was answered and took a revision

	times       timing
	leases      map[int64]*tenancy
	compactions compactions
}

func (c *checker) report(rule string, operations []int, format string, arguments ...any) {
	if c.counts[rule]++; c.counts[rule] <= 50 {
		c.violations = append(c.violations, Violation{rule, fmt.Sprintf(format, arguments...), operations})
	}
}

// findWrites tells which answered operations took a revision. A revocation did where the revision that
// it was answered with is the end of its keys, and no other operation's.
func (c *checker) findWrites() {
	operations := c.history.Operations
	c.wrote = make([]bool, len(operations))
	taken := map[int64]bool{}
	for n := range operations {
		if c.wrote[n] = operations[n].changed(); c.wrote[n] {
			taken[operations[n].Answer.Revision] = true
		}
	}
	for n, o := range operations {
		revision, step := o.Answer.Revision, o.Request.only()
		if o.Outcome != OK || step.Kind != Revoke || taken[revision] {
			continue
		}
		_, events, _ := c.log.state(revision-1).Apply(o.Request, nil)
		c.wrote[n] = len(events) > 0 && sameChanges(events, c.log.events[revision])
	}
}

// changed says whether an answer shows that its operation took a revision.
func (o *Operation) changed() bool {
	if o.Outcome != OK {
		return false
	}
	steps := o.Request.Then
	if !o.Answer.Succeeded {
		steps = o.Request.Else
	}
	for n, s := range steps {
		if s.Kind == Put || s.Kind == Delete && n < len(o.Answer.Results) && o.Answer.Results[n].Count > 0 {
			return true
		}
	}
	return false
}

// see finds for each operation what had been seen before it began.
func (c *checker) see() {
	var sights []sight
	for n, o := range c.history.Operations {
		if o.Outcome == OK {
			sights = append(sights, sight{o.Return, o.Answer.Revision, n})
		}
	}
	for _, w := range c.history.Watches {
		for _, a := range w.Arrivals {
			sights = append(sights, sight{a.Time, a.Revision, -1})
		}
	}
	slices.SortFunc(sights, func(a, b sight) int { return cmp.Compare(a.time, b.time) })
	operations := c.history.Operations
	calls := make([]int, len(operations))
	for n := range calls {
		calls[n] = n
	}
	slices.SortFunc(calls, func(a, b int) int { return cmp.Compare(operations[a].Call, operations[b].Call) })
	c.floor, c.by = make([]int64, len(operations)), make([]int, len(operations))
	next, newest, by := 0, int64(1), -1
	for _, n := range calls {
		for ; next < len(sights) && sights[next].time < operations[n].Call; next++ {
			if sights[next].revision > newest {
				newest, by = sights[next].revision, sights[next].operation
			}
		}
		c.floor[n], c.by[n] = newest, by
	}
}

// checkAnswers compares every answer with that of a sequential etcd in the same state.
func (c *checker) checkAnswers() {
	for n, o := range c.history.Operations {
		if o.Outcome != OK {
			if o.Outcome == Refused && !o.refused(noLease) && !o.refused(compacted) {
				c.report("unexpected refusal", []int{n}, "%v", o)
			}
			continue
		}
		revision := o.Answer.Revision
		before := revision
		if c.wrote[n] {
			before--
		}
		if revision < 1 || revision > c.log.last {
			rule := "read of what never was"
			if c.wrote[n] {
				rule = "lost write"
			}
			c.report(rule, []int{n}, "answered at revision %d, but the watches end at %d: %v", revision,
				c.log.last, o)
			continue
		}
		if o.Request.aside() {
			continue
		}
		want, events, _ := c.log.state(before).Apply(o.Request, c.log.state)
		if c.wrote[n] {
			if happened := c.log.events[revision]; !sameChanges(events, happened) {
				rule, operations := "lost write", []int{n}
				if other, made := c.made[revision]; made && other != n {
					operations = append(operations, other)
				}
				c.report(rule, operations, "acknowledged at %d, where %v happened: %v", revision,
					list(happened), o)
				continue
			}
		}
		if !want.equal(o.Answer) {
			c.report("wrong answer", []int{n}, "at revision %d the answer is %v, not that of %v", revision,
				want, o)
		}
	}
}

func sameChanges(a, b []Event) bool {
	return slices.EqualFunc(a, b, func(x, y Event) bool { return x.KV == y.KV })
}

// checkOrder holds the order of revisions against real time.
func (c *checker) checkOrder() {
	for n, o := range c.history.Operations {
		if !o.linear() {
			continue
		}
		operations := []int{n}
		if c.by[n] >= 0 {
			operations = append(operations, c.by[n])
		}
		switch revision := o.Answer.Revision; {
		case c.wrote[n] && revision <= c.floor[n]:
			c.report("write in the past", operations, "revision %d had been seen before: %v", c.floor[n], o)
		case revision < c.floor[n]:
			c.report("stale read", operations, "revision %d had been seen before: %v", c.floor[n], o)
		}
	}
}

// checkIncarnations demands that one process never goes back, serializable reads included.
func (c *checker) checkIncarnations() {
	type process struct{ server, incarnation int }
	byProcess := map[process][]int{}
	for n, o := range c.history.Operations {
		if o.Outcome == OK && o.Incarnation != 0 {
			p := process{o.Server, o.Incarnation}
			byProcess[p] = append(byProcess[p], n)
		}
	}
	operations := c.history.Operations
	for p, calls := range byProcess {
		returns := slices.Clone(calls)
		slices.SortFunc(calls, func(a, b int) int { return cmp.Compare(operations[a].Call, operations[b].Call) })
		slices.SortFunc(returns, func(a, b int) int {
			return cmp.Compare(operations[a].Return, operations[b].Return)
		})
		next, newest := 0, -1
		for _, n := range calls {
			for ; next < len(returns) && operations[returns[next]].Return < operations[n].Call; next++ {
				if newest < 0 ||
					operations[returns[next]].Answer.Revision > operations[newest].Answer.Revision {
					newest = returns[next]
				}
			}
			if newest >= 0 && operations[n].Answer.Revision < operations[newest].Answer.Revision {
				c.report("server went back", []int{n, newest}, "server %d had answered at %d: %v", p.server,
					operations[newest].Answer.Revision, operations[n])
			}
		}
	}
}
