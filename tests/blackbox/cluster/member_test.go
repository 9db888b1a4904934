package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// listed is what MemberList says at a server: name, id and client URLs of each member.
func listed(t *testing.T, s *server.Server) []string {
	t.Helper()
	answer := expect.Value(s.Client(t).MemberList(within(t, 10*time.Second)))(t)
	var list []string
	for _, m := range answer.Members {
		list = append(list, fmt.Sprintf("%s %x %v", m.Name, m.ID, m.ClientURLs))
	}
	slices.Sort(list)
	return list
}

// expectMembers waits until MemberList at each of the servers is those servers.
func expectMembers(t *testing.T, limit time.Duration, names []string, servers ...*server.Server) {
	t.Helper()
	var want []string
	for n, s := range servers {
		want = append(want, fmt.Sprintf("%s %x %v", names[n], memberID(t, s), []string{s.URL()}))
	}
	slices.Sort(want)
	var got []string
	begin := time.Now()
	expect.Eventually(t, limit, func() bool {
		for _, s := range servers {
			if got = listed(t, s); !slices.Equal(want, got) {
				return false
			}
		}
		return true
	}, "every server lists ", want, ", not ", lazily(func() string { return fmt.Sprint(got) }))
	t.Logf("%d servers list each other after %v", len(servers), time.Since(begin))
}

func TestMembersAreTheServersThatLive(t *testing.T) {
	s := start(t, 3)
	expectMembers(t, 5*time.Second, []string{"server0", "server1", "server2"}, s...)

	s[1].Kill()
	expectMembers(t, 10*time.Second, []string{"server0", "server2"}, s[0], s[2])

	expect.NoError(t, s[2].Stop(10*time.Second))
	expectMembers(t, 2*time.Second, []string{"server0"}, s[0])

	s[1].Launch(t)
	s[2].Launch(t)
	// A newcomer gives those that it finds the time to show that they live.
	expectMembers(t, 10*time.Second, []string{"server0", "server1", "server2"}, s...)
}

// The address under which others reach a server is not what it listens on where that is every
// interface, and is what its operator says where he says it.
func TestMembersAreListedWithURLsThatOthersCanReach(t *testing.T) {
	first := start(t, 1, "--advertise-client-urls", "http://kvshim.example:2379,http://127.0.0.1:1")[0]
	second := server.New(t, server.Options{Flavor: server.Kvshim, Endpoint: first.Options.Endpoint,
		Listen: "0.0.0.0:0", Flags: []string{"--name", "everywhere"}})
	second.Launch(t)
	expect.Eventually(t, 5*time.Second, func() bool { return len(listed(t, first)) == 2 }, "both")
	for _, m := range expect.Value(first.Client(t).MemberList(within(t, 10*time.Second)))(t).Members {
		if m.Name == "server0" {
			expect.Equal(t, []string{"http://kvshim.example:2379", "http://127.0.0.1:1"}, m.ClientURLs)
			continue
		}
		expect.Equal(t, 1, len(m.ClientURLs))
		place := strings.TrimPrefix(m.ClientURLs[0], "http://")
		host, port, err := net.SplitHostPort(place)
		expect.NoError(t, err, m.ClientURLs)
		expect.True(t, host != "0.0.0.0" && host != "" && port != "0", m.ClientURLs, " leads nowhere")
	}
}

func TestLeaderIsOneOfTheMembersAndTheSameEverywhere(t *testing.T) {
	s := start(t, 3)
	leader, _ := leaderAmong(t, 5*time.Second, s...)
	members := expect.Value(s[0].Client(t).MemberList(within(t, 10*time.Second)))(t).Members
	id := memberID(t, leader)
	expect.True(t, slices.ContainsFunc(members, func(m *pb.Member) bool { return m.ID == id }),
		fmt.Sprintf("the leader %x is no member", id))
}

func TestLeadershipOfAKilledServerIsTakenOverWithinTenSeconds(t *testing.T) {
	leader, others := leaderAmong(t, 5*time.Second, start(t, 3)...)
	leader.Kill()
	begin := time.Now()
	next, rest := leaderAmong(t, 10*time.Second, others...)
	t.Logf("another leads after %v", time.Since(begin))

	// A stopped one hands it over.
	expect.NoError(t, next.Stop(10*time.Second))
	begin = time.Now()
	leaderAmong(t, 3*time.Second, rest...)
	t.Logf("after a stop another leads after %v", time.Since(begin))
}

func TestPausedLeaderIsReplacedAndDoesNotLeadAgain(t *testing.T) {
	leader, others := leaderAmong(t, 5*time.Second, start(t, 3)...)
	pause(leader)
	next, _ := leaderAmong(t, 10*time.Second, others...)
	resume(leader)
	again, _ := leaderAmong(t, 5*time.Second, append(others, leader)...)
	expect.Equal(t, memberID(t, next), memberID(t, again), "the leader")
}

func TestLeadershipMovesToTheMemberThatIsNamed(t *testing.T) {
	s := start(t, 3)
	leader, others := leaderAmong(t, 5*time.Second, s...)
	expect.Eventually(t, 5*time.Second, func() bool { return len(listed(t, leader)) == 3 }, "it knows all")
	ctx := within(t, 30*time.Second)

	_, err := others[0].Client(t).MoveLeader(ctx, memberID(t, others[1]))
	expect.Error(t, rpctypes.ErrNotLeader, err, "asked of a server that does not lead")
	_, err = others[0].Client(t).MoveLeader(ctx, 4711)
	expect.Error(t, rpctypes.ErrNotLeader, err, "the same to a stranger")
	_, err = leader.Client(t).MoveLeader(ctx, 4711)
	expect.Error(t, rpctypes.ErrBadLeaderTransferee, err, "to a stranger")
	expect.Value(leader.Client(t).MoveLeader(ctx, memberID(t, leader)))(t, "to itself")
	moved, _ := leaderAmong(t, 3*time.Second, s...)
	expect.Equal(t, memberID(t, leader), memberID(t, moved), "the leader after refusals")

	expect.Value(leader.Client(t).MoveLeader(ctx, memberID(t, others[0])))(t)
	moved, _ = leaderAmong(t, 3*time.Second, s...)
	expect.Equal(t, memberID(t, others[0]), memberID(t, moved), "the leader")
	expect.Eventually(t, 5*time.Second, func() bool { return len(listed(t, moved)) == 3 }, "it knows all")
	_, err = leader.Client(t).MoveLeader(ctx, memberID(t, others[1]))
	expect.Error(t, rpctypes.ErrNotLeader, err, "it was the leader before")

	output := etcdctl(t, s, "move-leader", fmt.Sprintf("%x", memberID(t, others[1])))
	expect.Contains(t, output, fmt.Sprintf("Leadership transferred from %x to %x",
		memberID(t, others[0]), memberID(t, others[1])))
	moved, _ = leaderAmong(t, 3*time.Second, s...)
	expect.Equal(t, memberID(t, others[1]), memberID(t, moved), "the leader")

	// One that died a moment ago is no leader to be.
	gone := memberID(t, others[0])
	others[0].Kill()
	expect.Eventually(t, 10*time.Second, func() bool { return len(listed(t, leader)) == 2 }, "two live")
	_, err = others[1].Client(t).MoveLeader(ctx, gone)
	expect.Error(t, rpctypes.ErrBadLeaderTransferee, err, "to one that is gone")
}

// etcdctl runs Debian's etcdctl against all of these servers.
func etcdctl(t *testing.T, servers []*server.Server, arguments ...string) string {
	t.Helper()
	program := os.Getenv("ETCDCTL_BIN")
	if program == "" {
		program = "/usr/bin/etcdctl"
	}
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.URL())
	}
	command := exec.CommandContext(within(t, 20*time.Second), program, arguments...)
	command.Env = append(os.Environ(), "ETCDCTL_API=3", "ETCDCTL_ENDPOINTS="+strings.Join(urls, ","))
	output, err := command.CombinedOutput()
	expect.NoError(t, err, "etcdctl ", arguments, ": ", string(output))
	return string(output)
}
