package history

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// timing is between which times each revision was made, and which revisions there were at a time.
type timing struct {
	seen  []time.Duration // by revision: it had been made, as someone knew
	after []time.Duration // by revision: it had not yet been made
	calls []time.Duration // of operations that were answered in order, by time
	below []int64         // by place in calls: what had been made before it is at most this
}

const never = time.Duration(math.MaxInt64)

// time fills in timing.
func (c *checker) time() {
	size := c.log.last + 2
	t := timing{seen: slices.Repeat([]time.Duration{never}, int(size)), after: make([]time.Duration, size)}
	see := func(revision int64, at time.Duration) {
		if revision >= 0 && revision <= c.log.last {
			t.seen[revision] = min(t.seen[revision], at)
		}
	}
	type bound struct {
		call  time.Duration
		below int64
	}
	var bounds []bound
	for n, o := range c.history.Operations {
		if o.Outcome == OK {
			see(o.Answer.Revision, o.Return)
		}
		if !o.linear() {
			continue
		}
		below := o.Answer.Revision // at its call there was at most this
		if c.wrote[n] {
			below--
		}
		bounds = append(bounds, bound{o.Call, below})
		if next := below + 1; next >= 0 && next < size {
			t.after[next] = max(t.after[next], o.Call)
		}
	}
	for _, w := range c.history.Watches {
		for _, a := range w.Arrivals {
			see(a.Revision, a.Time)
			for _, e := range a.Events {
				see(e.KV.Mod, a.Time)
			}
		}
	}
	for revision := c.log.last; revision > 0; revision-- {
		t.seen[revision-1] = min(t.seen[revision-1], t.seen[revision])
	}
	for revision := int64(1); revision < size; revision++ {
		t.after[revision] = max(t.after[revision], t.after[revision-1])
	}
	slices.SortFunc(bounds, func(a, b bound) int { return cmp.Compare(a.call, b.call) })
	for n := len(bounds) - 2; n >= 0; n-- {
		bounds[n].below = min(bounds[n].below, bounds[n+1].below)
	}
	for _, b := range bounds {
		t.calls, t.below = append(t.calls, b.call), append(t.below, b.below)
	}
	c.times = t
}

// newestAt is the newest revision that may have been made by this time.
func (c *checker) newestAt(at time.Duration) int64 {
	if n, _ := slices.BinarySearch(c.times.calls, at); n < len(c.times.below) {
		return min(c.times.below[n], c.log.last)
	}
	return c.log.last
}
