package history

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

// Search looks for an order of the operations by trying, with a checker that is not ours. It knows
// the model but nothing of what Check concludes from revisions, and it may give up: then it returns
// true, and decided is false.
//
// Writes without an answer may have happened at any time. What the watches saw of them is taken as
// their answer; those that nobody saw are left out, except deletes, which leave no trace.
func (h *History) Search(limit time.Duration) (linearizable, decided bool) {
	seen := map[string]int64{}
	for _, w := range h.Watches {
		for _, a := range w.Arrivals {
			for _, e := range a.Events {
				if e.KV.Version != 0 {
					seen[e.KV.Value] = e.KV.Mod
				}
			}
		}
	}
	var operations []porcupine.Operation
	for n, o := range h.Operations {
		if o.Request.Serializable || o.Request.readsThePast() || o.Request.aside() {
			continue
		}
		entry := porcupine.Operation{ClientId: n, Input: o.Request, Call: int64(o.Call),
			Return: int64(o.Return), Output: found{answer: &h.Operations[n].Answer}}
		switch o.Outcome {
		case Refused:
			continue
		case Unknown:
			revision := int64(0)
			tokens := o.Request.tokens()
			for _, token := range tokens {
				revision = max(revision, seen[token])
			}
			if !o.Request.Writes() || len(tokens) > 0 && revision == 0 {
				continue
			}
			entry.Return, entry.Output = math.MaxInt64, found{revision: revision}
		}
		operations = append(operations, entry)
	}
	for _, end := range h.leaseEnds() {
		end.ClientId = len(h.Operations) + len(operations)
		operations = append(operations, end)
	}
	model := porcupine.Model{
		Init: func() any { return Empty() },
		Step: func(state, input, output any) (bool, any) {
			return output.(found).step(state.(State), input.(Request))
		},
		Equal: func(a, b any) bool { return a.(State).equal(b.(State)) },
		Hash: func(state any) uint64 {
			hash := fnv.New64a()
			hash.Write(strconv.AppendInt(nil, state.(State).Revision, 10))
			for _, kv := range state.(State).Keys {
				hash.Write([]byte(kv.Key))
				hash.Write(strconv.AppendInt(nil, kv.Mod, 10))
			}
			return hash.Sum64()
		},
	}
	result := porcupine.CheckOperationsTimeout(model, operations, limit)
	return result != porcupine.Illegal, result != porcupine.Unknown
}

// leaseEnds is the revisions that delete all keys of a lease and that nobody acknowledged, as operations
// that must have happened when they were seen. Where a delete without an answer did the same, it may have.
func (h *History) leaseEnds() (ends []porcupine.Operation) {
	c := &checker{history: h, counts: map[string]int{}}
	c.joinWatches()
	c.findWrites()
	c.time()
	granted, made := map[int64]Operation{}, map[int64]bool{}
	for n, o := range h.Operations {
		if step := o.Request.only(); step.Kind == Grant {
			granted[step.Lease] = o
		}
		if c.wrote[n] {
			made[o.Answer.Revision] = true
		}
	}
	for revision, events := range c.log.events {
		lease := c.log.state(revision - 1).Lookup(events[0].KV.Key).Lease
		grant, known := granted[lease]
		request := Request{Then: []Step{{Kind: Revoke, Lease: lease}}}
		if made[revision] || !known {
			continue
		}
		if _, did, _ := c.log.state(revision-1).Apply(request, nil); sameChanges(did, events) {
			ends = append(ends, porcupine.Operation{Input: request, Call: int64(grant.Call),
				Return: int64(c.times.seen[revision]), Output: found{revision: revision}})
		}
	}
	return ends
}

// found is what is known of an operation's answer: all of it; only its revision; or nothing.
type found struct {
	answer   *Answer
	revision int64
}

func (f found) step(state State, r Request) (bool, State) {
	if f.answer != nil && (f.answer.Revision < state.Revision || f.answer.Revision > state.Revision+1) {
		return false, state // spares the work
	}
	if f.revision != 0 && f.revision != state.Revision+1 {
		return false, state
	}
	answer, _, after := state.Apply(r, nil)
	if f.answer != nil {
		return answer.equal(*f.answer), after
	}
	return f.revision == 0 || after.Revision == f.revision, after
}

func (r Request) readsThePast() bool {
	for _, s := range r.Then {
		if s.At != 0 {
			return true
		}
	}
	return false
}
