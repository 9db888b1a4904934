package clientgo

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applyapps "k8s.io/client-go/applyconfigurations/apps/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	"kvshim/tests/controlplane/kubectl"
)

func TestWhoAppliesOwnsItsFields(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	ctx := Deadline(t)
	deployments := clients.AppsV1().Deployments("default")
	must := Must[*appsv1.Deployment](t)
	labels := map[string]string{"app": "web"}
	web := func(image string) *applyapps.DeploymentApplyConfiguration {
		return applyapps.Deployment("web", "default").WithSpec(applyapps.DeploymentSpec().
			WithSelector(applymeta.LabelSelector().WithMatchLabels(labels)).
			WithTemplate(applycore.PodTemplateSpec().WithLabels(labels).WithSpec(applycore.PodSpec().
				WithContainers(applycore.Container().WithName("web").WithImage(image)))))
	}
	scaled := func(replicas int32) *applyapps.DeploymentApplyConfiguration {
		return applyapps.Deployment("web", "default").WithSpec(applyapps.DeploymentSpec().WithReplicas(replicas))
	}
	one, two := metav1.ApplyOptions{FieldManager: "one"}, metav1.ApplyOptions{FieldManager: "two"}

	must(deployments.Apply(ctx, web("example.org/web:1"), one))
	if got := must(deployments.Apply(ctx, scaled(3), two)); *got.Spec.Replicas != 3 {
		t.Errorf("there are %d replicas", *got.Spec.Replicas)
	}
	_, err := deployments.Apply(ctx, web("example.org/web:2"), two)
	if !apierrors.IsConflict(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) ||
		!strings.Contains(err.Error(), `conflict with "one": .spec.template.spec.containers[name="web"].image`) {
		t.Errorf("a second owner of the image: %v", err)
	}
	forced := two
	forced.Force = true
	got := must(deployments.Apply(ctx, web("example.org/web:2"), forced))
	if image := got.Spec.Template.Spec.Containers[0].Image; image != "example.org/web:2" {
		t.Errorf("the image is %s", image)
	}
	// The second's configuration no longer names the replicas: the field falls back to its default.
	if *got.Spec.Replicas != 1 {
		t.Errorf("there are %d replicas", *got.Spec.Replicas)
	}
	owned, err := applyapps.ExtractDeployment(got, "two")
	if err != nil {
		t.Fatal(err)
	}
	if image := owned.Spec.Template.Spec.Containers[0].Image; image == nil || *image != "example.org/web:2" {
		t.Errorf("the second owns %v", owned.Spec.Template.Spec)
	}
	lost, err := applyapps.ExtractDeployment(got, "one")
	if err != nil {
		t.Fatal(err)
	}
	if image := lost.Spec.Template.Spec.Containers[0].Image; image != nil {
		t.Errorf("the first still owns the image %s", *image)
	}
	if _, err := deployments.Apply(ctx, web("example.org/web:1"), one); !apierrors.IsConflict(err) {
		t.Errorf("the first takes the image back: %v", err)
	}
}

func TestTheStatusIsAppliedApart(t *testing.T) {
	clients := Clients(t, Config(t, kubectl.Start(t)))
	ctx := Deadline(t)
	must := Must[*corev1.Namespace](t)
	options := metav1.ApplyOptions{FieldManager: "one"}
	namespaces := clients.CoreV1().Namespaces()
	must(namespaces.Apply(ctx, applycore.Namespace("apart").WithLabels(map[string]string{"step": "1"}), options))
	got := must(namespaces.ApplyStatus(ctx, applycore.Namespace("apart").WithStatus(applycore.NamespaceStatus().
		WithConditions(applycore.NamespaceCondition().WithType("Tested").WithStatus(corev1.ConditionTrue))), options))
	if len(got.Status.Conditions) != 1 || got.Labels["step"] != "1" {
		t.Errorf("the namespace is %v", got)
	}
	got = must(namespaces.Apply(ctx, applycore.Namespace("apart").WithLabels(map[string]string{"step": "2"}), options))
	if len(got.Status.Conditions) != 1 || got.Labels["step"] != "2" {
		t.Errorf("the namespace is %v", got)
	}
}

// All that a client of protobuf sees is what one of JSON sees.
func TestProtobufSaysWhatJSONSays(t *testing.T) {
	s := kubectl.Start(t)
	config := Config(t, s)
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf
	recorder := Record(config)
	binary, text := Clients(t, config), Clients(t, Config(t, s))
	awaitServiceAccount(t, text)
	ctx := Deadline(t)
	pods := binary.CoreV1().Pods("default")
	opened := Must[watch.Interface](t)(pods.Watch(ctx, metav1.ListOptions{LabelSelector: "step"}))
	defer opened.Stop()
	made := Must[*corev1.Pod](t)(pods.Create(ctx, pod("a", "1"), metav1.CreateOptions{}))
	if event := <-opened.ResultChan(); event.Type != watch.Added || event.Object.(*corev1.Pod).UID != made.UID {
		t.Errorf("the watch begins with %v", event)
	}
	Must[*corev1.Pod](t)(pods.Patch(ctx, "a", types.StrategicMergePatchType,
		[]byte(`{"metadata":{"annotations":{"of":"protobuf"}}}`), metav1.PatchOptions{}))
	if _, err := pods.Create(ctx, pod("a", "1"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("the pod once more: %v", err)
	}
	compare := func(kind string, one, other any) {
		t.Helper()
		if !equality.Semantic.DeepEqual(one, other) {
			t.Errorf("%s in protobuf: %v\nin JSON: %v", kind, one, other)
		}
	}
	all := metav1.ListOptions{}
	at := func(revision string) metav1.ListOptions {
		return metav1.ListOptions{ResourceVersion: revision, ResourceVersionMatch: metav1.ResourceVersionMatchExact}
	}
	somePods := Must[*corev1.PodList](t)(pods.List(ctx, all))
	compare("pods", somePods,
		Must[*corev1.PodList](t)(text.CoreV1().Pods("default").List(ctx, at(somePods.ResourceVersion))))
	services := Must[*corev1.ServiceList](t)(binary.CoreV1().Services("").List(ctx, all))
	compare("services", services,
		Must[*corev1.ServiceList](t)(text.CoreV1().Services("").List(ctx, at(services.ResourceVersion))))
	namespaces := Must[*corev1.NamespaceList](t)(binary.CoreV1().Namespaces().List(ctx, all))
	compare("namespaces", namespaces,
		Must[*corev1.NamespaceList](t)(text.CoreV1().Namespaces().List(ctx, at(namespaces.ResourceVersion))))
	if len(somePods.Items) != 1 || len(services.Items) == 0 || len(namespaces.Items) == 0 {
		t.Errorf("there are %d pods, %d services, %d namespaces", len(somePods.Items), len(services.Items),
			len(namespaces.Items))
	}
	if err := pods.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for event := range opened.ResultChan() {
		if event.Type == watch.Deleted {
			break
		}
	}
	for _, answer := range recorder.Of("") {
		if !strings.HasPrefix(answer.Type, runtime.ContentTypeProtobuf) {
			t.Errorf("%s %s was answered with %s", answer.Method, answer.Path, answer.Type)
		}
	}
}
