package clientgo

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"kvshim/tests/controlplane/kubectl"
)

// stand lets a candidate stand for the lease `leader`, and tells of what it becomes. The function
// that comes back ends the candidate and waits for it.
func stand(t testing.TB, clients kubernetes.Interface, name string, events Events, duration time.Duration,
	release bool) func() {
	t.Helper()
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: "default"},
			Client: clients.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: name}},
		LeaseDuration: duration, RenewDeadline: duration / 2, RetryPeriod: 200 * time.Millisecond,
		ReleaseOnCancel: release,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { events <- name + " leads" },
			OnStoppedLeading: func() { events <- name + " ends" },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); elector.Run(ctx) }()
	end := func() { cancel(); <-ended }
	t.Cleanup(end)
	return end
}

// awaitRenewal waits until a leader has just renewed the lease. One that is ended while it renews
// may find, as it releases the lease, that the renewal came between.
func awaitRenewal(t testing.TB, clients kubernetes.Interface) {
	t.Helper()
	ctx := Deadline(t)
	opened := Must[watch.Interface](t)(clients.CoordinationV1().Leases("default").Watch(ctx,
		metav1.ListOptions{FieldSelector: "metadata.name=leader"}))
	defer opened.Stop()
	for event := range opened.ResultChan() {
		if event.Type == watch.Modified {
			return
		}
	}
	t.Fatal("the lease is never renewed")
}

func holder(t testing.TB, clients kubernetes.Interface) (string, int32) {
	t.Helper()
	spec := Must[*coordinationv1.Lease](t)(clients.CoordinationV1().Leases("default").Get(Deadline(t), "leader",
		metav1.GetOptions{})).Spec
	return *spec.HolderIdentity, *spec.LeaseTransitions
}

// The lease lasts longer than the test waits: only its release lets the second candidate lead.
func TestALeaderHandsOver(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	events := make(Events, 10)
	endFirst := stand(t, clients, "first", events, 2*patience, true)
	events.Expect(t, "first leads")
	endSecond := stand(t, clients, "second", events, 2*patience, true)
	if name, _ := holder(t, clients); name != "first" {
		t.Errorf("the leader is %q", name)
	}
	awaitRenewal(t, clients)
	endFirst()
	events.Expect(t, "first ends", "second leads")
	if name, transitions := holder(t, clients); name != "second" || transitions != 1 {
		t.Errorf("the leader is %q after %d transitions", name, transitions)
	}
	awaitRenewal(t, clients)
	endSecond()
	events.Expect(t, "second ends")
	if name, _ := holder(t, clients); name != "" {
		t.Errorf("the leader is %q", name)
	}
}

func TestALeaderThatFallsSilentIsFollowed(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	events := make(Events, 10)
	endFirst := stand(t, clients, "first", events, 4*time.Second, false)
	events.Expect(t, "first leads")
	stand(t, clients, "second", events, 4*time.Second, false)
	endFirst()
	events.Expect(t, "first ends")
	if name, _ := holder(t, clients); name != "first" {
		t.Errorf("the leader is %q", name)
	}
	events.Expect(t, "second leads")
}
