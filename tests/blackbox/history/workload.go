package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The workload's keys lie in [first, last): the accounts, between which units are moved, the keys of
// everything else, and those that lessees put under their leases.
const (
	first, last = "account/", "lease0"
	accounts    = 4
	unitsEach   = 100
	accountEnd  = "account0"
)

// Workload says what sessions ask for. The zero value of a field takes its default.
type Workload struct {
	Seed     uint64
	Sessions int           // default 8
	Keys     int           // default 6
	Pause    time.Duration // between a session's operations, the most; default 4 ms
	Timeout  time.Duration // of an operation; default 3 s
	Lessees  int           // sessions that take leases; default none
	Compact  time.Duration // between two compactions, the most; default none at all
}

func (w Workload) withDefaults() Workload {
	if w.Sessions == 0 {
		w.Sessions = 8
	}
	if w.Keys == 0 {
		w.Keys = 6
	}
	if w.Pause == 0 {
		w.Pause = 4 * time.Millisecond
	}
	if w.Timeout == 0 {
		w.Timeout = 3 * time.Second
	}
	return w
}

// Run lets the sessions work until the context ends. Half of them move between the servers, so that
// what they saw on one must hold on the next; the others stay where they are, whatever happens there.
func (r *Recorder) Run(ctx context.Context, w Workload) {
	w = w.withDefaults()
	r.openAccounts(ctx, w)
	var wait sync.WaitGroup
	for n := range w.Sessions {
		wait.Add(1)
		s := &session{recorder: r, workload: w, number: n, known: map[string]KV{},
			random: rand.New(rand.NewPCG(w.Seed, uint64(n))), moves: n%2 == 1}
		s.server = n / 2 % len(r.members)
		go func() {
			defer wait.Done()
			for ctx.Err() == nil {
				s.step()
				time.Sleep(time.Duration(s.random.Int64N(int64(w.Pause))))
			}
		}()
	}
	for n := range w.Lessees {
		wait.Add(1)
		s := &lessee{session{recorder: r, workload: w, number: w.Sessions + n,
			random: rand.New(rand.NewPCG(w.Seed, uint64(w.Sessions+n)))}, ctx}
		go func() {
			defer wait.Done()
			for ctx.Err() == nil {
				s.tenancy()
				s.rest(200 * time.Millisecond)
			}
		}()
	}
	if w.Compact > 0 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			r.compactAgainAndAgain(ctx, w)
		}()
	}
	wait.Wait()
}

func (r *Recorder) openAccounts(ctx context.Context, w Workload) {
	var open Request
	for n := range accounts {
		key := account(n)
		open.Guards = append(open.Guards, Guard{key, 0})
		open.Then = append(open.Then, Step{Kind: Put, Key: key})
	}
	for try := 0; ctx.Err() == nil; try++ {
		for n := range open.Then {
			open.Then[n].Value = fmt.Sprintf("opening %d.%d:%d", try, n, unitsEach)
		}
		attempt := open
		attempt.Then = append([]Step{}, open.Then...)
		if r.Do(-1, try%len(r.members), attempt, w.Timeout).Outcome == OK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func account(n int) string { return fmt.Sprint("account/", n) }

// session is one client. It remembers what it saw of each key, and guards its writes by that, which
// may be old.
type session struct {
	recorder *Recorder
	workload Workload
	number   int
	server   int
	moves    bool
	sequence int
	known    map[string]KV
	newest   int64
	random   *rand.Rand
}

func (s *session) step() {
	if s.moves && s.random.IntN(4) == 0 {
		s.server = s.random.IntN(len(s.recorder.members))
	}
	o := s.recorder.Do(s.number, s.server, s.request(), s.workload.Timeout)
	if o.Outcome != OK {
		if s.moves {
			s.server = s.random.IntN(len(s.recorder.members))
		}
		time.Sleep(time.Duration(s.random.IntN(100)) * time.Millisecond)
		return
	}
	s.learn(o)
}

// learn remembers the keys as an answer shows them.
func (s *session) learn(o Operation) {
	s.newest = max(s.newest, o.Answer.Revision)
	steps := o.Request.Then
	if !o.Answer.Succeeded {
		steps = o.Request.Else
	}
	for n, step := range steps {
		switch {
		case step.Kind == Put:
			s.known[step.Key] = KV{Key: step.Key, Value: step.Value, Mod: o.Answer.Revision}
		case step.Kind == Delete:
			delete(s.known, step.Key)
		case step.At == 0:
			if step.End == "" && o.Answer.Results[n].Count == 0 {
				delete(s.known, step.Key)
			}
			for _, kv := range o.Answer.Results[n].KVs {
				s.known[kv.Key] = kv
			}
		}
	}
}

func (s *session) token() string {
	s.sequence++
	return fmt.Sprintf("%d.%d", s.number, s.sequence)
}

func (s *session) key() string { return fmt.Sprint("key/", s.random.IntN(s.workload.Keys)) }

func (s *session) request() Request {
	key := s.key()
	read := []Step{{Kind: Get, Key: key}}
	put := []Step{{Kind: Put, Key: key, Value: s.token(), Prev: s.random.IntN(3) == 0}}
	if s.random.IntN(8) == 0 {
		put[0].Lease = s.recorder.tenant(s.random)
	}
	gone := []Step{{Kind: Delete, Key: key, Prev: s.random.IntN(2) == 0}}
	guard := []Guard{{key, s.known[key].Mod}}
	switch n := s.random.IntN(100); {
	case n < 20:
		return Request{Then: put}
	case n < 28:
		return Request{Guards: []Guard{{key, 0}}, Then: put, Else: read}
	case n < 45:
		return Request{Guards: guard, Then: put, Else: read}
	case n < 51:
		return Request{Guards: guard, Then: gone, Else: read}
	case n < 55:
		return Request{Then: gone}
	case n < 56:
		return Request{Then: []Step{{Kind: Delete, Key: "key/", End: "key0", Prev: true}}}
	case n < 57 && s.workload.Lessees > 0 && s.random.IntN(5) == 0:
		// Some of the keys under leases, and with it a write elsewhere.
		lessee := s.workload.Sessions + s.random.IntN(s.workload.Lessees)
		return Request{Then: []Step{put[0], {Kind: Delete, Key: fmt.Sprintf("lease/%d/%d", lessee,
			s.random.IntN(4)), End: fmt.Sprintf("lease/%d/9", lessee), Prev: true},
			{Kind: Get, Key: first, End: last}}}
	case n < 68:
		return Request{Then: read}
	case n < 72:
		return Request{Then: []Step{{Kind: Get, Key: first, End: last}}}
	case n < 75:
		return Request{Then: []Step{{Kind: Get, Key: "account/", End: accountEnd}}}
	case n < 78:
		return Request{Then: []Step{{Kind: Get, Key: key}, {Kind: Get, Key: s.key()}}}
	case n < 81:
		return Request{Then: []Step{{Kind: Get, Key: first, End: last, Limit: 1 + s.random.Int64N(5),
			At: max(0, s.newest-s.random.Int64N(100))}}}
	case n < 90:
		return s.move()
	case n < 95:
		return Request{Then: read, Serializable: true}
	default:
		return Request{Then: []Step{{Kind: Get, Key: first, End: last}}, Serializable: true}
	}
}

// move takes units from one account and gives them to another, if neither has changed since the
// session saw it; else it looks.
func (s *session) move() Request {
	pair := s.random.Perm(accounts)[:2]
	from, to := account(pair[0]), account(pair[1])
	look := []Step{{Kind: Get, Key: from}, {Kind: Get, Key: to}}
	if s.known[from].Mod == 0 || s.known[to].Mod == 0 {
		return Request{Then: look}
	}
	amount := s.random.IntN(10)
	return Request{
		Guards: []Guard{{from, s.known[from].Mod}, {to, s.known[to].Mod}},
		Then: []Step{
			{Kind: Put, Key: from, Value: fmt.Sprintf("%s:%d", s.token(), units(s.known[from].Value)-amount)},
			{Kind: Put, Key: to, Value: fmt.Sprintf("%s:%d", s.token(), units(s.known[to].Value)+amount)},
		},
		Else: look,
	}
}

func units(value string) int {
	_, number, _ := strings.Cut(value, ":")
	n, _ := strconv.Atoi(number)
	return n
}

// CheckAccounts looks only at reads of all accounts: no unit may be lost or doubled. It knows nothing
// of revisions or of order.
func (h *History) CheckAccounts() (violations []Violation) {
	check := func(kvs []KV, text string, operations []int) {
		found, sum := 0, 0
		for _, kv := range kvs {
			if strings.HasPrefix(kv.Key, "account/") {
				found++
				sum += units(kv.Value)
			}
		}
		if found != 0 && (found != accounts || sum != accounts*unitsEach) {
			violations = append(violations, Violation{"units lost",
				fmt.Sprintf("%d accounts with %d units: %s", found, sum, text), operations})
		}
	}
	for n, o := range h.Operations {
		if o.Outcome != OK || !o.Answer.Succeeded {
			continue
		}
		for at, step := range o.Request.Then {
			if step.Kind == Get && step.Key == "account/" && step.End >= accountEnd && step.Limit == 0 {
				check(o.Answer.Results[at].KVs, o.String(), []int{n})
			}
		}
	}
	for _, f := range h.Finals {
		check(f.State.Keys, fmt.Sprint("in the end at server ", f.Server), nil)
	}
	return violations
}
