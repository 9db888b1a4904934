package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// tenancy is what the history says of one lease. Each has an id of its own.
type tenancy struct {
	ttl      time.Duration
	lives    []int         // operations that show that there was such a lease
	renewals []int         // those of them that gave it its whole time
	deaths   []int         // operations that show that there was none
	revokes  []int         // operations that may have ended it
	touched  time.Duration // the last return of one that may have renewed it
	lived    int64         // it still was there at this revision
	held     int64         // the last revision at which it had keys
	end      int64         // the revision that was its end; 0 where it had no keys then
}

// listLeases gathers what there is to know before the revisions are explained.
func (c *checker) listLeases() {
	c.time()
	c.leases = map[int64]*tenancy{}
	of := func(lease int64) *tenancy {
		if c.leases[lease] == nil {
			c.leases[lease] = &tenancy{}
		}
		return c.leases[lease]
	}
	for n, o := range c.history.Operations {
		ids := o.Request.leases()
		step := o.Request.only()
		if step.Kind != Put && step.Lease != 0 {
			ids = []int64{step.Lease}
		}
		for _, id := range ids {
			t := of(id)
			var lives, renews, dies bool
			switch step.Kind {
			case Grant:
				t.ttl = time.Duration(step.TTL) * time.Second
				lives, renews = o.Outcome == OK, true
			case Keep:
				lives, renews = o.Outcome == OK && o.Answer.Results[0].TTL > 0, true
				dies = o.Outcome == OK && !lives
			case TimeToLive:
				lives = o.Outcome == OK && o.Answer.Results[0].TTL >= 0
				dies = o.Outcome == OK && !lives
			case Revoke:
				lives = o.Outcome == OK // until it took effect
				dies = o.Outcome == OK || o.refused(noLease)
				if o.Outcome != Refused {
					t.revokes = append(t.revokes, n)
				}
			default:
				lives = o.Outcome == OK && o.Answer.Succeeded
				dies = o.refused(noLease)
			}
			if lives {
				t.lives = append(t.lives, n)
				t.lived = max(t.lived, c.floor[n])
			}
			if renews && o.Outcome != Refused {
				t.touched = max(t.touched, o.Return)
			}
			if renews && lives {
				t.renewals = append(t.renewals, n)
			}
			if dies {
				t.deaths = append(t.deaths, n)
			}
		}
	}
	for revision := int64(2); revision <= c.log.last; revision++ {
		for _, e := range c.log.events[revision] {
			if e.KV.Lease != 0 {
				of(e.KV.Lease).lived = max(of(e.KV.Lease).lived, revision)
			}
		}
		for _, kv := range c.log.state(revision).Keys {
			if kv.Lease != 0 {
				of(kv.Lease).held = revision
			}
		}
	}
}

// revokedBy is an operation that may have revoked the lease by this time, or -1.
func (c *checker) revokedBy(t *tenancy, at time.Duration) int {
	for _, n := range t.revokes {
		if c.history.Operations[n].Call < at {
			return n
		}
	}
	return -1
}

// tooEarlyFor is an operation that gave the lease time beyond this one, or -1.
func (c *checker) tooEarlyFor(t *tenancy, at time.Duration) int {
	for _, n := range t.renewals {
		if c.history.Operations[n].Call+t.ttl > at {
			return n
		}
	}
	return -1
}

// endOf says whether a revision that only deletes, and that nobody acknowledged, is the end of a lease:
// of one that was over, or whose revocation was not answered. Where it almost is, it says what is wrong.
func (c *checker) endOf(revision int64, events []Event) (bool, Violation) {
	before := c.log.state(revision - 1)
	lease := before.Lookup(events[0].KV.Key).Lease
	t := c.leases[lease]
	if lease == 0 || t == nil {
		return false, Violation{}
	}
	for _, e := range events {
		if before.Lookup(e.KV.Key).Lease != lease {
			return false, Violation{}
		}
	}
	wrong := func(rule string, operation int, format string, arguments ...any) (bool, Violation) {
		v := Violation{Rule: rule, Text: fmt.Sprintf("lease %x at %d: %s", lease, revision,
			fmt.Sprintf(format, arguments...))}
		if operation >= 0 {
			v.Operations = []int{operation}
		}
		return false, v
	}
	_, all, _ := before.Apply(Request{Then: []Step{{Kind: Revoke, Lease: lease}}}, nil)
	if !sameChanges(all, events) {
		return wrong("lease ended in part", -1, "%v of %v", list(events), list(all))
	}
	if t.lived >= revision {
		return wrong("ended lease lives", -1, "%v, but it was there at %d", list(events), t.lived)
	}
	if c.revokedBy(t, c.times.seen[revision]) < 0 {
		if n := c.tooEarlyFor(t, c.times.seen[revision]); n >= 0 {
			return wrong("lease ended early", n, "seen at %s, in spite of %v",
				seconds(c.times.seen[revision]), c.history.Operations[n])
		}
	}
	t.end = revision
	return true, Violation{}
}

// checkLeases holds against each other what is known of each lease.
func (c *checker) checkLeases() {
	for n, o := range c.history.Operations { // ends that were acknowledged
		if o.Request.only().Kind == Revoke && c.wrote[n] {
			t, revision := c.leases[o.Request.Then[0].Lease], o.Answer.Revision
			if t.lived >= revision || t.end != 0 {
				c.report("ended lease lives", []int{n}, "there at %d, ended at %d: %v", t.lived, t.end, o)
			}
			t.end = revision
		}
	}
	var ids []int64
	for id := range c.leases {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		t := c.leases[id]
		slices.SortFunc(t.lives, func(a, b int) int {
			return cmp.Compare(c.history.Operations[a].Return, c.history.Operations[b].Return)
		})
		for _, n := range t.lives {
			c.checkLifeSign(id, t, n)
		}
		for _, n := range t.deaths {
			c.checkDeath(id, t, n)
		}
		c.checkLateness(id, t)
	}
}

// checkLifeSign looks at what was said of a lease that was there.
func (c *checker) checkLifeSign(id int64, t *tenancy, n int) {
	o := c.history.Operations[n]
	step, ttl := o.Request.only(), int64(t.ttl/time.Second)
	switch step.Kind {
	case Grant, Keep:
		if got := o.Answer.Results[0].TTL; got != ttl && ttl != 0 {
			c.report("wrong answer", []int{n}, "%d s, not %d: %v", got, ttl, o)
		}
	case Revoke:
		if t.end != 0 && !c.wrote[n] {
			c.report("wrong revision of a revocation", []int{n}, "its keys ended at %d: %v", t.end, o)
		}
	case TimeToLive:
		got := o.Answer.Results[0]
		if got.Granted != ttl && ttl != 0 || got.TTL > got.Granted {
			c.report("wrong time to live", []int{n}, "granted were %d s: %v", ttl, o)
		}
		// Servers tell each other of keepalives at times only: what is left is exact where the last one was.
		for _, k := range t.renewals {
			renewal := c.history.Operations[k]
			left := (renewal.Call + t.ttl - o.Return) / time.Second
			if renewal.Server == o.Server && renewal.Return < o.Call && got.TTL < int64(left) {
				c.report("wrong time to live", []int{n, k}, "%d s are left, not less: %v after %v", left, o, renewal)
				break
			}
		}
		slices.Sort(got.Keys)
		for revision := c.floor[n]; ; revision++ {
			if revision > c.newestAt(o.Return) {
				c.report("wrong keys of a lease", []int{n}, "lease %x had %v at %d and never until %d: %v", id,
					list(c.log.state(c.floor[n]).Under(id)), c.floor[n], c.newestAt(o.Return), o)
				break
			}
			if slices.EqualFunc(c.log.state(revision).Under(id), got.Keys,
				func(kv KV, key string) bool { return kv.Key == key }) {
				break
			}
		}
	}
}

// checkDeath looks at an answer that there is no such lease.
func (c *checker) checkDeath(id int64, t *tenancy, n int) {
	operations := c.history.Operations
	o := operations[n]
	if len(t.lives) == 0 || operations[t.lives[0]].Return >= o.Call && o.Request.only().Kind != Revoke {
		return // it may be from before the lease
	}
	if c.revokedBy(t, o.Return) < 0 {
		if k := c.tooEarlyFor(t, o.Return); k >= 0 {
			c.report("lease ended early", []int{n, k}, "lease %x: %v in spite of %v", id, o, operations[k])
		}
	}
	for _, k := range t.lives {
		if operations[k].Call > o.Return {
			c.report("ended lease lives", []int{n, k}, "lease %x: %v after %v", id, operations[k], o)
			break
		}
	}
	if newest := c.newestAt(o.Return); t.held > 0 && newest <= t.held {
		c.report("keys outlive their lease", []int{n}, "lease %x had keys at %d, the newest was %d at most: %v",
			id, t.held, newest, o)
	}
}

// checkLateness demands that a lease ends once its time is over and nothing hinders the servers.
func (c *checker) checkLateness(id int64, t *tenancy) {
	h := c.history
	if h.Healed == 0 || t.ttl == 0 {
		return
	}
	limit := max(h.Healed, t.touched) + t.ttl + h.Patience
	if t.end != 0 && c.times.after[t.end] > limit {
		c.report("lease outlived its time", nil, "lease %x ended at %d after %s, touched last at %s", id, t.end,
			seconds(c.times.after[t.end]), seconds(t.touched))
	}
	if t.held == c.log.last && len(h.Finals) > 0 {
		c.report("lease outlived its time", nil, "lease %x, touched last at %s, has %v at the end", id,
			seconds(t.touched), list(c.log.state(c.log.last).Under(id)))
	}
}
