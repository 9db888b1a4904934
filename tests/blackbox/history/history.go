package history

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// History is everything that was asked, answered and seen.
type History struct {
	Operations []Operation
	Watches    []Watch
	Finals     []Final

	// From Healed on nothing hindered the servers; 0: not known, or never. Within Patience after that, and
	// after its own time, a lease must have ended.
	Healed   time.Duration `json:",omitempty"`
	Patience time.Duration `json:",omitempty"`
	// AutoCompact: the servers compact by themselves too.
	AutoCompact bool `json:",omitempty"`
}

// Watch is one watch of every key, from a revision on.
type Watch struct {
	Server   int
	From     int64 // the first revision that it asked for
	Whole    bool  // it was kept to the end and must have seen all
	Arrivals []Arrival
	Error    string `json:",omitempty"` // what ended it
	// CompactRevision is not 0 where it ended because what it wanted next was compacted up to there. One
	// that was to be Whole goes on as another then.
	CompactRevision int64         `json:",omitempty"`
	Begin           time.Duration // just before it was asked for
	End             time.Duration // when it ended by itself
}

// Arrival is one message of a watch.
type Arrival struct {
	Time     time.Duration
	Revision int64   // the header's
	Progress bool    `json:",omitempty"` // it says that all events up to Revision have come
	Events   []Event `json:",omitempty"`
}

// Final is what a server held in the end.
type Final struct {
	Server int
	State  State
	Hash   uint32  // HashKV at State.Revision
	Leases []int64 `json:",omitempty"`

	compacted int64 // where Hash begins
}

func (w Watch) String() string { return fmt.Sprintf("watch of server %d from %d", w.Server, w.From) }

// Write puts the history into a file, for Read.
func (h *History) Write(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return json.NewEncoder(file).Encode(h)
}

// Read takes a history from a file, to check it again.
func Read(path string) (*History, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var h History
	return &h, json.Unmarshal(content, &h)
}
