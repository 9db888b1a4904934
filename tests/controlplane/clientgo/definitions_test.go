package clientgo

import (
	"context"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"kvshim/tests/controlplane/kubectl"
)

var boats = schema.GroupVersionResource{Group: "example.org", Version: "v1", Resource: "boats"}

// defineBoats creates the definition of a kind Boat and waits until it is established.
func defineBoats(t testing.TB, ctx context.Context, config *rest.Config) {
	t.Helper()
	client := Must[*apiextensions.Clientset](t)(apiextensions.NewForConfig(config)).ApiextensionsV1()
	least := 1.0
	afloat := apiextensionsv1.JSONSchemaProps{Type: "object",
		Properties: map[string]apiextensionsv1.JSONSchemaProps{"afloat": {Type: "boolean"}}}
	spec := apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"sails"},
		Properties: map[string]apiextensionsv1.JSONSchemaProps{
			"sails": {Type: "integer", Minimum: &least},
			"flag":  {Type: "string", Default: &apiextensionsv1.JSON{Raw: []byte(`"white"`)}},
		}}
	made := Must[*apiextensionsv1.CustomResourceDefinition](t)(client.CustomResourceDefinitions().Create(ctx,
		&apiextensionsv1.CustomResourceDefinition{
			ObjectMeta: metav1.ObjectMeta{Name: "boats.example.org"},
			Spec: apiextensionsv1.CustomResourceDefinitionSpec{
				Group: boats.Group,
				Scope: apiextensionsv1.NamespaceScoped,
				Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "boats", Singular: "boat",
					Kind: "Boat", ListKind: "BoatList", ShortNames: []string{"bt"}},
				Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
					Name: boats.Version, Served: true, Storage: true,
					Subresources: &apiextensionsv1.CustomResourceSubresources{
						Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
					Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
						Type:       "object",
						Properties: map[string]apiextensionsv1.JSONSchemaProps{"spec": spec, "status": afloat},
					}},
				}},
			},
		}, metav1.CreateOptions{}))
	lists := cache.NewListWatchFromClient(client.RESTClient(), "customresourcedefinitions", "",
		fields.OneTermEqualSelector("metadata.name", made.Name))
	_, err := watchtools.UntilWithSync(ctx, lists, &apiextensionsv1.CustomResourceDefinition{}, nil,
		func(event watch.Event) (bool, error) {
			for _, condition := range event.Object.(*apiextensionsv1.CustomResourceDefinition).Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return true, nil
				}
			}
			return false, nil
		})
	if err != nil {
		t.Fatalf("the definition is never established: %v", err)
	}
}

func boat(name string, sails int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.org/v1", "kind": "Boat",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"step": "1"}},
		"spec":     map[string]any{"sails": sails},
	}}
}

func TestACustomKindIsDiscovered(t *testing.T) {
	config := Config(t, kubectl.Start(t))
	client := discovery.NewDiscoveryClientForConfigOrDie(config)
	cached := memory.NewMemCacheClient(client)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	mapping := Must[*meta.RESTMapping](t)(mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"}))
	if mapping.Resource.String() != "apps/v1, Resource=deployments" ||
		mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		t.Errorf("a deployment is %v", mapping)
	}
	defineBoats(t, Deadline(t), config)
	meta.MaybeResetRESTMapper(mapper)
	mapping = Must[*meta.RESTMapping](t)(mapper.RESTMapping(schema.GroupKind{Group: boats.Group, Kind: "Boat"}))
	if mapping.Resource != boats || mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		t.Errorf("a boat is %v", mapping)
	}
	short := Must[schema.GroupVersionResource](t)(mapper.ResourceFor(schema.GroupVersionResource{Resource: "bt"}))
	if short != boats {
		t.Errorf("bt is %v", short)
	}
	resources := Must[*metav1.APIResourceList](t)(client.ServerResourcesForGroupVersion("example.org/v1"))
	var names []string
	for _, resource := range resources.APIResources {
		names = append(names, resource.Name)
	}
	if len(names) != 2 || names[0] != "boats" || names[1] != "boats/status" {
		t.Errorf("the group has %v", names)
	}
	if _, err := client.ServerPreferredResources(); err != nil {
		t.Errorf("discovery of everything: %v", err)
	}
}

func TestTheDynamicClientChangesCustomObjects(t *testing.T) {
	config := Config(t, kubectl.Start(t))
	ctx := Deadline(t)
	defineBoats(t, ctx, config)
	all := dynamic.NewForConfigOrDie(config)
	client := all.Resource(boats).Namespace("default")
	type object = *unstructured.Unstructured
	must := Must[object](t)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(all, 0, "default", nil)
	informer := factory.ForResource(boats)
	events := follow(t, informer.Informer(), noResync)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop); factory.Shutdown() })
	factory.Start(stop)
	if !factory.WaitForCacheSync(ctx.Done())[boats] {
		t.Fatal("the informer never syncs")
	}

	first := must(client.Create(ctx, boat("first", 2), metav1.CreateOptions{}))
	if flag, _, _ := unstructured.NestedString(first.Object, "spec", "flag"); flag != "white" {
		t.Errorf("the default flag is %q", flag)
	}
	if _, err := client.Create(ctx, boat("bare", 0), metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("a boat without sails: %v", err)
	}
	opened := Must[watch.Interface](t)(client.Watch(ctx, metav1.ListOptions{ResourceVersion: first.GetResourceVersion()}))
	defer opened.Stop()
	must(client.Create(ctx, boat("second", 1), metav1.CreateOptions{}))
	patched := must(client.Patch(ctx, "first", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"step":"2"}},"spec":{"sails":3},"status":{"afloat":true}}`), metav1.PatchOptions{}))
	sails, _, _ := unstructured.NestedInt64(patched.Object, "spec", "sails")
	if sails != 3 || patched.GetGeneration() != 2 {
		t.Errorf("the patched boat is %v", patched)
	}
	if _, has := patched.Object["status"]; has {
		t.Error("a patch of the boat changed its status")
	}
	patched.Object["status"] = map[string]any{"afloat": true}
	floating := must(client.UpdateStatus(ctx, patched, metav1.UpdateOptions{}))
	afloat, _, _ := unstructured.NestedBool(floating.Object, "status", "afloat")
	if !afloat || floating.GetGeneration() != 2 {
		t.Errorf("the floating boat is %v", floating)
	}
	if _, err := client.Update(ctx, first, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("an update of what is old: %v", err)
	}
	list := Must[*unstructured.UnstructuredList](t)(client.List(ctx, metav1.ListOptions{LabelSelector: "step=1"}))
	if len(list.Items) != 1 || list.Items[0].GetName() != "second" || list.GetKind() != "BoatList" {
		t.Errorf("the list is %v", list)
	}
	if err := client.Delete(ctx, "first", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		what watch.EventType
		name string
	}{{watch.Added, "second"}, {watch.Modified, "first"}, {watch.Modified, "first"}, {watch.Deleted, "first"}} {
		event, open := <-opened.ResultChan()
		if !open {
			t.Fatal("the watch ended")
		}
		if got := event.Object.(object); event.Type != want.what || got.GetName() != want.name {
			t.Errorf("event %d is %s %s, not %v", i, event.Type, got.GetName(), want)
		}
	}
	events.Expect(t, "add first 1", "add second 1", "update first 2", "delete first 2")
	if _, err := client.Get(ctx, "first", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the boat that was deleted: %v", err)
	}
}
