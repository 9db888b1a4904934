// Package proxy stands between kvshim and its database and breaks their connections at chosen
// moments: before, inside or after a message, silently or with a reset, in either direction.
//
//	p := proxy.Start(t, proxy.Postgres, db.Address())
//	struck := p.Add(proxy.CutAfter.Named("lost answer", proxy.Carrying("insert into kv_batch")))
//	s := server.Start(t, server.Options{Endpoint: dsnBy(p.Address())})
//	struck.Wait(t, 1)
//	p.Heal()
//
// All of it may be called from any goroutine, while connections are at work.
package proxy

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// Proxy forwards each connection made to Address to its target.
type Proxy struct {
	protocol Protocol
	listener net.Listener

	mutex       sync.Mutex
	target      string
	rules       []*Strike
	connections map[*connection]bool
	count       int
	refusing    bool
	silent      bool
	delays      [2]delay // by sender
	random      *rand.Rand
	healed      chan struct{} // closed by Heal, which makes a new one
	closed      bool
}

type delay struct{ least, most time.Duration }

// Strike is a rule that was given to a proxy, and how often it struck.
type Strike struct {
	Rule
	proxy   *Proxy
	skipped int
	struck  int
}

// Start runs a proxy until the test ends.
func Start(t testing.TB, protocol Protocol, target string) *Proxy {
	t.Helper()
	p, err := New(protocol, target, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// New is Start outside of a test; what it does by chance follows from the seed.
func New(protocol Protocol, target string, seed uint64) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{protocol: protocol, listener: listener, target: target, connections: map[*connection]bool{},
		random: rand.New(rand.NewPCG(seed, 3)), healed: make(chan struct{})}
	go p.accept()
	return p, nil
}

// Address is where clients connect, host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	p.mutex.Lock()
	p.closed = true
	p.mutex.Unlock()
	p.listener.Close()
	p.Heal()
	p.CutAll()
}

// SetTarget sends later connections elsewhere.
func (p *Proxy) SetTarget(address string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.target = address
}

// Add lets a rule strike from now on, on old connections too.
func (p *Proxy) Add(rule Rule) *Strike {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	s := &Strike{Rule: rule, proxy: p}
	p.rules = append(p.rules, s)
	return s
}

// Refuse resets new connections as soon as they are made, or no longer.
func (p *Proxy) Refuse(refuse bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.refusing = refuse
}

// Silence swallows all bytes of all connections, old and new, in both directions.
func (p *Proxy) Silence() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.silent = true
	for c := range p.connections {
		c.mute(Client)
		c.mute(Server)
	}
}

// Delay holds back whatever this side sends, each time for a time in [least, most].
func (p *Proxy) Delay(from Side, least, most time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.delays[from] = delay{least, most}
}

// CutAll resets both sides of every connection.
func (p *Proxy) CutAll() {
	for _, c := range p.open() {
		c.end(Client, Reset)
		c.end(Server, Reset)
	}
}

// Heal removes every fault: the rules and the delays; what is held is sent. Connections that have lost
// bytes, or one side, are reset; the others go on.
func (p *Proxy) Heal() {
	p.mutex.Lock()
	p.rules, p.delays, p.refusing, p.silent = nil, [2]delay{}, false, false
	close(p.healed)
	p.healed = make(chan struct{})
	p.mutex.Unlock()
	for _, c := range p.open() {
		c.heal()
	}
}

// Connections is how many are open.
func (p *Proxy) Connections() int { return len(p.open()) }

func (p *Proxy) open() (list []*connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for c := range p.connections {
		list = append(list, c)
	}
	return list
}

// Struck is how often the rule struck.
func (s *Strike) Struck() int {
	s.proxy.mutex.Lock()
	defer s.proxy.mutex.Unlock()
	return s.struck
}

// Remove takes the rule back.
func (s *Strike) Remove() {
	s.proxy.mutex.Lock()
	defer s.proxy.mutex.Unlock()
	s.proxy.rules = slices.DeleteFunc(s.proxy.rules, func(o *Strike) bool { return o == s })
}

// Await waits until the rule has struck so often, and says whether it did within the limit.
func (s *Strike) Await(times int, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); s.Struck() < times; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// Wait is Await that ends the test where the rule did not strike within ten seconds.
func (s *Strike) Wait(t testing.TB, times int) {
	t.Helper()
	if !s.Await(times, 10*time.Second) {
		t.Fatalf("the fault %q struck %d times, not %d", s.Name, s.Struck(), times)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client.(*net.TCPConn))
	}
}

func (p *Proxy) serve(client *net.TCPConn) {
	p.mutex.Lock()
	target, refusing := p.target, p.refusing || p.closed
	p.mutex.Unlock()
	var server net.Conn
	err := fmt.Errorf("refused")
	if !refusing {
		server, err = net.DialTimeout("tcp", target, 5*time.Second)
	}
	if err != nil {
		client.SetLinger(0)
		client.Close()
		return
	}
	c := &connection{proxy: p, sockets: [2]*net.TCPConn{client, server.(*net.TCPConn)},
		parser: newParser(p.protocol), over: make(chan struct{})}
	p.mutex.Lock()
	p.count++
	c.number = p.count
	p.connections[c] = true
	silent, closed := p.silent, p.closed
	p.mutex.Unlock()
	if silent {
		c.mute(Client)
		c.mute(Server)
	}
	if closed { // meanwhile
		c.end(Client, Reset)
		c.end(Server, Reset)
	}
	c.run()
	p.mutex.Lock()
	delete(p.connections, c)
	p.mutex.Unlock()
}

// strikes is the rule that strikes at a message, or nil. sent is how many bytes its side had sent on
// the connection before it; a rule by bytes also tells after how many bytes of the message it strikes.
func (p *Proxy) strikes(m Message, sent int64) (rule *Strike, after int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, s := range p.rules {
		if s.From != m.From || s.Times >= 0 && s.struck >= max(s.Times, 1) {
			continue
		}
		if s.At != nil {
			if !s.At(m) {
				continue
			}
		} else if sent > s.Bytes || sent+int64(m.Length) <= s.Bytes {
			continue
		}
		if s.Chance > 0 && p.random.Float64() >= s.Chance {
			continue
		}
		if s.skipped < s.Skip {
			s.skipped++
			continue
		}
		s.struck++
		if s.At == nil {
			after = int(s.Bytes - sent)
		}
		return s, after
	}
	return nil, 0
}

// pause is how long bytes of this side are held back now, and what ends that early.
func (p *Proxy) pause(from Side) (time.Duration, <-chan struct{}) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	d := p.delays[from]
	if d.most <= d.least {
		return d.least, p.healed
	}
	return d.least + time.Duration(p.random.Int64N(int64(d.most-d.least))), p.healed
}

func (p *Proxy) healing() <-chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.healed
}
