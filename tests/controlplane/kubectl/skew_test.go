package kubectl

import (
	"os"
	"strings"
	"testing"
)

// TestTheKubectlOfTheMinorBeforeWorks and the next one do what people do most, each with a kubectl
// that Kubernetes lets speak to a server of our version.
func TestTheKubectlOfTheMinorBeforeWorks(t *testing.T) {
	worksWith(t, os.Getenv("KUBECTL_OLDER"), "Client Version: v1.35")
}

func TestTheKubectlOfTheMinorAfterWorks(t *testing.T) {
	worksWith(t, os.Getenv("KUBECTL_NEWER"), "Client Version: v1.37")
}

func worksWith(t *testing.T, folder, version string) {
	admin := Start(t).Admin(t)
	admin.folder = folder
	said := admin.Run("version")
	Expect(t, said, version, "Server Version: v1.36")
	if strings.Contains(said, "WARNING") {
		t.Errorf("it thinks itself too far from the server:\n%s", said)
	}
	objectsComeChangeAndGo(t, admin)
	deploymentIsApplied(t, admin)
	deploymentIsRolledOut(t, admin)
	serverIsDescribed(t, admin)
}

func objectsComeChangeAndGo(t *testing.T, admin *Client) {
	watch := admin.Background("get", "configmaps", "-w", "--output-watch-events")
	watch.Await(t, "NAME")
	admin.Run("create", "configmap", "a", "--from-literal=x=y")
	admin.Run("label", "configmap", "a", "tier=front")
	admin.Run("patch", "configmap", "a", "--type", "json", "-p", `[{"op":"add","path":"/data/z","value":"1"}]`)
	Expect(t, admin.Run("get", "configmap", "-l", "tier=front", "-o", "jsonpath={.items[0].data}"),
		`{"x":"y","z":"1"}`)
	Expect(t, admin.Refused("create", "configmap", "a"), `configmaps "a" already exists`)
	Expect(t, admin.Refused("create", "configmap", "Not_A_Name"), "Invalid value")
	admin.Run("delete", "configmap", "a")
	Expect(t, admin.Refused("get", "configmap", "a"), `configmaps "a" not found`)
	watch.Await(t, "ADDED      a", "MODIFIED   a", "DELETED    a")
}

func deploymentIsApplied(t *testing.T, admin *Client) {
	Expect(t, admin.RunWith(deployment, "apply", "-f", "-"), "deployment.apps/web created")
	Expect(t, admin.RunWith(deployment, "apply", "-f", "-"), "deployment.apps/web unchanged")
	three := strings.Replace(deployment, "replicas: 2", "replicas: 3", 1)
	admin.RunWith(three, "apply", "--server-side", "--force-conflicts", "-f", "-")
	if found := admin.RunWith(three, "diff", "--server-side", "--force-conflicts", "-f", "-"); found != "" {
		t.Errorf("what was just applied differs:\n%s", found)
	}
	Expect(t, admin.Run("get", "deployment", "web", "-o", "wide", "--show-managed-fields"), "0/3", "example.org/web:1")
	admin.Run("scale", "deployment", "web", "--replicas", "1")
	Expect(t, admin.Run("describe", "deployment", "web"), "1 desired", "ScalingReplicaSet")
	wrong := strings.Replace(deployment, "replicas: 2", "replica: 2", 1)
	out, err := admin.try(wrong, "apply", "--dry-run=server", "-f", "-")
	if err == nil {
		t.Error("a field that there is not was let in")
	}
	Expect(t, out, `unknown field "spec.replica"`)
	admin.Run("delete", "deployment", "web", "--cascade=foreground", "--timeout=30s")
}

func deploymentIsRolledOut(t *testing.T, admin *Client) {
	keepReady(t, admin)
	admin.Run("create", "deployment", "shop", "--image=nginx:1", "--replicas=2")
	Expect(t, rolledOut(t, admin, "deployment/shop"), `deployment "shop" successfully rolled out`)
	admin.Run("set", "image", "deployment/shop", "nginx=nginx:2")
	rolledOut(t, admin, "deployment/shop")
	Expect(t, admin.Run("rollout", "history", "deployment/shop"), "1 ", "2 ")
	Expect(t, admin.Run("rollout", "undo", "deployment/shop"), "rolled back")
	rolledOut(t, admin, "deployment/shop")
	Expect(t, admin.Run("wait", "--for=condition=Available", "deployment/shop", "--timeout=30s"), "condition met")
	Expect(t, admin.Run("get", "pods"), "shop-", "Running")
	admin.Run("delete", "deployment", "shop", "--timeout=30s")
}

func serverIsDescribed(t *testing.T, admin *Client) {
	Expect(t, admin.Run("api-resources", "-o", "wide"), "deployments", "apps/v1", "Deployment")
	Expect(t, admin.Run("api-versions"), "apps/v1", "batch/v1")
	Expect(t, admin.Run("explain", "deployment.spec.replicas"), "<integer>")
	Expect(t, admin.Run("explain", "pod", "--recursive"), "terminationGracePeriodSeconds")
	Expect(t, admin.Run("auth", "can-i", "create", "pods"), "yes")
	Expect(t, admin.Run("auth", "whoami"), "system:admin", "system:masters")
	Expect(t, admin.Run("events"), "ScalingReplicaSet")
	Expect(t, admin.Run("create", "token", "default"), "eyJ")
}
