// Package history records what concurrent clients ask of several servers and what they answer, and
// checks that the servers together are one strictly serializable etcd.
//
//	recorder := history.NewRecorder(clients)     // one clientv3 client a server
//	watches := recorder.WatchAll()
//	recorder.Run(ctx, workload)                  // sessions that move between the servers
//	h := recorder.Finish(ctx)
//	for _, violation := range h.Check() { ... }
//
// etcd's answers carry revisions, so the check is exact and needs no search: the events of the
// watches are the order of all writes; each acknowledged operation belongs to the revision that it
// was answered with, and must have been answered as a sequential etcd in the state at that revision
// answers; and the order of revisions must agree with real time. See Check.
package history

import (
	"fmt"
	"strings"
	"time"
)

// Outcome says what is known of an operation once it has returned.
type Outcome string

const (
	OK      Outcome = "ok"
	Refused Outcome = "refused" // it has not happened and never will
	Unknown Outcome = "unknown" // it may have happened, may happen later, or never
)

// Operation is one request of one session and what became of it. Times are measured from the
// beginning of the history, by one monotonic clock.
type Operation struct {
	Session int
	Server  int // by its place in the recorder's list
	// Incarnation counts the server's starts; 0 if it was started again meanwhile or that is not known.
	Incarnation int           `json:",omitempty"`
	Call        time.Duration // just before the request was sent
	Return      time.Duration // just after the answer came, or the wait for it ended
	Outcome     Outcome
	Request     Request
	Answer      Answer `json:",omitzero"` // of an operation that is OK
	Error       string `json:",omitempty"`
	// Sent is how often gRPC sent the request. It sends one again by itself only where the server has
	// said that it had not begun on it.
	Sent int
}

// Request is a transaction, or where it has one step and no guards the plain call of that step.
type Request struct {
	Guards       []Guard `json:",omitempty"`
	Then         []Step
	Else         []Step `json:",omitempty"`
	Serializable bool   `json:",omitempty"` // of a single read
}

// Guard demands that a key's last change was at this revision; 0 demands that it does not exist.
type Guard struct {
	Key string
	Mod int64
}

// StepKind is what a step does.
type StepKind string

const (
	Get    StepKind = "get"
	Put    StepKind = "put"
	Delete StepKind = "delete"

	// The only step of their requests.
	Grant      StepKind = "grant"
	Keep       StepKind = "keep alive"
	TimeToLive StepKind = "time to live"
	Revoke     StepKind = "revoke"
	Compact    StepKind = "compact"
)

// Step is one read or write of a request.
type Step struct {
	Kind  StepKind
	Key   string
	End   string `json:",omitempty"` // of a range [Key, End); empty: Key alone
	Value string `json:",omitempty"`
	Prev  bool   `json:",omitempty"` // a write asks for what it replaces
	At    int64  `json:",omitempty"` // a read of the past, 0: of now; what to compact
	Lease int64  `json:",omitempty"` // to put the key under; or what the step is about
	TTL   int64  `json:",omitempty"` // seconds, of a grant
	Limit int64  `json:",omitempty"` // of a read; 0: none
}

// Answer is what a server said. Results are one a step that was run.
type Answer struct {
	Revision  int64 // the header's
	Succeeded bool  // the guards held
	Results   []Result
}

// Result is what one step gave: the keys read, or those replaced where that was asked; a lease's time.
type Result struct {
	Count int64 `json:",omitempty"` // keys in the range that was read, or deleted
	KVs   []KV  `json:",omitempty"`
	More  bool  `json:",omitempty"`

	TTL     int64    `json:",omitempty"` // seconds; 0 or less: there is no such lease
	Granted int64    `json:",omitempty"`
	Keys    []string `json:",omitempty"` // under the lease
}

// KV is a key at a revision.
type KV struct {
	Key     string
	Value   string `json:",omitempty"`
	Create  int64  `json:",omitempty"`
	Mod     int64
	Version int64 `json:",omitempty"` // 0: deleted at Mod
	Lease   int64 `json:",omitempty"` // that it is under; 0: none
}

// Writes says whether the request has a step that could change a key.
func (r Request) Writes() bool {
	for _, steps := range [][]Step{r.Then, r.Else} {
		for _, s := range steps {
			if s.Kind == Put || s.Kind == Delete || s.Kind == Revoke {
				return true
			}
		}
	}
	return false
}

// only is the step of a request that has no other and no guards, else one of no kind.
func (r Request) only() Step {
	if r.plain() {
		return r.Then[0]
	}
	return Step{}
}

// aside says whether the request is neither a read nor a write of keys.
func (r Request) aside() bool {
	switch r.only().Kind {
	case Grant, Keep, TimeToLive, Compact:
		return true
	}
	return false
}

// linear says whether the operation was answered in the state of a moment between its call and its
// return. Keepalives are, but for the revision in their headers.
func (o *Operation) linear() bool {
	return o.Outcome == OK && !o.Request.Serializable && o.Request.only().Kind != Keep
}

// The refusals that the workload may meet.
const (
	noLease   = "requested lease not found"
	compacted = "required revision has been compacted"
)

// refused says whether the operation was refused for this reason.
func (o *Operation) refused(reason string) bool {
	return o.Outcome == Refused && strings.Contains(o.Error, reason)
}

// leases are those that the request puts keys under.
func (r Request) leases() (ids []int64) {
	for _, s := range r.Then {
		if s.Kind == Put && s.Lease != 0 {
			ids = append(ids, s.Lease)
		}
	}
	return ids
}

// plain says whether the request is sent as a call of its own and not as a transaction.
func (r Request) plain() bool { return len(r.Guards) == 0 && len(r.Then) == 1 }

// tokens are the values that the request puts; each value is put by one request only.
func (r Request) tokens() (values []string) {
	for _, steps := range [][]Step{r.Then, r.Else} {
		for _, s := range steps {
			if s.Kind == Put {
				values = append(values, s.Value)
			}
		}
	}
	return values
}

func (s Step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", s.Kind, s.Key)
	if s.End != "" {
		fmt.Fprintf(&b, "..%s", s.End)
	}
	if s.Kind == Put {
		fmt.Fprintf(&b, "=%q", s.Value)
	}
	if s.Lease != 0 {
		fmt.Fprintf(&b, " lease %x", s.Lease)
	}
	if s.TTL != 0 {
		fmt.Fprintf(&b, " for %d s", s.TTL)
	}
	if s.At != 0 {
		fmt.Fprintf(&b, " at %d", s.At)
	}
	if s.Limit != 0 {
		fmt.Fprintf(&b, " limit %d", s.Limit)
	}
	return b.String()
}

func (r Request) String() string {
	var parts []string
	if r.Serializable {
		parts = append(parts, "serializable")
	}
	for n, g := range r.Guards {
		parts = append(parts, map[bool]string{true: "if", false: "and"}[n == 0],
			fmt.Sprintf("mod(%s)=%d", g.Key, g.Mod))
	}
	parts = append(parts, list(r.Then))
	if len(r.Else) > 0 {
		parts = append(parts, "else", list(r.Else))
	}
	return strings.Join(parts, " ")
}

func list[T fmt.Stringer](items []T) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, item.String())
	}
	return "[" + strings.Join(texts, "; ") + "]"
}

func (kv KV) String() string {
	if kv.Version == 0 {
		return fmt.Sprintf("%s gone@%d", kv.Key, kv.Mod)
	}
	text := fmt.Sprintf("%s=%q@%d(created %d, version %d", kv.Key, kv.Value, kv.Mod, kv.Create, kv.Version)
	if kv.Lease != 0 {
		text += fmt.Sprintf(", lease %x", kv.Lease)
	}
	return text + ")"
}

func (r Result) String() string {
	text := fmt.Sprint(r.Count, list(r.KVs))
	if r.More {
		text += " and more"
	}
	if r.TTL != 0 || r.Granted != 0 {
		text += fmt.Sprintf(" %d of %d s %q", r.TTL, r.Granted, r.Keys)
	}
	return text
}

func (a Answer) String() string {
	verdict := ""
	if !a.Succeeded {
		verdict = " guards failed"
	}
	return fmt.Sprintf("@%d%s %s", a.Revision, verdict, list(a.Results))
}

func (o Operation) String() string {
	what := o.Error
	if o.Outcome == OK {
		what = o.Answer.String()
	}
	if o.Sent > 1 {
		what += fmt.Sprintf(" (sent %d times)", o.Sent)
	}
	return fmt.Sprintf("%s..%s session %d server %d: %v -> %s %s", seconds(o.Call), seconds(o.Return),
		o.Session, o.Server, o.Request, o.Outcome, what)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
