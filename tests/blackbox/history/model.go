package history

import (
	"slices"
	"strings"
)

// State is etcd's whole content at a revision: its keys in order. It is never changed in place.
type State struct {
	Revision int64
	Keys     []KV
}

// Empty is the state of a new etcd.
func Empty() State { return State{Revision: 1} }

// Event is one change of one key, as a watch reports it.
type Event struct {
	KV   KV
	Prev KV `json:",omitzero"` // what it replaced; its Version is 0 if there was nothing
}

func (e Event) String() string { return e.KV.String() }

func (s State) find(key string) (int, bool) {
	return slices.BinarySearchFunc(s.Keys, key, func(kv KV, key string) int {
		return strings.Compare(kv.Key, key)
	})
}

// Lookup is the key's state, or one of Version 0.
func (s State) Lookup(key string) KV {
	if at, found := s.find(key); found {
		return s.Keys[at]
	}
	return KV{Key: key}
}

// Range is the keys in [key, end), or only key where end is empty.
func (s State) Range(key, end string) []KV {
	from, found := s.find(key)
	if end == "" {
		if !found {
			return nil
		}
		return s.Keys[from : from+1]
	}
	to, _ := s.find(end)
	return s.Keys[from:max(from, to)]
}

// Under is the keys under a lease.
func (s State) Under(lease int64) (kvs []KV) {
	for _, kv := range s.Keys {
		if kv.Lease == lease {
			kvs = append(kvs, kv)
		}
	}
	return kvs
}

// Apply is what a sequential etcd does: its answer to the request, the events, and the state after.
// Reads of the past are answered by past, which may be nil where the request has none.
func (s State) Apply(r Request, past func(revision int64) State) (Answer, []Event, State) {
	answer := Answer{Succeeded: true}
	for _, g := range r.Guards {
		answer.Succeeded = answer.Succeeded && s.Lookup(g.Key).Mod == g.Mod
	}
	steps := r.Then
	if !answer.Succeeded {
		steps = r.Else
	}
	var events []Event
	after := s
	for _, step := range steps {
		var result Result
		switch step.Kind {
		case Get:
			from := after
			if step.At != 0 {
				from = past(step.At)
			}
			kvs := from.Range(step.Key, step.End)
			result.Count = int64(len(kvs))
			if step.Limit > 0 && result.Count > step.Limit {
				kvs, result.More = kvs[:step.Limit], true
			}
			result.KVs = kvs
		case Put:
			before := after.Lookup(step.Key)
			now := KV{Key: step.Key, Value: step.Value, Create: before.Create, Mod: s.Revision + 1,
				Version: before.Version + 1, Lease: step.Lease}
			if before.Version == 0 {
				now.Create = now.Mod
			}
			if step.Prev && before.Version != 0 {
				result.KVs = []KV{before}
			}
			events = append(events, Event{KV: now, Prev: before})
			after = after.with(now)
		case Delete:
			gone := after.Range(step.Key, step.End)
			result.Count = int64(len(gone))
			if step.Prev {
				result.KVs = gone
			}
			for _, before := range gone {
				now := KV{Key: before.Key, Mod: s.Revision + 1}
				events = append(events, Event{KV: now, Prev: before})
				after = after.with(now)
			}
		}
		if step.Kind == Revoke {
			for _, before := range after.Under(step.Lease) {
				now := KV{Key: before.Key, Mod: s.Revision + 1}
				events = append(events, Event{KV: now, Prev: before})
				after = after.with(now)
			}
		}
		answer.Results = append(answer.Results, result)
	}
	if len(events) > 0 {
		after.Revision = s.Revision + 1
	}
	answer.Revision = after.Revision
	return answer, events, after
}

// with is the state with a key replaced, or removed where its Version is 0.
func (s State) with(kv KV) State {
	at, found := s.find(kv.Key)
	keys := make([]KV, 0, len(s.Keys)+1)
	keys = append(keys, s.Keys[:at]...)
	if kv.Version != 0 {
		keys = append(keys, kv)
	}
	if found {
		at++
	}
	return State{Revision: s.Revision, Keys: append(keys, s.Keys[at:]...)}
}

func sameKVs(a, b []KV) bool { return slices.Equal(a, b) }

func (a Answer) equal(b Answer) bool {
	return a.Revision == b.Revision && a.Succeeded == b.Succeeded &&
		slices.EqualFunc(a.Results, b.Results, func(x, y Result) bool {
			return x.Count == y.Count && x.More == y.More && sameKVs(x.KVs, y.KVs)
		})
}

func (s State) equal(other State) bool {
	return s.Revision == other.Revision && sameKVs(s.Keys, other.Keys)
}
