package kubectl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const crontabs = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale:
        specReplicasPath: .spec.replicas
        statusReplicasPath: .status.replicas
        labelSelectorPath: .status.selector
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    selectableFields: [{jsonPath: .spec.color}]
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [cronSpec]
            properties:
              cronSpec: {type: string, pattern: '^[0-9*/ ]+$', description: When it runs.}
              replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
              color: {type: string, enum: [red, blue], default: red}
              port: {x-kubernetes-int-or-string: true}
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, port: {type: integer}}
          status:
            type: object
            properties:
              replicas: {type: integer}
              selector: {type: string}
              conditions:
                type: array
                items: {type: object, properties: {type: {type: string}, status: {type: string}}}
`

const crontab = `apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: nightly}
spec:
  cronSpec: "0 3 * * *"
  extra: {any: {thing: 1}}
  ports: [{name: http, port: 80}]
`

// Defined is a client of a server that serves crontabs.
func defined(t *testing.T, s *Server) *Client {
	t.Helper()
	admin := s.Admin(t)
	admin.RunWith(crontabs, "apply", "-f", "-")
	admin.Run("wait", "--for=condition=Established", "--timeout=30s", "crd/crontabs.stable.example.com")
	return admin
}

func value(c *Client, path string) string {
	return c.Run("get", "crontab", "nightly", "-o", "jsonpath={"+path+"}")
}

func TestACustomResourceIsServedAsItsDefinitionSays(t *testing.T) {
	admin := defined(t, Start(t))
	Expect(t, admin.Run("api-resources", "--api-group=stable.example.com"), "crontabs", "ct", "true", "CronTab")
	Expect(t, admin.Run("explain", "crontab.spec.cronSpec"), "cronSpec <string>", "When it runs.")
	Expect(t, admin.Run("explain", "crontab.spec", "--output", "plaintext-openapiv2"), "ports\t<[]Object>")
	Expect(t, admin.RunWith(crontab, "create", "-f", "-"), "crontab.stable.example.com/nightly created")
	Expect(t, value(admin, ".spec.replicas"), "1")
	Expect(t, value(admin, ".spec.extra"), `{"any":{"thing":1}}`)
	Expect(t, admin.Run("get", "all"), "crontab.stable.example.com/nightly")

	Expect(t, admin.Run("patch", "ct", "nightly", "--type", "merge", "-p", `{"spec":{"gone":1,"color":"blue"}}`),
		`unknown field "spec.gone"`)
	Expect(t, value(admin, ".spec"), `"color":"blue"`)
	if strings.Contains(value(admin, ".spec"), "gone") {
		t.Error("an unknown member was not pruned")
	}
	admin.Run("patch", "ct", "nightly", "--type", "json", "-p", `[{"op":"add","path":"/spec/port","value":"http"}]`)
	Expect(t, admin.Refused("patch", "ct", "nightly", "--type", "strategic", "-p", `{}`), "not supported")
	Expect(t, admin.Run("get", "ct", "--field-selector", "spec.color=blue", "-o", "name"), "nightly")
	if out := admin.Run("get", "ct", "--field-selector", "spec.color=red", "-o", "name"); out != "" {
		t.Errorf("a selector of another color finds %s", out)
	}
	admin.Run("scale", "crontab", "nightly", "--replicas", "4")
	admin.Run("patch", "ct", "nightly", "--subresource", "status", "--type", "merge", "-p",
		`{"spec":{"replicas":9},"status":{"replicas":4,"conditions":[{"type":"Ready","status":"True"}]}}`)
	Expect(t, value(admin, "['spec.replicas','status.replicas','metadata.generation']"), "4 4 4")
	Expect(t, admin.Run("get", "crontabs", "-o", "wide"), "SPEC", "REPLICAS", "READY", "AGE", "0 3 * * *", "True")
	admin.Run("delete", "ct", "nightly")
	Expect(t, admin.Refused("get", "ct", "nightly"), `crontabs.stable.example.com "nightly" not found`)
}

func TestACustomObjectThatDoesNotFitIsRefused(t *testing.T) {
	admin := defined(t, Start(t))
	refused := func(from, to string) string {
		t.Helper()
		wrong := strings.Replace(crontab, from, to, 1)
		if wrong == crontab {
			t.Fatalf("%q is not in the object", from)
		}
		out, err := admin.try(wrong, "create", "-f", "-")
		if err == nil {
			t.Fatalf("the object is taken:\n%s", wrong)
		}
		return out
	}
	Expect(t, refused(`"0 3 * * *"`, "daily"),
		"spec.cronSpec: Invalid value", "spec.cronSpec in body should match '^[0-9*/ ]+$'")
	Expect(t, refused("spec:\n", "spec:\n  replicas: 11\n"), "should be less than or equal to 10")
	Expect(t, refused("spec:\n", "spec:\n  replicas: many\n"), "must be of type integer")
	Expect(t, refused("spec:\n", "spec:\n  color: green\n"), `Unsupported value: "green": supported values: "red", "blue"`)
	Expect(t, refused(`  cronSpec: "0 3 * * *"`+"\n", ""), "spec.cronSpec: Required value")
	Expect(t, refused("spec:\n", "spec:\n  colour: red\n"), `unknown field "spec.colour"`)
	Expect(t, refused("port: 80}", "port: 80}, {name: http, port: 81}"), `Duplicate value: {"name":"http"}`)
}

func TestTwoManagersApplyOneCustomObject(t *testing.T) {
	admin := defined(t, Start(t))
	admin.RunWith(crontab, "apply", "--server-side", "--field-manager", "one", "-f", "-")
	other := strings.Replace(crontab, "name: http, port: 80", "name: admin, port: 81", 1)
	admin.RunWith(other, "apply", "--server-side", "--field-manager", "two", "-f", "-")
	Expect(t, value(admin, ".spec.ports[*].name"), "http", "admin")
	conflicting := strings.Replace(crontab, "0 3", "0 4", 1)
	out, err := admin.try(conflicting, "apply", "--server-side", "--field-manager", "two", "-f", "-")
	if err == nil {
		t.Fatal("a field of another manager is taken without a word")
	}
	Expect(t, out, `conflict with "one": .spec.cronSpec`)
	admin.RunWith(conflicting, "apply", "--server-side", "--field-manager", "two", "--force-conflicts", "-f", "-")
	Expect(t, value(admin, ".spec.cronSpec"), "0 4 * * *")
	Expect(t, value(admin, ".spec.ports[*].name"), "http")
}

// What v2 calls schedule is cronSpec of v1 no more; both are of the same objects.
func withSecondVersion(storage string) string {
	second := `  - name: v2
    served: true
    storage: false
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              cronSpec: {type: string}
              replicas: {type: integer, maximum: 100}
              zone: {type: string, default: utc}
`
	both := crontabs + second
	if storage == "v2" {
		both = strings.Replace(both, "storage: true", "storage: was", 1)
		both = strings.Replace(both, "storage: false", "storage: true", 1)
		both = strings.Replace(both, "storage: was", "storage: false", 1)
	}
	return both
}

func TestTwoVersionsServeTheSameObjects(t *testing.T) {
	admin := defined(t, Start(t))
	admin.RunWith(crontab, "apply", "-f", "-")
	admin.RunWith(withSecondVersion("v1"), "apply", "-f", "-")
	admin.Eventually("utc", "get", "crontabs.v2.stable.example.com", "nightly", "-o", "jsonpath={.spec.zone}")
	Expect(t, admin.Run("get", "crontabs.v2.stable.example.com", "nightly", "-o", "yaml"),
		"apiVersion: stable.example.com/v2", "0 3 * * *")
	admin.Run("patch", "crontabs.v2.stable.example.com", "nightly", "--type", "merge", "-p", `{"spec":{"replicas":50}}`)
	Expect(t, admin.Run("get", "crontabs.v1.stable.example.com", "nightly", "-o", "jsonpath={.spec.replicas}"), "50")
	admin.RunWith(withSecondVersion("v2"), "apply", "-f", "-")
	Expect(t, admin.Run("get", "crd", "crontabs.stable.example.com", "-o", "jsonpath={.status.storedVersions}"),
		`["v1","v2"]`)
	admin.Eventually("0 3 * * *", "get", "crontabs.v2.stable.example.com", "nightly", "-o", "yaml")
	out, err := admin.try(strings.Replace(withSecondVersion("v2"), "- name: v1", "- name: v3", 1), "apply", "-f", "-")
	if err == nil {
		t.Fatal("a version that objects may be stored in is taken away")
	}
	Expect(t, out, "v1 was previously a storage version")
}

func TestADefinitionThatIsDeletedTakesItsObjectsAlong(t *testing.T) {
	admin := defined(t, Start(t))
	admin.RunWith(crontab, "apply", "-f", "-")
	watch := admin.Background("get", "crontabs", "-w", "--output-watch-events")
	watch.Await(t, "ADDED      nightly")
	admin.Run("delete", "crd", "crontabs.stable.example.com", "--timeout=30s")
	watch.Await(t, "DELETED    nightly")
	Expect(t, admin.Refused("get", "crd", "crontabs.stable.example.com"), "not found")
	admin.Eventually("could not find the requested resource", "get", "--raw", "/apis/stable.example.com/v1/crontabs")
	// What comes back is empty.
	admin.RunWith(crontabs, "apply", "-f", "-")
	admin.Run("wait", "--for=condition=Established", "--timeout=30s", "crd/crontabs.stable.example.com")
	Expect(t, admin.Run("get", "crontabs"), "No resources found")
}

func TestAnObjectsFinalizerHoldsItsDefinition(t *testing.T) {
	admin := defined(t, Start(t))
	admin.RunWith(strings.Replace(crontab, "{name: nightly}", "{name: nightly, finalizers: [example.com/hold]}", 1),
		"apply", "-f", "-")
	admin.Run("delete", "crd", "crontabs.stable.example.com", "--wait=false")
	admin.Eventually("InstanceDeletionInProgress", "get", "crd", "crontabs.stable.example.com", "-o", "yaml")
	other := strings.Replace(crontab, "nightly", "late", 1)
	if out, err := admin.try(other, "create", "-f", "-"); err == nil || !strings.Contains(out, "create is not supported") {
		t.Errorf("an object of a definition that goes is created: %v\n%s", err, out)
	}
	admin.Run("patch", "crontab", "nightly", "--type", "merge", "-p", `{"metadata":{"finalizers":null}}`)
	admin.Eventually("NotFound", "get", "crd", "crontabs.stable.example.com")
}

func TestNamesThatOthersHaveAreNotAccepted(t *testing.T) {
	admin := defined(t, Start(t))
	rival := strings.NewReplacer("crontabs.stable", "rivals.stable", "plural: crontabs", "plural: rivals").Replace(crontabs)
	admin.RunWith(rival, "apply", "-f", "-")
	admin.Eventually("is already in use", "get", "crd", "rivals.stable.example.com", "-o", "yaml")
	Expect(t, admin.Run("get", "crd", "rivals.stable.example.com", "-o",
		`jsonpath={.status.conditions[?(@.type=="Established")].status}`), "False")
	admin.Run("delete", "crd", "crontabs.stable.example.com")
	admin.Run("wait", "--for=condition=Established", "--timeout=30s", "crd/rivals.stable.example.com")
}

func TestADefinitionThatMakesNoSenseIsRefused(t *testing.T) {
	admin := Start(t).Admin(t)
	refused := func(from, to string) string {
		t.Helper()
		out, err := admin.try(strings.Replace(crontabs, from, to, 1), "create", "-f", "-")
		if err == nil {
			t.Fatalf("it is taken with %q", to)
		}
		return out
	}
	Expect(t, refused("plural: crontabs", "plural: others"), `must be spec.names.plural+"."+spec.group`)
	Expect(t, refused("storage: true", "storage: false"), "must have exactly one version marked as storage version")
	Expect(t, refused("description: What is wanted.", "uniqueItems: true"), "uniqueItems cannot be set to true")
	Expect(t, refused("type: object\n            description: What is wanted.", "description: x"),
		"properties[spec].type: Required value: must not be empty for specified object fields")
	Expect(t, refused("default: 1}", "default: none}"), "must be of type integer")
}

func TestHelmInstallsAChartWithDefinitions(t *testing.T) {
	admin := Start(t).Admin(t)
	chart := filepath.Join(t.TempDir(), "cron")
	for name, content := range map[string]string{
		"Chart.yaml":             "apiVersion: v2\nname: cron\nversion: 0.1.0\n",
		"values.yaml":            "color: red\n",
		"crds/crontabs.yaml":     crontabs,
		"templates/crontab.yaml": strings.Replace(crontab, "spec:\n", "spec:\n  color: {{ .Values.color }}\n", 1),
	} {
		path := filepath.Join(chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	Expect(t, admin.Helm("install", "cron", chart), "STATUS: deployed")
	Expect(t, value(admin, ".spec.color"), "red")
	admin.Helm("upgrade", "cron", chart, "--set", "color=blue")
	Expect(t, value(admin, ".spec.color"), "blue")
	admin.Helm("rollback", "cron", "1")
	Expect(t, value(admin, ".spec.color"), "red")
	admin.Helm("uninstall", "cron")
	Expect(t, admin.Refused("get", "crontab", "nightly"), "not found")
	Expect(t, admin.Run("get", "crd", "-o", "name"), "crontabs.stable.example.com")
}

func TestEveryGroupHasAnAPIService(t *testing.T) {
	admin := defined(t, Start(t))
	admin.Eventually("v1.stable.example.com", "get", "apiservices")
	Expect(t, admin.Run("wait", "--for=condition=Available", "--timeout=30s", "apiservices", "--all"), "v1.apps condition met")
	Expect(t, admin.Run("get", "apiservices", "v1.", "v1.apps"), "SERVICE", "AVAILABLE", "Local", "True")
	admin.Run("delete", "crd", "crontabs.stable.example.com")
	admin.Eventually("NotFound", "get", "apiservices", "v1.stable.example.com")
}

func TestACustomResourceOutlivesTheServer(t *testing.T) {
	s := Start(t)
	admin := defined(t, s)
	admin.RunWith(crontab, "apply", "-f", "-")
	s.Stop(t)
	again := StartIn(t, s.DataDir)
	Expect(t, value(again.Admin(t), ".spec.cronSpec"), "0 3 * * *")
}

func TestSharedADefinitionIsServedByEveryServer(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn)
	second := Start(t, "--datastore-endpoint", dsn, "--token", first.Token(t))
	there := second.Admin(t)
	admin := defined(t, first)
	established := time.Now()
	there.Eventually("CronTabList", "get", "--raw", "/apis/stable.example.com/v1/crontabs")
	if late := time.Since(established); late > time.Second {
		t.Errorf("the other server serves it only after %v", late)
	}
	there.RunWith(crontab, "create", "-f", "-")
	Expect(t, value(admin, ".spec.replicas"), "1")
	watch := there.Background("get", "crontabs", "-w", "--output-watch-events")
	watch.Await(t, "ADDED      nightly")
	admin.Run("delete", "crd", "crontabs.stable.example.com")
	watch.Await(t, "DELETED    nightly")
}
