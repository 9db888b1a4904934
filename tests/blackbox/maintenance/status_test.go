// Package maintenance tests the Maintenance and Cluster services, health and reflection.
package maintenance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// history leaves a store with overwritten, deleted and leased keys.
func history(t *testing.T, client *clientv3.Client) int64 {
	t.Helper()
	ctx := server.Context(t)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	revision := int64(0)
	for i := range 100 {
		put := expect.Value(client.Put(ctx, fmt.Sprint("k", i%20), strings.Repeat("v", i)))(t)
		revision = put.Header.Revision
	}
	expect.Value(client.Put(ctx, "leased", "v", clientv3.WithLease(lease)))(t)
	expect.Value(client.Delete(ctx, "k1", clientv3.WithPrefix()))(t)
	return revision + 2
}

func TestStatusDescribesTheServer(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	history(t, client)
	status := expect.Value(client.Status(ctx, s.URL()))(t)
	parts := strings.Split(status.Version, ".")
	expect.True(t, len(parts) == 3 && parts[0] == "3", "version ", status.Version)
	expect.True(t, status.DbSize > 0 && status.DbSizeInUse > 0, "sizes ", status)
	expect.True(t, status.DbSizeInUse <= status.DbSize, "in use at most all")
	expect.Equal(t, status.Header.MemberId, status.Leader, "the only member leads")
	expect.True(t, status.RaftIndex > 0 && status.RaftTerm > 0, "index and term")
	if s.Options.Flavor == server.Kvshim {
		expect.True(t, status.RaftAppliedIndex > 0, "applied index")
	}
	expect.Equal(t, 0, len(status.Errors))
	expect.Equal(t, false, status.IsLearner)
	before := status.RaftIndex
	expect.Value(client.Put(ctx, "k", ""))(t)
	status = expect.Value(client.Status(ctx, s.URL()))(t)
	expect.True(t, status.RaftIndex > before, "the index grows with writes")
	cluster, term := status.Header.ClusterId, status.RaftTerm
	s.Restart(t)
	status = expect.Value(s.Client(t).Status(ctx, s.URL()))(t)
	expect.Equal(t, cluster, status.Header.ClusterId, "ids are stable")
	expect.True(t, status.RaftTerm >= term, "the term never falls")
}

func TestMembersAreListedAndNotChanged(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	list := expect.Value(client.MemberList(ctx))(t)
	expect.Equal(t, 1, len(list.Members))
	member := list.Members[0]
	expect.Equal(t, list.Header.MemberId, member.ID)
	expect.True(t, member.Name != "" && !member.IsLearner, member)
	expect.Equal(t, []string{s.URL()}, member.ClientURLs)

	server.OnlyKvshim(t, "etcd changes its members")
	cluster := pb.NewClusterClient(s.Connection(t))
	refusals := map[string]error{}
	_, refusals["add"] = cluster.MemberAdd(ctx, &pb.MemberAddRequest{PeerURLs: []string{"http://x:1"}})
	_, refusals["remove"] = cluster.MemberRemove(ctx, &pb.MemberRemoveRequest{ID: member.ID})
	_, refusals["update"] = cluster.MemberUpdate(ctx, &pb.MemberUpdateRequest{ID: member.ID,
		PeerURLs: []string{"http://x:1"}})
	_, refusals["promote"] = cluster.MemberPromote(ctx, &pb.MemberPromoteRequest{ID: member.ID})
	for what, err := range refusals {
		code, text := expect.Split(err)
		expect.True(t, code != codes.OK && code != codes.Unknown && code != codes.Internal &&
			text != "", what, " is refused clearly, got ", code, " ", text)
	}
	expect.Equal(t, 1, len(expect.Value(client.MemberList(ctx))(t).Members))
}

func TestLeadershipStaysWhereItIs(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	raw := pb.NewMaintenanceClient(s.Connection(t))
	_, err := raw.MoveLeader(ctx, &pb.MoveLeaderRequest{TargetID: 12345})
	expect.Error(t, rpctypes.ErrGRPCBadLeaderTransferee, err)
}

func TestDefragmentGivesSpaceBack(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	value := strings.Repeat("v", 50_000)
	for i := range 200 {
		expect.Value(client.Put(ctx, fmt.Sprint("k", i%5), value))(t)
	}
	full := expect.Value(client.Status(ctx, s.URL()))(t)
	expect.True(t, full.DbSize > 2_000_000, "size before ", full.DbSize)
	expect.Value(client.Compact(ctx, full.Header.Revision, clientv3.WithCompactPhysical()))(t)
	expect.Eventually(t, 10*time.Second, func() bool {
		expect.Value(client.Defragment(ctx, s.URL()))(t)
		return expect.Value(client.Status(ctx, s.URL()))(t).DbSize < 2_000_000
	}, "compaction and defragmentation give space back")
	got := expect.Value(client.Get(ctx, "k", clientv3.WithPrefix()))(t)
	expect.Equal(t, 5, len(got.Kvs))
	expect.True(t, string(got.Kvs[4].Value) == value, "values stay as they were")
	expect.Value(client.Put(ctx, "k", "v"))(t)
}
