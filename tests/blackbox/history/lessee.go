package history

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// call sends what is about leases and compaction as it is: clientv3 would send some of it again.
func call(ctx context.Context, connection *grpc.ClientConn, s Step) (Answer, error) {
	leases := pb.NewLeaseClient(connection)
	answered := func(header *pb.ResponseHeader, result Result) (Answer, error) {
		return Answer{header.GetRevision(), true, []Result{result}}, nil
	}
	switch s.Kind {
	case Grant:
		answer, err := leases.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: s.Lease, TTL: s.TTL})
		if err != nil {
			return Answer{}, err
		}
		return answered(answer.Header, Result{TTL: answer.TTL})
	case Revoke:
		answer, err := leases.LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: s.Lease})
		if err != nil {
			return Answer{}, err
		}
		return answered(answer.Header, Result{})
	case TimeToLive:
		answer, err := leases.LeaseTimeToLive(ctx, &pb.LeaseTimeToLiveRequest{ID: s.Lease, Keys: true})
		if err != nil {
			return Answer{}, err
		}
		result := Result{TTL: answer.TTL, Granted: answer.GrantedTTL}
		for _, key := range answer.Keys {
			result.Keys = append(result.Keys, string(key))
		}
		return answered(answer.Header, result)
	case Compact:
		answer, err := pb.NewKVClient(connection).Compact(ctx, &pb.CompactionRequest{Revision: s.At})
		if err != nil {
			return Answer{}, err
		}
		return answered(answer.Header, Result{})
	}
	ctx, cancel := context.WithCancel(ctx) // ends the stream
	defer cancel()
	stream, err := leases.LeaseKeepAlive(ctx)
	if err != nil {
		return Answer{}, err
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: s.Lease}); err != nil {
		return Answer{}, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return Answer{}, err
	}
	if answer.ID != s.Lease {
		return Answer{}, fmt.Errorf("an answer about lease %x", answer.ID)
	}
	return answered(answer.Header, Result{TTL: answer.TTL})
}

// lessee is a client that takes one lease after another: it puts keys under each, keeps it alive for a
// while, and then revokes it, or lets it end.
type lessee struct {
	session
	ctx context.Context
}

func (s *lessee) ask(step Step) Operation {
	if s.random.IntN(3) == 0 {
		s.server = s.random.IntN(len(s.recorder.members))
	}
	return s.recorder.Do(s.number, s.server, Request{Then: []Step{step}}, s.workload.Timeout)
}

func (s *lessee) rest(most time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(time.Duration(s.random.Int64N(int64(most)))):
	}
}

// tenancy is the life of one lease.
func (s *lessee) tenancy() {
	s.sequence++
	lease, ttl := int64(s.number+1)<<32|int64(s.sequence), int64(2+s.random.IntN(3))
	granted := s.ask(Step{Kind: Grant, Lease: lease, TTL: ttl})
	if granted.Outcome == Refused || granted.Outcome == Unknown && s.random.IntN(2) == 0 {
		return // it may be there, without keys
	}
	s.recorder.letOthersUse(lease)
	until := time.Now().Add(time.Duration(s.random.Int64N(2*ttl)-ttl) * time.Second) // for many: no time
	for first := true; s.ctx.Err() == nil && (first || time.Now().Before(until)); first = false {
		s.recorder.Do(s.number, s.server, s.attach(lease), s.workload.Timeout)
		if s.random.IntN(2) == 0 {
			s.ask(Step{Kind: TimeToLive, Lease: lease})
		}
		if s.rest(time.Duration(ttl) * time.Second / 2); s.ctx.Err() != nil {
			return
		}
		kept := s.ask(Step{Kind: Keep, Lease: lease})
		if kept.Outcome == OK && kept.Answer.Results[0].TTL <= 0 {
			break
		}
	}
	if s.random.IntN(3) == 0 {
		s.ask(Step{Kind: Revoke, Lease: lease})
	}
	if s.random.IntN(2) == 0 { // what is said of one that ends
		s.rest(2 * time.Duration(ttl) * time.Second)
		s.ask(Step{Kind: []StepKind{TimeToLive, Keep, Revoke}[s.random.IntN(3)], Lease: lease})
	}
}

// attach puts one or several of the lessee's keys under the lease, some on condition, and in some cases
// takes away others in the same transaction.
func (s *lessee) attach(lease int64) Request {
	var r Request
	for n := range 1 + s.random.IntN(3) {
		r.Then = append(r.Then, Step{Kind: Put, Key: s.own(n), Value: s.token(), Lease: lease})
	}
	switch s.random.IntN(4) {
	case 0:
		r.Then = append(r.Then, Step{Kind: Delete, Key: s.own(3), End: s.own(9), Prev: true},
			Step{Kind: Get, Key: s.own(0), End: s.own(9)})
	case 1:
		r.Then = append(r.Then, Step{Kind: Put, Key: s.own(3 + s.random.IntN(3)), Value: s.token(), Lease: lease})
	case 2:
		r.Guards, r.Else = []Guard{{s.own(0), 0}}, []Step{{Kind: Get, Key: s.own(0), End: s.own(9)}}
	}
	return r
}

func (s *lessee) own(n int) string { return fmt.Sprintf("lease/%d/%d", s.number, n) }

// letOthersUse lets the sessions put keys of theirs under a lease.
func (r *Recorder) letOthersUse(lease int64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.tenants = append(r.tenants, lease)
	if most := 2 * len(r.members); len(r.tenants) > most {
		r.tenants = r.tenants[len(r.tenants)-most:]
	}
}

// tenant is some lease of the newest, 0 where there is none. It may have ended.
func (r *Recorder) tenant(random *rand.Rand) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.tenants) == 0 {
		return 0
	}
	return r.tenants[random.IntN(len(r.tenants))]
}

// compactAgainAndAgain compacts what the watches have seen, not always all of it, and asks for what is
// compacted.
func (r *Recorder) compactAgainAndAgain(ctx context.Context, w Workload) {
	random := rand.New(rand.NewPCG(w.Seed, 55))
	server := func() int { return random.IntN(len(r.members)) }
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(random.Int64N(int64(w.Compact)))):
		}
		at := r.seen() - random.Int64N(100)
		if at < 3 {
			continue
		}
		where := server()
		o := r.Do(-4, where, Request{Then: []Step{{Kind: Compact, At: at}}}, w.Timeout)
		if o.Outcome != OK {
			continue
		}
		past := Request{Then: []Step{{Kind: Get, Key: first, End: last, At: at - random.Int64N(2)}}}
		r.Do(-4, server(), past, w.Timeout)
		if random.IntN(2) == 0 {
			where = server()
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		r.watch(short, Watch{Server: where, From: max(2, at-random.Int64N(20))})
		cancel()
	}
}

// AwaitLeases is to be called when the sessions have ended and nothing hinders the servers any longer. It
// waits until no lease is left; Check demands that none was for longer than its time and patience.
func (r *Recorder) AwaitLeases(patience time.Duration) error {
	const longest = 4 * time.Second
	r.healed, r.patience = r.Elapsed(), patience
	ctx, cancel := context.WithTimeout(context.Background(), longest+patience)
	defer cancel()
	for {
		left, err := 0, error(nil)
		for _, client := range r.clients {
			var answer *clientv3.LeaseLeasesResponse
			if answer, err = client.Leases(ctx); err != nil {
				break
			}
			left += len(answer.Leases)
		}
		if err == nil && left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%d leases are left", left), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
