// Package differential sends the same requests to Debian's etcd and to the server under test and
// demands the same answers, error codes and texts. Only what must differ is set aside: the ids of
// cluster and member, the term, the rest of a lease's time, orders that etcd leaves to chance.
//
// BLACKBOX_SEED=n starts the random histories at another seed, BLACKBOX_HISTORIES=n runs more.
package differential

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// side is one of the two servers.
type side struct {
	name        string
	kv          pb.KVClient
	lease       pb.LeaseClient
	maintenance pb.MaintenanceClient
	watch       pb.WatchClient
	revision    int64 // the newest one that an answer told
}

func newSide(name string, connection *grpc.ClientConn) *side {
	return &side{name: name, kv: pb.NewKVClient(connection), lease: pb.NewLeaseClient(connection),
		maintenance: pb.NewMaintenanceClient(connection), watch: pb.NewWatchClient(connection),
		revision: 1}
}

// ask sends one request and renders its answer, comparably.
func (s *side) ask(request any) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := s.send(ctx, request)
	if err != nil {
		failure := status.Convert(err)
		return fmt.Sprintf("%v: %s", failure.Code(), failure.Message())
	}
	return s.render(answer)
}

func (s *side) send(ctx context.Context, request any) (any, error) {
	switch r := request.(type) {
	case *pb.RangeRequest:
		return s.kv.Range(ctx, r)
	case *pb.PutRequest:
		return s.kv.Put(ctx, r)
	case *pb.DeleteRangeRequest:
		return s.kv.DeleteRange(ctx, r)
	case *pb.TxnRequest:
		return s.kv.Txn(ctx, r)
	case *pb.CompactionRequest:
		return s.kv.Compact(ctx, r)
	case *pb.LeaseGrantRequest:
		return s.lease.LeaseGrant(ctx, r)
	case *pb.LeaseRevokeRequest:
		return s.lease.LeaseRevoke(ctx, r)
	case *pb.LeaseTimeToLiveRequest:
		return s.lease.LeaseTimeToLive(ctx, r)
	case *pb.LeaseLeasesRequest:
		return s.lease.LeaseLeases(ctx, r)
	case *pb.LeaseKeepAliveRequest:
		stream, err := s.lease.LeaseKeepAlive(ctx)
		if err != nil {
			return nil, err
		}
		if err := stream.Send(r); err != nil {
			return nil, err
		}
		return stream.Recv()
	case *pb.HashKVRequest:
		return s.maintenance.HashKV(ctx, r)
	case *pb.AlarmRequest:
		return s.maintenance.Alarm(ctx, r)
	}
	panic(fmt.Sprintf("no call for %T", request))
}

// header forgets what differs between any two servers.
func (s *side) header(h *pb.ResponseHeader) {
	if h == nil {
		return
	}
	h.ClusterId, h.MemberId, h.RaftTerm = 0, 0, 0
	s.revision = max(s.revision, h.Revision)
}

func (s *side) render(answer any) string {
	switch a := answer.(type) {
	case *pb.RangeResponse:
		s.header(a.Header)
		return a.String()
	case *pb.PutResponse:
		s.header(a.Header)
		return a.String()
	case *pb.DeleteRangeResponse:
		s.header(a.Header)
		return a.String()
	case *pb.TxnResponse:
		s.header(a.Header)
		return a.String()
	case *pb.CompactionResponse:
		s.header(a.Header)
		return a.String()
	case *pb.LeaseGrantResponse:
		s.header(a.Header)
		if a.ID > 1<<32 { // chosen by the server
			a.ID = 1 << 32
		}
		return a.String()
	case *pb.LeaseRevokeResponse:
		s.header(a.Header)
		return a.String()
	case *pb.LeaseTimeToLiveResponse:
		s.header(a.Header)
		if a.TTL > 0 {
			a.TTL = 1
		}
		sort.Slice(a.Keys, func(i, j int) bool { return string(a.Keys[i]) < string(a.Keys[j]) })
		return a.String()
	case *pb.LeaseLeasesResponse:
		s.header(a.Header)
		sort.Slice(a.Leases, func(i, j int) bool { return a.Leases[i].ID < a.Leases[j].ID })
		return a.String()
	case *pb.LeaseKeepAliveResponse:
		s.header(a.Header)
		return a.String()
	case *pb.HashKVResponse:
		return fmt.Sprintf("hash:%d compact_revision:%d", a.Hash, a.CompactRevision)
	case *pb.AlarmResponse:
		var kinds []string
		for _, alarm := range a.Alarms {
			kinds = append(kinds, alarm.Alarm.String())
		}
		return "alarms: " + strings.Join(kinds, " ")
	}
	panic(fmt.Sprintf("no rendering of %T", answer))
}
