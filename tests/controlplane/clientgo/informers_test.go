package clientgo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"kvshim/tests/controlplane/kubectl"
)

// follow tells of the objects that carry a label `step`, each time that it changes; what the server
// itself changes (a pod's status) is none of it. `resynced` hears of what was told once more.
func follow(t testing.TB, informer cache.SharedInformer, resynced func(name string)) Events {
	t.Helper()
	events := make(Events, 1000)
	step := func(object any) (metav1.Object, string) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		meta := object.(metav1.Object)
		return meta, meta.GetLabels()["step"]
	}
	tell := func(what string, object any) {
		if meta, at := step(object); at != "" {
			events <- what + " " + meta.GetName() + " " + at
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { tell("add", object) },
		UpdateFunc: func(before, now any) {
			old, from := step(before)
			meta, to := step(now)
			if old.GetResourceVersion() == meta.GetResourceVersion() {
				resynced(meta.GetName())
			} else if from != to {
				tell("update", now)
			}
		},
		DeleteFunc: func(object any) { tell("delete", object) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func noResync(string) {}

// begin runs a factory's informers until the test ends, and waits until they know everything.
func begin(t testing.TB, factory informers.SharedInformerFactory) {
	t.Helper()
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop); factory.Shutdown() })
	factory.Start(stop)
	ctx := Deadline(t)
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			t.Fatalf("the informer of %v never syncs", kind)
		}
	}
}

// awaitServiceAccount: pods cannot be created before their namespace has it.
func awaitServiceAccount(t testing.TB, clients kubernetes.Interface) {
	t.Helper()
	ctx := Deadline(t)
	opened := Must[watch.Interface](t)(clients.CoreV1().ServiceAccounts("default").Watch(ctx,
		metav1.ListOptions{FieldSelector: "metadata.name=default"}))
	defer opened.Stop()
	if event, ok := <-opened.ResultChan(); !ok || event.Type != watch.Added {
		t.Fatalf("there is no service account default: %v", event)
	}
}

func pod(name, step string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: ConfigMap(name, step).ObjectMeta,
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.org/c:1"}}}}
}

func TestInformersTellOfChangesInOrder(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	awaitServiceAccount(t, clients)
	ctx := Deadline(t)
	core := clients.CoreV1()
	create, options := metav1.CreateOptions{}, metav1.PatchOptions{}
	Create(t, clients, "before", "1")
	factory := informers.NewSharedInformerFactory(clients, 0)
	configMaps := follow(t, factory.Core().V1().ConfigMaps().Informer(), noResync)
	secrets := follow(t, factory.Core().V1().Secrets().Informer(), noResync)
	pods := follow(t, factory.Core().V1().Pods().Informer(), noResync)
	begin(t, factory)
	configMaps.Expect(t, "add before 1")
	for _, name := range []string{"a", "b"} {
		Create(t, clients, name, "1")
		Must[*corev1.Secret](t)(core.Secrets("default").Create(ctx,
			&corev1.Secret{ObjectMeta: ConfigMap(name, "1").ObjectMeta}, create))
		Must[*corev1.Pod](t)(core.Pods("default").Create(ctx, pod(name, "1"), create))
	}
	for step := 2; step <= 4; step++ {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"step":"%d"}}}`, step)
		for _, name := range []string{"b", "a"} {
			Must[*corev1.ConfigMap](t)(core.ConfigMaps("default").Patch(ctx, name, types.MergePatchType, patch, options))
			Must[*corev1.Secret](t)(core.Secrets("default").Patch(ctx, name, types.StrategicMergePatchType, patch, options))
			Must[*corev1.Pod](t)(core.Pods("default").Patch(ctx, name, types.StrategicMergePatchType, patch, options))
		}
	}
	for _, name := range []string{"a", "b"} {
		for _, err := range []error{
			core.ConfigMaps("default").Delete(ctx, name, metav1.DeleteOptions{}),
			core.Secrets("default").Delete(ctx, name, metav1.DeleteOptions{}),
			core.Pods("default").Delete(ctx, name, metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, events := range []Events{configMaps, secrets, pods} {
		events.Expect(t, "add a 1", "add b 1", "update b 2", "update a 2", "update b 3", "update a 3",
			"update b 4", "update a 4", "delete a 4", "delete b 4")
	}
}

func TestAnInformerIsResynced(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	resynced := make(Events, 1000)
	factory := informers.NewSharedInformerFactoryWithOptions(clients, time.Second,
		informers.WithNamespace("default"), informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.LabelSelector = "step"
		}))
	events := follow(t, factory.Core().V1().ConfigMaps().Informer(), func(name string) { resynced <- name })
	begin(t, factory)
	Create(t, clients, "a", "1")
	events.Expect(t, "add a 1")
	resynced.Expect(t, "a", "a")
}

// Since 1.35 client-go's reflectors begin with a watch that sends what there is; a list would mean
// that they could not, and fell back.
func TestInformersBeginWithAWatchList(t *testing.T) {
	config := Config(t, kubectl.Start(t))
	recorder := Record(config)
	clients := Clients(t, config)
	ctx := Deadline(t)
	for i := range 10 {
		Must[*corev1.Secret](t)(clients.CoreV1().Secrets("default").Create(ctx,
			&corev1.Secret{ObjectMeta: ConfigMap(fmt.Sprintf("s%d", i), "1").ObjectMeta}, metav1.CreateOptions{}))
	}
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace("default"))
	lister := factory.Core().V1().Secrets().Lister()
	begin(t, factory)
	if found := Must[[]*corev1.Secret](t)(lister.List(labels.Everything())); len(found) != 10 {
		t.Errorf("the informer knows %d secrets", len(found))
	}
	begun := 0
	for _, answer := range recorder.Of("/secrets") {
		if answer.Method != "GET" {
			continue
		}
		begun++
		if answer.Query.Get("sendInitialEvents") != "true" || answer.Query.Get("watch") != "true" ||
			answer.Query.Get("resourceVersionMatch") != "NotOlderThan" || answer.Status != 200 {
			t.Errorf("the informer asked %v and got %d", answer.Query, answer.Status)
		}
	}
	if begun != 1 {
		t.Errorf("the informer asked %d times", begun)
	}
}

func TestABookmarkEndsTheInitialEvents(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	ctx := Deadline(t)
	var last string
	for _, name := range []string{"a", "b", "c"} {
		last = Create(t, clients, name, "1").ResourceVersion
	}
	yes := true
	opened := Must[watch.Interface](t)(clients.CoreV1().ConfigMaps("default").Watch(ctx, metav1.ListOptions{
		LabelSelector: "step=1", SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersion: last,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}))
	defer opened.Stop()
	next := func() (watch.EventType, *corev1.ConfigMap) {
		t.Helper()
		event, open := <-opened.ResultChan()
		object, ok := event.Object.(*corev1.ConfigMap)
		if !open || !ok {
			t.Fatalf("the watch says %v", event)
		}
		return event.Type, object
	}
	for _, name := range []string{"a", "b", "c"} {
		if what, object := next(); what != watch.Added || object.Name != name {
			t.Errorf("%s %s comes, not %s", what, object.Name, name)
		}
	}
	what, object := next()
	if what != watch.Bookmark || object.Annotations[metav1.InitialEventsAnnotationKey] != "true" {
		t.Errorf("%s %v comes, and no bookmark", what, object)
	}
	// From the bookmark on a second watch goes on without what the first was told.
	second := Must[watch.Interface](t)(clients.CoreV1().ConfigMaps("default").Watch(ctx,
		metav1.ListOptions{ResourceVersion: object.ResourceVersion, LabelSelector: "step"}))
	defer second.Stop()
	Create(t, clients, "d", "1")
	if what, object := next(); what != watch.Added || object.Name != "d" {
		t.Errorf("%s %s comes, not d", what, object.Name)
	}
	if event := <-second.ResultChan(); event.Type != watch.Added || event.Object.(*corev1.ConfigMap).Name != "d" {
		t.Errorf("the second watch begins with %v", event)
	}
}

// A watch is told how far it has come before its time is over, so that the next one begins there and
// not where the last change of its own kind was.
func TestABookmarkComesBeforeAWatchEnds(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	ctx := Deadline(t)
	first := Create(t, clients, "a", "1")
	four := int64(4)
	opened := Must[watch.Interface](t)(clients.CoreV1().Secrets("default").Watch(ctx, metav1.ListOptions{
		ResourceVersion: first.ResourceVersion, AllowWatchBookmarks: true, TimeoutSeconds: &four}))
	defer opened.Stop()
	later := Create(t, clients, "b", "1")
	var events []watch.Event
	for event := range opened.ResultChan() {
		events = append(events, event)
	}
	if len(events) != 1 || events[0].Type != watch.Bookmark {
		t.Fatalf("a watch of nothing hears %v", events)
	}
	told := Must[int64](t)(strconv.ParseInt(events[0].Object.(*corev1.Secret).ResourceVersion, 10, 64))
	if at := Must[int64](t)(strconv.ParseInt(later.ResourceVersion, 10, 64)); told < at {
		t.Errorf("the bookmark is of %d, the store was at %d", told, at)
	}
}

// The server is killed while a client writes, and comes back where it was: the informer goes on, and
// has in the end what the server has, by events of which none is missing.
func TestInformersOutliveTheServer(t *testing.T) {
	s := kubectl.Start(t)
	clients := Clients(t, Config(t, s))
	ctx := Deadline(t)
	configMaps := clients.CoreV1().ConfigMaps("default")
	for i := range 10 {
		Create(t, clients, fmt.Sprintf("c%d", i), "1")
	}
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace("default"))
	informer := factory.Core().V1().ConfigMaps()
	events := follow(t, informer.Informer(), noResync)
	begin(t, factory)
	for round, end := range []func(){func() { s.Stop(t) }, func() { s.Kill() }} {
		end()
		s = s.StartAgain(t)
		step := fmt.Sprint(round + 2)
		Create(t, clients, "new"+step, step)
		Must[*corev1.ConfigMap](t)(configMaps.Update(ctx, ConfigMap(fmt.Sprintf("c%d", round), step),
			metav1.UpdateOptions{}))
		if err := configMaps.Delete(ctx, fmt.Sprintf("c%d", 9-round), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	Create(t, clients, "last", "4")
	wanted := map[string]string{"c0": "2", "c1": "3", "new2": "2", "new3": "3", "last": "4"}
	for i := 2; i < 8; i++ {
		wanted[fmt.Sprintf("c%d", i)] = "1"
	}
	told := map[string]string{}
	for !maps.Equal(told, wanted) {
		var what, name, step string
		select {
		case event := <-events:
			if _, err := fmt.Sscan(event, &what, &name, &step); err != nil {
				t.Fatal(err)
			}
		case <-ctx.Done():
			t.Fatalf("the informer told of %v, not of %v", told, wanted)
		}
		if _, known := told[name]; known == (what == "add") {
			t.Errorf("%s of %s, which is known: %v", what, name, known)
		}
		if told[name] = step; what == "delete" {
			delete(told, name)
		}
	}
	versions := func(found []*corev1.ConfigMap) []string {
		var all []string
		for _, one := range found {
			all = append(all, one.Name+"@"+one.ResourceVersion)
		}
		slices.Sort(all)
		return all
	}
	stepped, err := labels.NewRequirement("step", selection.Exists, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := versions(Must[[]*corev1.ConfigMap](t)(
		informer.Lister().List(labels.NewSelector().Add(*stepped))))
	list := Must[*corev1.ConfigMapList](t)(configMaps.List(ctx, metav1.ListOptions{LabelSelector: "step"}))
	var held []*corev1.ConfigMap
	for i := range list.Items {
		held = append(held, &list.Items[i])
	}
	if !slices.Equal(known, versions(held)) {
		t.Errorf("the informer knows %v, the server %v", known, versions(held))
	}
}

func TestTwoHundredInformersHearAll(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	const informed, written = 200, 100
	all := make([]Events, informed)
	for i := range all {
		factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace("default"),
			informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "step" }))
		all[i] = follow(t, factory.Core().V1().ConfigMaps().Informer(), noResync)
		begin(t, factory)
	}
	var wanted []string
	for i := range written {
		name := fmt.Sprintf("c%d", i)
		Create(t, clients, name, "1")
		wanted = append(wanted, "add "+name+" 1")
	}
	for _, events := range all {
		events.Expect(t, wanted...)
	}
}
