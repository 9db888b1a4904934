package kubectl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.org/web:1
`

func TestObjectsComeChangeAndGo(t *testing.T) {
	admin := Start(t).Admin(t)
	Expect(t, admin.Run("get", "namespaces"), "default", "kube-node-lease", "kube-public", "kube-system")
	admin.Run("create", "configmap", "a", "--from-literal=x=y")
	Expect(t, admin.Run("get", "configmap", "a", "-o", "yaml"), "x: \"y\"", "resourceVersion:", "uid:")
	admin.Run("label", "configmap", "a", "tier=front")
	admin.Run("annotate", "configmap", "a", "note=this")
	admin.Run("patch", "configmap", "a", "--type", "merge", "-p", `{"data":{"z":"1"}}`)
	admin.Run("patch", "configmap", "a", "--type", "json", "-p", `[{"op":"remove","path":"/data/x"}]`)
	Expect(t, admin.Run("get", "configmap", "-l", "tier=front", "-o", "jsonpath={.items[0].data}"), `{"z":"1"}`)
	Expect(t, admin.Refused("create", "configmap", "a"), `configmaps "a" already exists`)
	admin.Run("delete", "configmap", "a")
	Expect(t, admin.Refused("get", "configmap", "a"), `configmaps "a" not found`)
}

func TestADeploymentIsAppliedInBothWays(t *testing.T) {
	admin := Start(t).Admin(t)
	Expect(t, admin.RunWith(deployment, "apply", "-f", "-"), "deployment.apps/web created")
	Expect(t, admin.RunWith(deployment, "apply", "-f", "-"), "deployment.apps/web unchanged")
	three := strings.Replace(deployment, "replicas: 2", "replicas: 3", 1)
	Expect(t, admin.RunWith(three, "apply", "-f", "-"), "deployment.apps/web configured")
	admin.Run("scale", "deployment", "web", "--replicas", "5")
	admin.Run("set", "image", "deployment/web", "web=example.org/web:2")
	Expect(t, admin.Run("get", "deployment", "web", "-o", "wide"), "0/5", "example.org/web:2")
	Expect(t, admin.Run("describe", "deployment", "web"), "Replicas:", "5 desired")
	admin.RunWith(three, "apply", "--server-side", "--force-conflicts", "-f", "-")
	Expect(t, admin.Run("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"), "3")
	Expect(t, admin.Run("explain", "deployment.spec.replicas"), "<integer>")
	admin.Run("delete", "deployment", "web")
}

func TestAWatchSeesEveryChange(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.Run("create", "configmap", "first")
	watch := admin.Background("get", "configmaps", "-w", "--output-watch-events")
	watch.Await(t, "ADDED      first")
	admin.Run("create", "configmap", "a")
	admin.Run("label", "configmap", "a", "x=y")
	admin.Run("delete", "configmap", "a")
	watch.Await(t, "ADDED      a", "MODIFIED   a", "DELETED    a")
}

func TestWhatDoesNotFitIsRefusedWithItsField(t *testing.T) {
	admin := Start(t).Admin(t)
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	wrong := strings.Replace(deployment, "replicas: 2", "replicas: 2\n  replica: 3", 1)
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	Expect(t, admin.Refused("create", "-f", file), `unknown field "spec.replica"`)
	Expect(t, admin.Refused("create", "configmap", "Not_A_Name"), "Invalid value")
	Expect(t, admin.Refused("get", "unheard"), `doesn't have a resource type "unheard"`)
	Expect(t, admin.Refused("create", "configmap", "a", "-n", "nowhere"), `namespaces "nowhere" not found`)
}

func TestHelmInstallsUpgradesRollsBackAndUninstalls(t *testing.T) {
	admin := Start(t).Admin(t)
	chart := filepath.Join(t.TempDir(), "shop")
	for name, content := range map[string]string{
		"Chart.yaml":  "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
		"values.yaml": "greeting: hello\n",
		"templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n" +
			"data:\n  greeting: {{ .Values.greeting }}\n",
		"templates/deployment.yaml": strings.Replace(deployment, "name: web\n  labels", "name: {{ .Release.Name }}\n  labels", 1),
	} {
		path := filepath.Join(chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	greeting := func() string {
		return admin.Run("get", "configmap", "shop", "-o", "jsonpath={.data.greeting}")
	}
	Expect(t, admin.Helm("install", "shop", chart), "STATUS: deployed")
	Expect(t, greeting(), "hello")
	admin.Helm("upgrade", "shop", chart, "--set", "greeting=goodbye")
	Expect(t, greeting(), "goodbye")
	admin.Helm("rollback", "shop", "1")
	Expect(t, greeting(), "hello")
	Expect(t, admin.Helm("history", "shop"), "Rollback to 1")
	admin.Helm("uninstall", "shop")
	Expect(t, admin.Refused("get", "deployment", "shop"), "not found")
}
