package maintenance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

const quota = 4 << 20

// fill writes until the server refuses for want of space, and returns the error.
func fill(t *testing.T, client *clientv3.Client) error {
	t.Helper()
	ctx := server.Context(t)
	value := strings.Repeat("v", 100_000)
	for i := range 200 {
		if _, err := client.Put(ctx, fmt.Sprint("fill/", i), value); err != nil {
			return err
		}
	}
	t.Fatal("20 MB fit into a quota of 4")
	return nil
}

func TestFullStoreRefusesPutsUntilSpaceIsMadeAndTheAlarmDisarmed(t *testing.T) {
	s := server.Start(t, server.Options{Quota: quota})
	client := s.Client(t)
	ctx := server.Context(t)
	expect.Equal(t, 0, len(expect.Value(client.AlarmList(ctx))(t).Alarms))
	expect.Value(client.Put(ctx, "early", "v"))(t)
	lease := expect.Value(client.Grant(ctx, 600))(t).ID
	expect.Error(t, rpctypes.ErrNoSpace, fill(t, client))

	alarms := expect.Value(client.AlarmList(ctx))(t)
	expect.Equal(t, 1, len(alarms.Alarms))
	expect.Equal(t, pb.AlarmType_NOSPACE, alarms.Alarms[0].Alarm)
	member := expect.Value(client.MemberList(ctx))(t).Members[0].ID
	expect.Equal(t, member, alarms.Alarms[0].MemberID)
	status := expect.Value(client.Status(ctx, s.URL()))(t)
	expect.True(t, len(status.Errors) == 1 && strings.Contains(status.Errors[0], "NOSPACE"),
		"status tells of it: ", status.Errors)

	_, err := client.Put(ctx, "small", "v")
	expect.Error(t, rpctypes.ErrNoSpace, err, "a small put is refused too")
	_, err = client.Txn(ctx).Then(clientv3.OpPut("small", "v")).Commit()
	expect.Error(t, rpctypes.ErrNoSpace, err)
	_, err = client.Txn(ctx).Then(clientv3.OpGet("early")).Else(clientv3.OpPut("small", "v")).Commit()
	expect.True(t, err == nil || err.Error() == rpctypes.ErrNoSpace.Error(), "a txn that may put: ", err)
	_, err = client.Grant(ctx, 600)
	expect.Error(t, rpctypes.ErrNoSpace, err, "a lease takes space too")

	expect.Equal(t, int64(1), expect.Value(client.Get(ctx, "early"))(t).Count, "reads work")
	expect.Value(client.Txn(ctx).Then(clientv3.OpGet("early"), clientv3.OpDelete("early")).Commit())(t)
	expect.Value(client.KeepAliveOnce(ctx, lease))(t)
	expect.Value(client.Revoke(ctx, lease))(t)

	s.Restart(t)
	client = s.Client(t)
	expect.Equal(t, 1, len(expect.Value(client.AlarmList(ctx))(t).Alarms), "the alarm outlives a restart")
	deleted := expect.Value(client.Delete(ctx, "fill/", clientv3.WithPrefix()))(t)
	expect.True(t, deleted.Deleted > 10, "deletes work")
	_, err = client.Put(ctx, "small", "v")
	expect.Error(t, rpctypes.ErrNoSpace, err, "until the alarm is disarmed")
	expect.Value(client.Compact(ctx, deleted.Header.Revision, clientv3.WithCompactPhysical()))(t)
	expect.Eventually(t, 10*time.Second, func() bool {
		expect.Value(client.Defragment(ctx, s.URL()))(t)
		return expect.Value(client.Status(ctx, s.URL()))(t).DbSize < quota/2
	}, "space comes back")
	disarmed := expect.Value(client.AlarmDisarm(ctx, &clientv3.AlarmMember{}))(t)
	expect.Equal(t, 1, len(disarmed.Alarms), "tells what it disarmed")
	expect.Equal(t, 0, len(expect.Value(client.AlarmList(ctx))(t).Alarms))
	expect.Value(client.Put(ctx, "small", "v"))(t)
	expect.Value(client.Grant(ctx, 600))(t)
}

func TestAlarmsAreActivatedAndDisarmedByHand(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	raw := pb.NewMaintenanceClient(s.Connection(t))
	alarm := func(action pb.AlarmRequest_AlarmAction, member uint64, kind pb.AlarmType) []*pb.AlarmMember {
		t.Helper()
		return expect.Value(raw.Alarm(ctx, &pb.AlarmRequest{Action: action, MemberID: member,
			Alarm: kind}))(t).Alarms
	}
	member := expect.Value(raw.Status(ctx, &pb.StatusRequest{}))(t).Header.MemberId
	expect.Equal(t, 0, len(alarm(pb.AlarmRequest_DEACTIVATE, member, pb.AlarmType_NOSPACE)))
	raised := alarm(pb.AlarmRequest_ACTIVATE, member, pb.AlarmType_NOSPACE)
	expect.True(t, len(raised) == 1 && raised[0].MemberID == member, raised)
	_, err := s.Client(t).Put(ctx, "k", "v")
	expect.Error(t, rpctypes.ErrNoSpace, err)
	expect.Equal(t, 1, len(alarm(pb.AlarmRequest_GET, 0, pb.AlarmType_NONE)))
	expect.Equal(t, 1, len(alarm(pb.AlarmRequest_GET, 0, pb.AlarmType_NOSPACE)))
	expect.Equal(t, 0, len(alarm(pb.AlarmRequest_GET, 0, pb.AlarmType_CORRUPT)))
	gone := alarm(pb.AlarmRequest_DEACTIVATE, member, pb.AlarmType_NOSPACE)
	expect.True(t, len(gone) == 1 && gone[0].Alarm == pb.AlarmType_NOSPACE, gone)
	expect.Value(s.Client(t).Put(ctx, "k", "v"))(t)
}
