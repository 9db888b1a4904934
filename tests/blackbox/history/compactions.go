package history

import (
	"cmp"
	"slices"
	"time"
)

// compactions is who asked for which, and what was known of them.
type compactions struct {
	requests []int // operations that were not refused
	all      rising
	servers  map[int]*rising // what a server had shown that it knew
}

// rising is a number that grows, as someone saw it.
type rising struct{ sights []sight }

type sight struct {
	time      time.Duration
	revision  int64
	operation int // -1: none
}

func (r *rising) sort() {
	slices.SortStableFunc(r.sights, func(a, b sight) int { return cmp.Compare(a.time, b.time) })
	for n := 1; n < len(r.sights); n++ {
		if r.sights[n].revision < r.sights[n-1].revision {
			r.sights[n].revision, r.sights[n].operation = r.sights[n-1].revision, r.sights[n-1].operation
		}
	}
}

// before is the greatest that was seen before this time.
func (r *rising) before(at time.Duration) sight {
	n, _ := slices.BinarySearchFunc(r.sights, at, func(s sight, at time.Duration) int {
		return cmp.Compare(s.time, at)
	})
	if n == 0 {
		return sight{operation: -1}
	}
	return r.sights[n-1]
}

func (c *checker) listCompactions() {
	k := &c.compactions
	k.servers = map[int]*rising{}
	add := func(server int, s sight) {
		if k.servers[server] == nil {
			k.servers[server] = &rising{}
		}
		for _, r := range []*rising{&k.all, k.servers[server]} {
			r.sights = append(r.sights, s)
		}
	}
	for n, o := range c.history.Operations {
		switch step := o.Request.only(); {
		case step.Kind == Compact && o.Outcome != Refused:
			k.requests = append(k.requests, n)
			if o.Outcome == OK {
				add(o.Server, sight{o.Return, step.At, n})
			}
		case step.Kind == Compact && o.refused(compacted):
			add(o.Server, sight{o.Return, step.At, n})
		case step.Kind == Get && o.refused(compacted):
			add(o.Server, sight{o.Return, step.At + 1, n})
		}
	}
	for _, w := range c.history.Watches {
		if w.CompactRevision != 0 {
			add(w.Server, sight{w.End, w.CompactRevision, -1})
		}
	}
	k.all.sort()
	for _, r := range k.servers {
		r.sort()
	}
}

// compactable says whether anyone had asked by this time for a compaction at the revision or above.
func (c *checker) compactable(revision int64, by time.Duration) bool {
	return c.history.AutoCompact || slices.ContainsFunc(c.compactions.requests, func(n int) bool {
		o := c.history.Operations[n]
		return o.Call < by && o.Request.Then[0].At >= revision
	})
}

// checkCompactions demands that what is compacted is refused, nothing else is, and that watches are told
// the truth of it.
func (c *checker) checkCompactions() {
	for n, o := range c.history.Operations {
		step := o.Request.only()
		known := c.compactions.all.before(o.Call)
		with := []int{n}
		if known.operation >= 0 {
			with = append(with, known.operation)
		}
		switch {
		case step.Kind == Get && step.At != 0 && o.linear() && step.At < known.revision:
			c.report("read of what was compacted", with, "compacted at %d: %v", known.revision, o)
		case step.Kind == Get && o.refused(compacted) && (step.At == 0 || !c.compactable(step.At+1, o.Return)):
			c.report("false compaction", []int{n}, "%v", o)
		case step.Kind == Compact && o.Outcome == OK && step.At <= known.revision:
			c.report("compacted again", with, "compacted at %d: %v", known.revision, o)
		case step.Kind == Compact && o.refused(compacted) && !c.compactable(step.At, o.Return):
			c.report("false compaction", []int{n}, "%v", o)
		case step.Kind != Get && step.Kind != Compact && o.refused(compacted):
			c.report("unexpected refusal", []int{n}, "%v", o)
		}
	}
	for _, w := range c.history.Watches {
		if at := w.CompactRevision; at != 0 {
			asked := func(n int) bool {
				o := c.history.Operations[n]
				return o.Call < w.End && o.Request.Then[0].At == at
			}
			if at <= w.last()+1 {
				c.report("false compaction", nil, "the %v had seen all below %d and was told of a compaction at %d",
					w, w.last()+1, at)
			} else if !c.history.AutoCompact && !slices.ContainsFunc(c.compactions.requests, asked) {
				c.report("false compaction", nil, "the %v was told of one at %d, for which nobody asked", w, at)
			}
		}
		if r := c.compactions.servers[w.Server]; r != nil && w.last() >= w.From {
			if known := r.before(w.Begin); known.revision > w.From {
				c.report("watch of what was compacted", nil, "the %v saw events, though its server knew of a "+
					"compaction at %d", w, known.revision)
			}
		}
	}
}
