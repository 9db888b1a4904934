package clientgo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/workqueue"
	"kvshim/tests/controlplane/kubectl"
)

func createMany(t testing.TB, ctx context.Context, clients kubernetes.Interface, count int) {
	t.Helper()
	workqueue.ParallelizeUntil(ctx, 16, count, func(i int) {
		made := ConfigMap(fmt.Sprintf("c%04d", i), "1")
		if _, err := clients.CoreV1().ConfigMaps("default").Create(ctx, made, metav1.CreateOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func TestAThousandObjectsComeInPages(t *testing.T) {
	config := Config(t, kubectl.Start(t))
	recorder := Record(config)
	clients := Clients(t, config)
	ctx := Deadline(t)
	createMany(t, ctx, clients, 1000)
	pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		return clients.CoreV1().ConfigMaps("default").List(ctx, options)
	}))
	pages.PageSize = 100
	next := 0
	err := pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: "step"}, func(object runtime.Object) error {
		if name := object.(*corev1.ConfigMap).Name; name != fmt.Sprintf("c%04d", next) {
			return fmt.Errorf("object %d is %s", next, name)
		}
		// What comes meanwhile is in no page: all are of one revision.
		if next++; next == 1 {
			Create(t, clients, "c0999-later", "1")
		}
		return nil
	})
	if err != nil || next != 1000 {
		t.Errorf("%d objects came: %v", next, err)
	}
	asked := 0
	for _, answer := range recorder.Of("/configmaps") {
		if answer.Method == http.MethodGet && answer.Query.Get("limit") == "100" {
			asked++
		}
	}
	if asked != 10 {
		t.Errorf("they came in %d pages", asked)
	}
}

// compact forgets the history before a revision, as etcd's HTTP gateway offers it.
func compact(t testing.TB, endpoint, revision string) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"revision": revision, "physical": true})
	response, err := http.Post(endpoint+"/v3/kv/compaction", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the compaction: %s", response.Status)
	}
}

// The store's history is compacted while a client goes through pages: the token is too old then.
// The failure gives one for the rest as it is now; client-go's pager begins anew.
func TestATokenExpiresWithItsHistory(t *testing.T) {
	endpoint := kubectl.URLs(kubectl.StartEtcd(t, 1))
	clients := Clients(t, Config(t, kubectl.Start(t, "--datastore-endpoint", endpoint)))
	ctx := Deadline(t)
	createMany(t, ctx, clients, 30)
	configMaps := clients.CoreV1().ConfigMaps("default")
	list := Must[*corev1.ConfigMapList](t)
	expire := func() {
		later := Must[*corev1.ConfigMap](t)(configMaps.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "z-", Labels: map[string]string{"step": "2"}}},
			metav1.CreateOptions{}))
		compact(t, endpoint, later.ResourceVersion)
	}

	page := list(configMaps.List(ctx, metav1.ListOptions{Limit: 10, LabelSelector: "step"}))
	expire()
	_, err := configMaps.List(ctx, metav1.ListOptions{Limit: 10, LabelSelector: "step", Continue: page.Continue})
	if !apierrors.IsResourceExpired(err) {
		t.Fatalf("the token after the compaction: %v", err)
	}
	// The rest of the list as it is now: twenty, and the one that came since.
	var expired apierrors.APIStatus
	errors.As(err, &expired)
	rest := list(configMaps.List(ctx, metav1.ListOptions{LabelSelector: "step",
		Continue: expired.Status().ListMeta.Continue}))
	if len(rest.Items) != 21 || rest.Items[0].Name != "c0010" || !strings.HasPrefix(rest.Items[20].Name, "z-") {
		t.Errorf("the rest, by the token that the failure gave, is %d objects", len(rest.Items))
	}

	var asked []string
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		asked = append(asked, strconv.FormatInt(options.Limit, 10))
		got, err := configMaps.List(ctx, options)
		if len(asked) == 1 {
			expire()
		}
		return got, err
	})
	pages.PageSize = 10
	all, _, err := pages.List(ctx, metav1.ListOptions{LabelSelector: "step"})
	if err != nil {
		t.Fatal(err)
	}
	if found := len(all.(*corev1.ConfigMapList).Items); found != 32 || fmt.Sprint(asked) != "[10 10 0]" {
		t.Errorf("%d come, by the limits %v", found, asked)
	}
}
