package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// connection is one client's and its counterpart at the server.
type connection struct {
	proxy   *Proxy
	number  int
	sockets [2]*net.TCPConn // by side
	over    chan struct{}   // closed when both directions have ended

	mutex  sync.Mutex
	parser parser
	muted  [2]bool // nothing more reaches this side
	gone   [2]bool // this side was reset by the proxy
	lost   bool    // bytes were swallowed
	// closing: the client is gone and the server was given all it sent, and the end.
	closing bool
	held    bool // a rule is at work and will end the connection, if need be
}

func (c *connection) run() {
	var wait sync.WaitGroup
	for _, from := range []Side{Client, Server} {
		wait.Add(1)
		go func() {
			defer wait.Done()
			c.pump(from)
		}()
	}
	wait.Wait()
	close(c.over)
	for _, socket := range c.sockets {
		socket.Close()
	}
}

// pump forwards what one side sends, message by message, until the side has ended.
func (c *connection) pump(from Side) {
	var pending []byte
	var sent int64
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.sockets[from].Read(buffer)
		if n > 0 {
			c.wait(c.proxy.pause(from))
			pending = append(pending, buffer[:n]...)
			for len(pending) > 0 {
				f := c.cut(from, pending)
				if f.Length == 0 {
					break
				}
				rule, after := c.proxy.strikes(f.Message, sent)
				sent += int64(f.Length)
				pending = pending[f.Length:]
				if rule == nil {
					c.send(from.other(), f.bytes)
				} else if !c.strike(rule.Rule, f, after, &pending) {
					return
				}
			}
		}
		if err != nil {
			c.ended(from, err)
			return
		}
	}
}

// cut takes the first whole message from the bytes; its length is 0 if there is none.
func (c *connection) cut(from Side, b []byte) frame {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	length := c.parser.next(from, b)
	if length < 0 {
		c.parser = raw{}
		length = len(b)
	}
	if length == 0 {
		return frame{}
	}
	name, text := c.parser.read(from, b[:length])
	return frame{Message{from, c.number, name, text, length}, b[:length]}
}

// strike does to the connection what a rule says. It returns false when the sender is gone.
func (c *connection) strike(rule Rule, f frame, after int, pending *[]byte) bool {
	from, to := f.From, f.From.other()
	if after > 0 {
		c.send(to, f.bytes[:after])
		f.bytes = f.bytes[after:]
	}
	sender, receiver := rule.end(from), rule.end(to)
	if sender == Reset && rule.Forward == All {
		// What it had sent before it saw its connection break may arrive as well.
		f.bytes = append(append(append([]byte{}, f.bytes...), *pending...), c.drain(from)...)
		*pending = nil
	}
	healed := c.hold()
	c.end(from, sender)
	c.wait(rule.Hold, healed)
	switch rule.Forward {
	case All:
		c.send(to, f.bytes)
	case Half:
		c.send(to, f.bytes[:len(f.bytes)/2])
	}
	if rule.Forward != All {
		c.mutex.Lock()
		c.lost = true
		c.mutex.Unlock()
	}
	c.end(to, receiver)
	c.release(healed)
	// A receiver that stays does not notice until the proxy heals or ends.
	return sender != Reset
}

// hold keeps Heal, which ends the hold, from ending the connection before its rule has.
func (c *connection) hold() (healed <-chan struct{}) {
	healed = c.proxy.healing()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.held = true
	return healed
}

func (c *connection) release(healed <-chan struct{}) {
	c.mutex.Lock()
	c.held = false
	c.mutex.Unlock()
	select {
	case <-healed:
		c.heal()
	default:
	}
}

// heal resets a connection that cannot go on as if nothing had been. One that a rule still holds is
// looked at again when the rule is done; one whose server has only to read to the end is left to it.
func (c *connection) heal() {
	c.mutex.Lock()
	damaged := !c.held && !c.closing &&
		(c.lost || c.muted[Client] || c.muted[Server] || c.gone[Client] || c.gone[Server])
	c.mutex.Unlock()
	if damaged {
		c.end(Client, Reset)
		c.end(Server, Reset)
	}
}

// drain takes what a side has sent already.
func (c *connection) drain(from Side) (all []byte) {
	buffer := make([]byte, 64<<10)
	c.sockets[from].SetReadDeadline(time.Now().Add(2 * time.Millisecond))
	for {
		n, err := c.sockets[from].Read(buffer)
		all = append(all, buffer[:n]...)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.sockets[from].SetReadDeadline(time.Time{})
			}
			return all
		}
	}
}

func (c *connection) wait(d time.Duration, healed <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-healed:
	case <-c.over:
	}
}

func (c *connection) send(to Side, b []byte) {
	c.mutex.Lock()
	swallow := c.muted[to] || c.gone[to]
	c.lost = c.lost || swallow && len(b) > 0
	c.mutex.Unlock()
	if !swallow {
		c.sockets[to].Write(b) // an error shows at the next read from that side
	}
}

func (c *connection) end(side Side, end End) {
	switch end {
	case Reset:
		c.mutex.Lock()
		c.gone[side] = true
		c.mutex.Unlock()
		c.sockets[side].SetLinger(0)
		c.sockets[side].Close()
	case EOF:
		c.sockets[side].CloseWrite()
		c.mutex.Lock()
		c.closing = c.closing || side == Server && c.gone[Client]
		c.mutex.Unlock()
	case Silence:
		c.mute(side)
	}
}

func (c *connection) mute(side Side) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.muted[side] = true
}

// ended passes on that a side has closed its connection, or lost it.
func (c *connection) ended(from Side, err error) {
	c.mutex.Lock()
	ours, silent := c.gone[from], c.muted[from.other()]
	c.mutex.Unlock()
	switch {
	case ours:
		// The rule that did it, or CutAll, sees to the other side.
	case silent:
		// The other side must not notice.
		select {
		case <-c.proxy.healing():
		case <-c.over:
		}
		c.end(from.other(), Reset)
	case errors.Is(err, io.EOF):
		c.sockets[from.other()].CloseWrite()
	default:
		c.end(from.other(), Reset)
	}
}
