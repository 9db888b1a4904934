package proxy

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// toy speaks as PostgreSQL does as far as framing goes: it notes what it gets and answers each Sync
// and Query with ReadyForQuery, except where it is told to keep quiet.
type toy struct {
	listener net.Listener
	mutex    sync.Mutex
	got      []string // "Query select 1", in order, of all connections
	ends     []error  // how the connections ended
}

func startToy(t *testing.T) *toy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &toy{listener: listener}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection)
		}
	}()
	return s
}

func (s *toy) serve(connection net.Conn) {
	defer connection.Close()
	p, pending, buffer := newParser(Postgres), []byte{}, make([]byte, 4096)
	for {
		n, err := connection.Read(buffer)
		pending = append(pending, buffer[:n]...)
		for length := p.next(Client, pending); length > 0; length = p.next(Client, pending) {
			name, text := p.read(Client, pending[:length])
			pending = pending[length:]
			s.note(strings.TrimSpace(name + " " + text))
			if name == "Sync" || name == "Query" {
				connection.Write(message('C', "DONE "+text+"\x00"))
				connection.Write(message('Z', "I"))
			}
		}
		if err != nil {
			if len(pending) > 0 {
				s.note("part")
			}
			s.mutex.Lock()
			s.ends = append(s.ends, err)
			s.mutex.Unlock()
			return
		}
	}
}

func (s *toy) note(what string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.got = append(s.got, what)
}

func (s *toy) received() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.got)
}

func (s *toy) awaitEnd(t *testing.T) error {
	t.Helper()
	var end error
	eventually(t, func() bool {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if len(s.ends) > 0 {
			end = s.ends[0]
		}
		return end != nil
	}, "the server's connection ends")
	return end
}

func eventually(t *testing.T, holds func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("does not hold: %s", what)
		}
	}
}

func message(kind byte, body string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body)))
	return append(b, body...)
}

func startup() []byte {
	b := binary.BigEndian.AppendUint32(nil, 8)
	return binary.BigEndian.AppendUint32(b, 196608)
}

func query(text string) []byte { return message('Q', text+"\x00") }

// extended is a statement as a driver sends it, in one piece.
func extended(text string) []byte {
	return slices.Concat(message('P', "s\x00"+text+"\x00\x00\x00"), message('B', "\x00s\x00\x00\x00\x00\x00\x00\x00"),
		message('E', "\x00\x00\x00\x00\x00"), message('S', ""))
}

func setUp(t *testing.T) (*toy, *Proxy, *net.TCPConn) {
	s := startToy(t)
	p := Start(t, Postgres, s.listener.Addr().String())
	return s, p, dial(t, p)
}

func dial(t *testing.T, p *Proxy) *net.TCPConn {
	t.Helper()
	connection, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	connection.Write(startup())
	return connection.(*net.TCPConn)
}

// answer reads up to the next ReadyForQuery.
func answer(connection net.Conn) (text string, err error) {
	var all []byte
	buffer := make([]byte, 4096)
	for !strings.HasSuffix(string(all), "Z\x00\x00\x00\x05I") {
		n, err := connection.Read(buffer)
		all = append(all, buffer[:n]...)
		if err != nil {
			return string(all), err
		}
	}
	return string(all), nil
}

func expectAnswer(t *testing.T, connection net.Conn, text string) {
	t.Helper()
	if got, err := answer(connection); err != nil || !strings.Contains(got, "DONE "+text) {
		t.Fatalf("want DONE %s, got %q, %v", text, got, err)
	}
}

func expectReset(t *testing.T, connection net.Conn) (before string) {
	t.Helper()
	before, err := answer(connection)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("want a reset, got %v after %q", err, before)
	}
	return before
}

func expectReceived(t *testing.T, s *toy, want ...string) {
	t.Helper()
	want = append([]string{"Startup"}, want...)
	eventually(t, func() bool { return len(s.received()) >= len(want) }, strings.Join(want, ", "))
	if got := s.received(); !slices.Equal(got, want) {
		t.Fatalf("the server got %q, not %q", got, want)
	}
}

func TestProxyForwardsBothWays(t *testing.T) {
	s, p, c := setUp(t)
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	c.Write(extended("two"))
	expectAnswer(t, c, "")
	c.CloseWrite()
	if end := s.awaitEnd(t); end != io.EOF {
		t.Fatal(end)
	}
	expectReceived(t, s, "Query one", "Parse two", "Bind two", "Execute two", "Sync")
	if _, err := answer(c); err != io.EOF {
		t.Fatal(err)
	}
	eventually(t, func() bool { return p.Connections() == 0 }, "the connection is forgotten")
}

func TestMessageIsCutBeforeTheServerGetsIt(t *testing.T) {
	s, p, c := setUp(t)
	struck := p.Add(CutBefore.Named("cut", Carrying("KV_BATCH", "Query")))
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	c.Write(query("insert into kv_batch"))
	expectReset(t, c)
	s.awaitEnd(t)
	expectReceived(t, s, "Query one")
	if struck.Struck() != 1 {
		t.Fatal(struck.Struck())
	}
}

func TestMessageIsCutInTheMiddle(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(CutInside.Named("cut", Carrying("kv_batch")))
	c.Write(query("insert into kv_batch"))
	expectReset(t, c)
	s.awaitEnd(t)
	if got := s.received(); slices.Contains(got, "Query insert into kv_batch") {
		t.Fatal(got)
	}
}

func TestServerGetsAMessageWhoseAnswerIsLost(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(CutAfter.Named("ambiguous", Carrying("kv_batch", "Execute")))
	c.Write(extended("insert into kv_batch"))
	if before := expectReset(t, c); before != "" {
		t.Fatalf("an answer came: %q", before)
	}
	expectReceived(t, s, "Parse insert into kv_batch", "Bind insert into kv_batch",
		"Execute insert into kv_batch", "Sync")
	if end := s.awaitEnd(t); end != io.EOF {
		t.Fatal(end)
	}
}

func TestZombieArrivesAfterItsClientWasReset(t *testing.T) {
	s, p, c := setUp(t)
	rule := Zombie.Named("zombie", Carrying("kv_batch", "Execute"))
	rule.Hold = time.Hour // until healed
	p.Add(rule)
	c.Write(extended("insert into kv_batch"))
	expectReset(t, c)
	other := dial(t, p)
	other.Write(query("look"))
	expectAnswer(t, other, "look")
	if got := s.received(); slices.Contains(got, "Execute insert into kv_batch") {
		t.Fatalf("too early: %q", got)
	}
	p.Heal()
	eventually(t, func() bool {
		got := s.received()
		return slices.Contains(got, "Execute insert into kv_batch") && got[len(got)-1] == "Sync"
	}, "the zombie arrives, with its Sync")
	other.Write(query("still here"))
	expectAnswer(t, other, "still here")
}

func TestServerThatIsAbandonedWaitsUntilHealed(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(Abandon.Named("abandon", Carrying("kv_batch")))
	c.Write(query("insert into kv_batch"))
	expectReset(t, c)
	if p.Connections() != 1 {
		t.Fatal("the server's connection has ended")
	}
	p.Heal()
	s.awaitEnd(t)
	eventually(t, func() bool { return p.Connections() == 0 }, "the connection is forgotten")
}

func TestAnswerIsLostAfterTheServerHasDoneIt(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(CutAnswer.Named("lost answer", Carrying("done insert", "CommandComplete")))
	c.Write(query("insert"))
	if before := expectReset(t, c); before != "" {
		t.Fatalf("an answer came: %q", before)
	}
	expectReceived(t, s, "Query insert")
}

func TestSwallowedMessagesGetNoAnswerAndNoReset(t *testing.T) {
	for _, fault := range []Rule{Swallow, SwallowAnswer} {
		s, p, c := setUp(t)
		struck := p.Add(fault.Named("swallow", Carrying("kv_batch")))
		c.Write(query("insert into kv_batch"))
		struck.Wait(t, 1)
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := answer(c); !timedOut(err) {
			t.Fatal(err)
		}
		if fault.Forward == All {
			expectReceived(t, s, "Query insert into kv_batch")
		} else {
			expectReceived(t, s)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		p.Heal()
		expectReset(t, c)
	}
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestSilenceReachesOldAndNewConnections(t *testing.T) {
	s, p, c := setUp(t)
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	p.Silence()
	for _, connection := range []*net.TCPConn{c, dial(t, p)} {
		connection.Write(query("two"))
		connection.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := answer(connection); !timedOut(err) {
			t.Fatal(err)
		}
	}
	p.Heal()
	expectReceived(t, s, "Query one")
	again := dial(t, p)
	again.Write(query("three"))
	expectAnswer(t, again, "three")
}

func TestHalfCloseLetsTheAnswerThrough(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(HalfClose.Named("half", Carrying("one")))
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	if end := s.awaitEnd(t); end != io.EOF {
		t.Fatal(end)
	}
}

func TestConnectionIsCutAfterSoManyBytes(t *testing.T) {
	s, p, c := setUp(t)
	p.Add(Rule{Name: "client's", From: Client, Bytes: 8 + 10, Forward: Nothing, Client: Reset, Server: Reset})
	c.Write(query("one")) // 9 bytes after the 8 of the startup
	expectAnswer(t, c, "one")
	c.Write(query("two"))
	expectReset(t, c)
	s.awaitEnd(t)
	expectReceived(t, s, "Query one", "part")

	s, p, c = setUp(t)
	p.Add(Rule{Name: "server's", From: Server, Bytes: 5, Forward: Nothing, Client: Reset, Server: Reset})
	c.Write(query("one"))
	if before := expectReset(t, c); len(before) > 5 { // a reset may overtake bytes
		t.Fatalf("%q came through", before)
	}
}

func TestDelaysHoldBytesBackInTheirDirection(t *testing.T) {
	for _, from := range []Side{Client, Server} {
		_, p, c := setUp(t)
		c.Write(query("one"))
		expectAnswer(t, c, "one")
		p.Delay(from, 100*time.Millisecond, 120*time.Millisecond)
		begin := time.Now()
		c.Write(query("two"))
		expectAnswer(t, c, "two")
		if took := time.Since(begin); took < 100*time.Millisecond {
			t.Fatalf("%v delayed: took %v", from, took)
		}
		p.Heal()
		begin = time.Now()
		c.Write(query("three"))
		expectAnswer(t, c, "three")
		if took := time.Since(begin); took > 90*time.Millisecond {
			t.Fatalf("healed: took %v", took)
		}
	}
}

func TestRefusedConnectionsAreReset(t *testing.T) {
	_, p, c := setUp(t)
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	p.Refuse(true)
	// The reset may come while the connection is being made, or after.
	if refused, err := net.Dial("tcp", p.Address()); err == nil {
		defer refused.Close()
		if _, err := answer(refused); err == nil {
			t.Fatal("not refused")
		}
	}
	c.Write(query("two"))
	expectAnswer(t, c, "two") // old ones go on
	p.Refuse(false)
	again := dial(t, p)
	again.Write(query("three"))
	expectAnswer(t, again, "three")
}

func TestCutAllResetsEveryConnection(t *testing.T) {
	s, p, c := setUp(t)
	c.Write(query("one"))
	expectAnswer(t, c, "one")
	p.CutAll()
	expectReset(t, c)
	if end := s.awaitEnd(t); !errors.Is(end, syscall.ECONNRESET) {
		t.Fatal(end)
	}
}

func TestRulesSkipAndRepeatAsTold(t *testing.T) {
	_, p, c := setUp(t)
	rule := Late.Named("late", Carrying("x"))
	rule.Hold, rule.Skip, rule.Times = time.Millisecond, 2, 3
	struck := p.Add(rule)
	for range 10 {
		c.Write(query("x"))
		expectAnswer(t, c, "x")
	}
	if struck.Struck() != 3 {
		t.Fatal(struck.Struck())
	}
	rule.Skip, rule.Times = 0, -1
	always := p.Add(rule)
	for range 5 {
		c.Write(query("x"))
		expectAnswer(t, c, "x")
	}
	if always.Struck() != 5 {
		t.Fatal(always.Struck())
	}
	always.Remove()
	c.Write(query("x"))
	expectAnswer(t, c, "x")
	if always.Struck() != 5 {
		t.Fatal("struck after it was removed")
	}
}

func TestChanceFollowsTheSeed(t *testing.T) {
	s := startToy(t)
	play := func(seed uint64) (struck []bool) {
		p, err := New(Postgres, s.listener.Addr().String(), seed)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		c := dial(t, p)
		rule := Late.Named("late", Carrying("x"))
		rule.Hold, rule.Times, rule.Chance = time.Microsecond, -1, 0.5
		strikes := p.Add(rule)
		for range 30 {
			before := strikes.Struck()
			c.Write(query("x"))
			expectAnswer(t, c, "x")
			struck = append(struck, strikes.Struck() > before)
		}
		return struck
	}
	one, again, two := play(1), play(1), play(2)
	if !slices.Equal(one, again) || slices.Equal(one, two) {
		t.Fatalf("%v\n%v\n%v", one, again, two)
	}
}
