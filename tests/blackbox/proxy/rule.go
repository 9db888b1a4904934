package proxy

import (
	"strings"
	"time"
)

// Side is one of the two that the proxy stands between.
type Side int

const (
	Client Side = iota
	Server
)

func (s Side) String() string { return [...]string{"client", "server"}[s] }

func (s Side) other() Side { return 1 - s }

// End is what a side is made to see.
type End int

const (
	Stays   End = iota // nothing: its connection stays open
	Reset              // connection reset by peer
	EOF                // the end of what it reads; what it still sends goes on
	Silence            // nothing ever again: what is for it is swallowed
)

func (e End) String() string {
	return [...]string{"stays", "is reset", "reads EOF", "hears nothing"}[e]
}

// Portion is how much of a message goes on.
type Portion int

const (
	All Portion = iota // and what its side had sent after it by then
	Half
	Nothing
)

func (p Portion) String() string { return [...]string{"all", "half", "nothing"}[p] }

// Message is one message of the protocol between client and server, or whatever came at once where
// the protocol is Raw.
type Message struct {
	From       Side
	Connection int    // counted from 1
	Name       string // Query, Parse, COM_QUERY, ...
	Text       string // of the statement that it carries or runs
	Length     int
}

// Rule is a fault and when it strikes.
//
// It strikes at a message, or in the stream of bytes. Then in this order: its sender sees its End,
// Hold passes, the portion goes on to the receiver, and the receiver sees its End. So a Reset of the
// sender with All and a Hold is a zombie: the message arrives after its sender was told otherwise.
type Rule struct {
	Name string
	From Side
	// At chooses the message; where it is nil, the rule strikes once a connection's side has sent
	// Bytes, and the message is what comes after them.
	At    func(Message) bool
	Bytes int64
	Skip  int // matches to let pass first
	Times int // how often it strikes; 0: once; negative: until it is removed
	// Chance lets it strike at this share of matches, by the proxy's seed; 0: at all.
	Chance float64

	Hold    time.Duration
	Forward Portion
	Client  End
	Server  End
}

func (r Rule) end(side Side) End {
	if side == Client {
		return r.Client
	}
	return r.Server
}

// Carrying matches messages of these names (any, if none is given) whose text has part in it, in
// whatever case.
func Carrying(part string, names ...string) func(Message) bool {
	part = strings.ToLower(part)
	return func(m Message) bool {
		named := len(names) == 0
		for _, name := range names {
			named = named || name == m.Name
		}
		return named && strings.Contains(strings.ToLower(m.Text), part)
	}
}

// The faults around a message of the client, as rules without a name or a time to strike at.
var (
	// CutBefore: the server never gets it.
	CutBefore = Rule{Forward: Nothing, Client: Reset, Server: Reset}
	// CutInside: the server gets a part.
	CutInside = Rule{Forward: Half, Client: Reset, Server: Reset}
	// CutAfter: the server gets it, the client never learns what came of it.
	CutAfter = Rule{Forward: All, Client: Reset, Server: EOF}
	// Zombie is CutAfter with time for the client to look before the server gets the message.
	Zombie = Rule{Forward: All, Client: Reset, Server: EOF, Hold: 300 * time.Millisecond}
	// Abandon: the server waits for the rest of a message whose client is gone, with what it locked.
	Abandon = Rule{Forward: Half, Client: Reset, Server: Stays}
	// Swallow: it is lost, and so is all after it; both sides wait.
	Swallow = Rule{Forward: Nothing, Client: Silence, Server: Silence}
	// SwallowAnswer: the server gets it, the client waits for ever.
	SwallowAnswer = Rule{Forward: All, Client: Silence}
	// HalfClose: the server gets it and then the end of the stream.
	HalfClose = Rule{Forward: All, Server: EOF}
	// Late: it arrives after a while.
	Late = Rule{Forward: All, Hold: 500 * time.Millisecond}
)

// The same around a message of the server, its answer.
var (
	// CutAnswer: the client does not get it, though the server has done what it says.
	CutAnswer = Rule{From: Server, Forward: Nothing, Client: Reset, Server: EOF}
	// CutInsideAnswer: the client gets a part.
	CutInsideAnswer = Rule{From: Server, Forward: Half, Client: Reset, Server: EOF}
	// LateAnswer: it arrives after a while.
	LateAnswer = Rule{From: Server, Forward: All, Hold: 500 * time.Millisecond}
)

// Named is the rule with a name, striking at messages that match.
func (r Rule) Named(name string, at func(Message) bool) Rule {
	r.Name, r.At = name, at
	return r
}
