package history

import (
	"testing"
	"time"
)

func expectSearch(t *testing.T, h *History, want bool) {
	t.Helper()
	if linearizable, decided := h.Search(10 * time.Second); !decided || linearizable != want {
		t.Fatalf("linearizable: %v, decided: %v", linearizable, decided)
	}
}

func TestSearchAgreesOnARightHistory(t *testing.T) {
	expectSearch(t, right().finish(), true)
}

func TestSearchAgreesOnAStaleRead(t *testing.T) {
	s := right()
	s.do(put("d", "8"))
	read := s.do(get("d"))
	s.do(put("d", "9"))
	s.h.Operations[read].Call, s.h.Operations[read].Return = s.tick(), s.tick()
	expectSearch(t, s.finish(), false)
}

func TestSearchAgreesOnALostWrite(t *testing.T) {
	s := right()
	lost := s.do(put("d", "8"))
	s.do(get("d"))
	s.h.Operations[lost].Request = put("d", "other")
	expectSearch(t, s.finish(), false)
}

func TestSearchAgreesOnADoubledWrite(t *testing.T) {
	s := newScript()
	request := s.h.Operations[s.lose(put("a", "1"))].Request
	s.apply(request)
	s.do(get("a"))
	s.apply(request)
	s.do(get("a"))
	expectSearch(t, s.finish(), false)
}
