package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Summary is a history in figures.
type Summary struct {
	Outcomes map[Outcome]int
	Kinds    map[string]map[Outcome]int // by what the operations were
	Found    int                        // operations of unknown outcome that took effect
	Length   time.Duration              // from the first call to the last answer
	Revision int64
	Events   int // that all watches saw together
	Watches  int
	Overrun  int // of them ended because what they wanted was compacted
	Leases   int // that were granted
	Ended    int // ends with keys for which nobody was answered: mostly of those whose time was over
	// The longest time in which no operation that writes or reads linearizably was answered anywhere,
	// and at each server.
	Gap     Gap
	Servers map[int]Gap
}

// Gap is a time without an answer.
type Gap struct{ Begin, Length time.Duration }

func (g Gap) String() string {
	return fmt.Sprintf("%.3f s from %.3f s on", g.Length.Seconds(), g.Begin.Seconds())
}

func (r Request) kind() string {
	writes := r.Writes()
	switch {
	case r.aside():
		return string(r.only().Kind)
	case len(r.leases()) > 0 && len(r.Then) > 1:
		return "transaction under a lease"
	case len(r.leases()) > 0:
		return "put under a lease"
	case r.Serializable:
		return "serializable read"
	case len(r.Then) > 1 && writes && len(r.Guards) == 0:
		return "transaction"
	case len(r.Guards) > 0 && len(r.Then) > 1:
		return "guarded transaction"
	case len(r.Guards) > 0:
		return "guarded " + string(r.Then[0].Kind)
	case !writes && r.readsThePast():
		return "read of the past"
	case !writes:
		return "linearizable read"
	}
	return string(r.Then[0].Kind)
}

// Summarize counts.
func (h *History) Summarize() Summary {
	s := Summary{Outcomes: map[Outcome]int{}, Kinds: map[string]map[Outcome]int{}, Servers: map[int]Gap{},
		Watches: len(h.Watches)}
	tokens := map[string]bool{}
	for _, w := range h.Watches {
		s.Revision = max(s.Revision, w.last())
		if w.CompactRevision != 0 {
			s.Overrun++
		}
		for _, a := range w.Arrivals {
			s.Events += len(a.Events)
			for _, e := range a.Events {
				tokens[e.KV.Value] = true
			}
		}
	}
	var answers []time.Duration
	byServer := map[int][]time.Duration{}
	for _, o := range h.Operations {
		kind := o.Request.kind()
		if s.Kinds[kind] == nil {
			s.Kinds[kind] = map[Outcome]int{}
		}
		s.Kinds[kind][o.Outcome]++
		s.Outcomes[o.Outcome]++
		if o.Outcome == Unknown && slices.ContainsFunc(o.Request.tokens(),
			func(token string) bool { return tokens[token] }) {
			s.Found++
		}
		if h.Healed != 0 && o.Return > h.Healed {
			continue // while leases were waited for
		}
		s.Length = max(s.Length, o.Return)
		if o.Outcome == OK && !o.Request.Serializable {
			answers = append(answers, o.Return)
			byServer[o.Server] = append(byServer[o.Server], o.Return)
		}
	}
	s.Leases = s.Kinds[string(Grant)][OK]
	s.Ended = len(h.leaseEnds())
	s.Gap = longestGap(answers, s.Length)
	for server, times := range byServer {
		s.Servers[server] = longestGap(times, s.Length)
	}
	return s
}

func longestGap(times []time.Duration, end time.Duration) (longest Gap) {
	slices.Sort(times)
	for n := range times {
		next := end
		if n+1 < len(times) {
			next = times[n+1]
		}
		if next-times[n] > longest.Length {
			longest = Gap{times[n], next - times[n]}
		}
	}
	return longest
}

func (s Summary) String() string {
	var b strings.Builder
	total := s.Outcomes[OK] + s.Outcomes[Refused] + s.Outcomes[Unknown]
	fmt.Fprintf(&b, "%d operations in %.1f s, %.0f a second answered: %d ok, %d refused, %d unknown, %d of "+
		"these took effect\n", total, s.Length.Seconds(), float64(s.Outcomes[OK])/s.Length.Seconds(),
		s.Outcomes[OK], s.Outcomes[Refused], s.Outcomes[Unknown], s.Found)
	for _, kind := range slices.Sorted(maps.Keys(s.Kinds)) {
		of := s.Kinds[kind]
		fmt.Fprintf(&b, "  %-25s %7d ok %5d refused %5d unknown\n", kind, of[OK], of[Refused], of[Unknown])
	}
	fmt.Fprintf(&b, "revision %d; %d watches saw %d events; %d were overrun by a compaction\n", s.Revision,
		s.Watches, s.Events, s.Overrun)
	fmt.Fprintf(&b, "%d leases; %d ended, with keys, without a revocation that was answered\n", s.Leases, s.Ended)
	fmt.Fprintf(&b, "longest time without an answer: %v", s.Gap)
	for _, server := range slices.Sorted(maps.Keys(s.Servers)) {
		fmt.Fprintf(&b, "\n  of server %d: %v", server, s.Servers[server])
	}
	return b.String()
}
