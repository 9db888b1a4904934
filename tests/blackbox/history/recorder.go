package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// Member is one server of those that together are one etcd.
type Member struct {
	URL string
	// Incarnation counts the server's starts; 0 while it changes. May be nil.
	Incarnation func() int
}

func (m Member) incarnation() int {
	if m.Incarnation == nil {
		return 0
	}
	return m.Incarnation()
}

// Recorder notes what its sessions and watches see. The servers' store must be new.
type Recorder struct {
	members []Member
	clients []*clientv3.Client // for calls, one a member
	streams []*clientv3.Client // for watches, one a member
	begin   time.Time

	// AutoCompact is to be set where the servers compact by themselves too.
	AutoCompact bool

	mutex      sync.Mutex
	operations []Operation
	watches    []*recording
	tenants    []int64 // leases that were granted, the newest last
	healed     time.Duration
	patience   time.Duration

	watching    sync.WaitGroup
	stopWatches context.CancelFunc
	watchEnd    context.Context
}

// NewRecorder connects to the servers; they need not answer yet.
func NewRecorder(members []Member) (*Recorder, error) {
	r := &Recorder{members: members, begin: time.Now()}
	r.watchEnd, r.stopWatches = context.WithCancel(context.Background())
	for _, m := range members {
		for _, list := range []*[]*clientv3.Client{&r.clients, &r.streams} {
			client, err := connect(m.URL)
			if err != nil {
				r.Close()
				return nil, err
			}
			*list = append(*list, client)
		}
	}
	return r, nil
}

func connect(url string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:          []string{url},
		Logger:             zap.NewNop(),
		BackoffWaitBetween: 20 * time.Millisecond,
		// A server that is back is found at once, not after gRPC's two minutes.
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, Jitter: 0.2,
				MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: 2 * time.Second,
		}), grpc.WithStatsHandler(sendings{})},
	})
}

// sendings counts how often a call is sent, in the counter of its context.
type sendings struct{}

type sendingsKey struct{}

func (sendings) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, sent := s.(*stats.OutHeader); sent {
		if count, ours := ctx.Value(sendingsKey{}).(*atomic.Int32); ours {
			count.Add(1)
		}
	}
}

func (sendings) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (sendings) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sendings) HandleConn(context.Context, stats.ConnStats)                       {}

// Close ends the connections.
func (r *Recorder) Close() {
	r.stopWatches()
	for _, client := range slices.Concat(r.clients, r.streams) {
		client.Close()
	}
}

// Elapsed is the time of the history.
func (r *Recorder) Elapsed() time.Duration { return time.Since(r.begin) }

// Do asks a server and notes what became of it. It returns after timeout at the latest.
func (r *Recorder) Do(session, server int, request Request, timeout time.Duration) Operation {
	var sent atomic.Int32
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), sendingsKey{}, &sent), timeout)
	defer cancel()
	o := Operation{Session: session, Server: server, Request: request}
	before := r.members[server].incarnation()
	o.Call = r.Elapsed()
	answer, err := r.ask(ctx, server, request)
	o.Return = r.Elapsed()
	if before == r.members[server].incarnation() {
		o.Incarnation = before
	}
	o.Outcome, o.Answer, o.Sent = outcome(err), answer, int(sent.Load())
	if err != nil {
		o.Error = err.Error()
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.operations = append(r.operations, o)
	return o
}

// outcome is what an error says of the request that it answers. Only errors of the request itself
// say for certain that it has not happened.
func outcome(err error) Outcome {
	if err == nil {
		return OK
	}
	code := status.Code(err)
	var known rpctypes.EtcdError
	if errors.As(err, &known) {
		code = known.Code()
	}
	switch code {
	case codes.InvalidArgument, codes.OutOfRange, codes.NotFound, codes.FailedPrecondition,
		codes.ResourceExhausted, codes.Unimplemented:
		return Refused
	}
	return Unknown
}

func (r *Recorder) ask(ctx context.Context, server int, request Request) (Answer, error) {
	if request.aside() || request.only().Kind == Revoke {
		return call(ctx, r.clients[server].ActiveConnection(), request.Then[0])
	}
	return ask(ctx, r.clients[server], request)
}

func ask(ctx context.Context, client *clientv3.Client, r Request) (Answer, error) {
	if r.plain() {
		answer, err := client.Do(ctx, r.Then[0].operation(r.Serializable))
		if err != nil {
			return Answer{}, err
		}
		switch r.Then[0].Kind {
		case Get:
			get := answer.Get()
			return Answer{get.Header.Revision, true,
				[]Result{{Count: get.Count, KVs: pairs(get.Kvs), More: get.More}}}, nil
		case Put:
			put := answer.Put()
			result := Result{}
			if put.PrevKv != nil {
				result.KVs = []KV{pair(put.PrevKv)}
			}
			return Answer{put.Header.Revision, true, []Result{result}}, nil
		default:
			gone := answer.Del()
			return Answer{gone.Header.Revision, true,
				[]Result{{Count: gone.Deleted, KVs: pairs(gone.PrevKvs)}}}, nil
		}
	}
	var guards []clientv3.Cmp
	for _, g := range r.Guards {
		guards = append(guards, clientv3.Compare(clientv3.ModRevision(g.Key), "=", g.Mod))
	}
	answer, err := client.Txn(ctx).If(guards...).Then(operations(r.Then)...).Else(
		operations(r.Else)...).Commit()
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Revision: answer.Header.Revision, Succeeded: answer.Succeeded}
	for _, response := range answer.Responses {
		var result Result
		if get := response.GetResponseRange(); get != nil {
			result = Result{Count: get.Count, KVs: pairs(get.Kvs), More: get.More}
		} else if put := response.GetResponsePut(); put != nil && put.PrevKv != nil {
			result.KVs = []KV{pair(put.PrevKv)}
		} else if gone := response.GetResponseDeleteRange(); gone != nil {
			result = Result{Count: gone.Deleted, KVs: pairs(gone.PrevKvs)}
		}
		a.Results = append(a.Results, result)
	}
	return a, nil
}

func operations(steps []Step) (list []clientv3.Op) {
	for _, s := range steps {
		list = append(list, s.operation(false))
	}
	return list
}

func (s Step) operation(serializable bool) clientv3.Op {
	var options []clientv3.OpOption
	if s.End != "" {
		options = append(options, clientv3.WithRange(s.End))
	}
	if s.Prev {
		options = append(options, clientv3.WithPrevKV())
	}
	switch s.Kind {
	case Put:
		if s.Lease != 0 {
			options = append(options, clientv3.WithLease(clientv3.LeaseID(s.Lease)))
		}
		return clientv3.OpPut(s.Key, s.Value, options...)
	case Delete:
		return clientv3.OpDelete(s.Key, options...)
	}
	if s.At != 0 {
		options = append(options, clientv3.WithRev(s.At))
	}
	if s.Limit != 0 {
		options = append(options, clientv3.WithLimit(s.Limit))
	}
	if serializable {
		options = append(options, clientv3.WithSerializable())
	}
	return clientv3.OpGet(s.Key, options...)
}

// Finish waits until every server and every whole watch has come to the same end, at most until the
// context ends, and returns the history.
func (r *Recorder) Finish(ctx context.Context) (*History, error) {
	finals, err := r.finals(ctx)
	if err == nil {
		err = r.awaitWatches(ctx, finals[0].State.Revision)
	}
	r.stopWatches()
	r.watching.Wait()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	h := &History{Operations: slices.Clone(r.operations), Finals: finals, Healed: r.healed,
		Patience: r.patience, AutoCompact: r.AutoCompact}
	for _, w := range r.watches {
		h.Watches = append(h.Watches, w.copy())
	}
	return h, err
}

// finals asks until two rounds found all servers alike: what a broken connection left behind may
// still be on its way.
func (r *Recorder) finals(ctx context.Context) (finals []Final, err error) {
	var before []Final
	for {
		finals = nil
		for server := range r.members {
			var f Final
			if f, err = r.final(ctx, server); err != nil {
				err = fmt.Errorf("reading the end state of server %d: %w", server, err)
				break
			}
			finals = append(finals, f)
		}
		same := func(f Final) bool {
			return f.State.Revision == finals[0].State.Revision && f.compacted == finals[0].compacted
		}
		if err == nil && !slices.ContainsFunc(slices.Concat(before, finals),
			func(f Final) bool { return !same(f) }) && before != nil {
			return finals, nil
		}
		before = finals
		select {
		case <-ctx.Done():
			return finals, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (r *Recorder) final(ctx context.Context, server int) (Final, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	got, err := r.clients[server].Get(ctx, "", clientv3.WithPrefix())
	if err != nil {
		return Final{}, err
	}
	hash, err := r.clients[server].HashKV(ctx, r.members[server].URL, got.Header.Revision)
	if err != nil {
		return Final{}, err
	}
	leases, err := r.clients[server].Leases(ctx)
	if err != nil {
		return Final{}, err
	}
	f := Final{Server: server, State: State{got.Header.Revision, pairs(got.Kvs)}, Hash: hash.Hash,
		compacted: hash.CompactRevision}
	for _, lease := range leases.Leases {
		f.Leases = append(f.Leases, int64(lease.ID))
	}
	return f, nil
}
