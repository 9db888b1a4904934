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
)

// Step is one read or write of a request.
type Step struct {
	Kind  StepKind
	Key   string
	End   string `json:",omitempty"` // of a range [Key, End); empty: Key alone
	Value string `json:",omitempty"`
	Prev  bool   `json:",omitempty"` // a write asks for what it replaces
	At    int64  `json:",omitempty"` // a read of the past; 0: of now
	Limit int64  `json:",omitempty"` // of a read; 0: none
}

// Answer is what a server said. Results are one a step that was run.
type Answer struct {
	Revision  int64 // the header's
	Succeeded bool  // the guards held
	Results   []Result
}

// Result is what one step gave: the keys read, or those replaced where that was asked.
type Result struct {
	Count int64 `json:",omitempty"` // keys in the range that was read, or deleted
	KVs   []KV  `json:",omitempty"`
	More  bool  `json:",omitempty"`
}

// KV is a key at a revision.
type KV struct {
	Key     string
	Value   string `json:",omitempty"`
	Create  int64  `json:",omitempty"`
	Mod     int64
	Version int64 `json:",omitempty"` // 0: deleted at Mod
}

// Writes says whether the request has a step that could change something.
func (r Request) Writes() bool {
	for _, steps := range [][]Step{r.Then, r.Else} {
		for _, s := range steps {
			if s.Kind != Get {
				return true
			}
		}
	}
	return false
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
	return fmt.Sprintf("%s=%q@%d(created %d, version %d)", kv.Key, kv.Value, kv.Mod, kv.Create, kv.Version)
}

func (r Result) String() string {
	text := fmt.Sprint(r.Count, list(r.KVs))
	if r.More {
		text += " and more"
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
