package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Around is the operations next to a contradiction: those that make it and, by revision and by time,
// their neighbours.
func (h *History) Around(v Violation) string {
	const most = 24
	type neighbour struct {
		place    int
		distance int64
	}
	var near []neighbour
	for n, o := range h.Operations {
		for _, m := range v.Operations {
			in := h.Operations[m]
			distance := int64(1 << 40)
			if o.Outcome == OK && in.Outcome == OK {
				distance = abs(o.Answer.Revision - in.Answer.Revision)
			}
			if o.Outcome == Unknown && o.Request.Writes() && shareKeys(o.Request, in.Request) {
				distance = min(distance, int64(max(in.Call-o.Return, o.Call-in.Return, 0)/(50*time.Millisecond)))
			}
			if n == m {
				distance = -1
			}
			near = append(near, neighbour{n, distance})
		}
	}
	slices.SortStableFunc(near, func(a, b neighbour) int { return int(min(max(a.distance-b.distance, -1), 1)) })
	var places []int
	for _, n := range near {
		if n.distance <= 3 && len(places) < most && !slices.Contains(places, n.place) {
			places = append(places, n.place)
		}
	}
	slices.SortFunc(places, func(a, b int) int { return int(h.Operations[a].Call - h.Operations[b].Call) })
	var b strings.Builder
	for _, n := range places {
		mark := "   "
		if slices.Contains(v.Operations, n) {
			mark = " ! "
		}
		fmt.Fprintf(&b, "%s%v\n", mark, h.Operations[n])
	}
	return b.String()
}

func abs(n int64) int64 { return max(n, -n) }

func shareKeys(a, b Request) bool {
	for _, s := range slices.Concat(a.Then, a.Else) {
		for _, o := range slices.Concat(b.Then, b.Else) {
			if s.Key == o.Key {
				return true
			}
		}
	}
	return false
}
