package kubectl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "object.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const fewReplicas = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few-replicas}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
  - expression: "object.spec.replicas <= 5"
`

func binding(name, policy, more string) string {
	return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ` + name + `}
spec:
  policyName: ` + policy + `
` + more
}

// inForce waits until a policy that was written is looked at: this server follows it as any watch.
func inForce(admin *Client, wanted string, args ...string) {
	admin.t.Helper()
	admin.Eventually(wanted, append(args, "--dry-run=server")...)
}

func TestAPolicyDeniesWhatItsExpressionsDoNotAllow(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.RunWith(fewReplicas, "apply", "-f", "-")
	// Without a binding a policy is of no effect.
	admin.Run("create", "deployment", "before", "--image", "nginx", "--replicas", "9")
	admin.RunWith(binding("everywhere", "few-replicas", "  validationActions: [Deny]\n"), "apply", "-f", "-")
	inForce(admin, "denied request", "create", "deployment", "probe", "--image", "nginx", "--replicas", "9")
	Expect(t, admin.Refused("create", "deployment", "many", "--image", "nginx", "--replicas", "6"),
		`deployments.apps "many" is forbidden: ValidatingAdmissionPolicy 'few-replicas' with binding 'everywhere' denied request: failed expression: object.spec.replicas <= 5`)
	admin.Run("create", "deployment", "few", "--image", "nginx", "--replicas", "5")
	Expect(t, admin.Refused("patch", "deployment", "few", "-p", `{"spec":{"replicas":6}}`), "denied request")
	// Its resources name no subresource.
	admin.Run("scale", "deployment", "few", "--replicas", "6")
	admin.Run("delete", "validatingadmissionpolicybinding", "everywhere")
	admin.Eventually("created", "create", "deployment", "many", "--image", "nginx", "--replicas", "6", "--dry-run=server")
}

const elaborate = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: elaborate}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [configmaps]}
    excludeResourceRules:
    - {apiGroups: [""], apiVersions: ["*"], operations: ["*"], resources: [configmaps], resourceNames: [left-alone]}
  matchConditions:
  - {name: not-root-ca, expression: "request.name != 'kube-root-ca.crt' && request.name != 'limits'"}
  variables:
  - {name: size, expression: "has(object.data) ? object.data.size() : 0"}
  - {name: most, expression: "int(params.data.most)"}
  validations:
  - expression: "request.operation == 'DELETE' || variables.size <= variables.most"
    messageExpression: "'%d entries in %s, at most %d'.format([variables.size, namespaceObject.metadata.name, variables.most])"
    reason: Forbidden
  - expression: "!has(object.data) || !has(object.data.secret) || authorizer.group('').resource('secrets').namespace(object.metadata.namespace).check('create').allowed()"
    message: not for you
  - expression: "request.operation != 'UPDATE' || !has(oldObject.data) || !has(oldObject.data.kept) || object.data.kept == oldObject.data.kept"
    message: kept is kept
`

func TestAPolicyHasParametersVariablesAndAskers(t *testing.T) {
	server := Start(t)
	admin := server.Admin(t)
	admin.Run("create", "namespace", "web")
	admin.Run("create", "configmap", "limits", "-n", "web", "--from-literal=most=2")
	admin.Run("create", "serviceaccount", "someone", "-n", "web")
	admin.Run("create", "role", "configures", "-n", "web", "--verb=*", "--resource=configmaps")
	admin.Run("create", "rolebinding", "someone", "-n", "web", "--role=configures", "--serviceaccount=web:someone")
	admin.RunWith(elaborate, "apply", "-f", "-")
	admin.RunWith(binding("in-web", "elaborate", `  validationActions: [Deny]
  paramRef: {name: limits, parameterNotFoundAction: Deny}
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}
`), "apply", "-f", "-")
	three := []string{"--from-literal=a=1", "--from-literal=b=2", "--from-literal=c=3"}
	create := func(name string, more ...string) []string {
		return append([]string{"create", "configmap", name, "-n", "web"}, more...)
	}
	inForce(admin, "denied request", create("probe", three...)...)
	Expect(t, admin.Refused(create("three", three...)...),
		`configmaps "three" is forbidden: ValidatingAdmissionPolicy 'elaborate' with binding 'in-web' denied request: 3 entries in web, at most 2`)
	admin.Run(create("left-alone", three...)...)
	admin.Run(append([]string{"create", "configmap", "three"}, three...)...)
	admin.Run(create("two", three[1:]...)...)

	admin.Run(create("mine", "--from-literal=secret=x", "--from-literal=kept=1")...)
	as := []string{"--as=system:serviceaccount:web:someone"}
	Expect(t, admin.Refused(append(create("theirs", "--from-literal=secret=x"), as...)...), "denied request: not for you")
	admin.Run(append(create("theirs", "--from-literal=open=x"), as...)...)
	Expect(t, admin.Refused("patch", "configmap", "mine", "-n", "web", "-p", `{"data":{"kept":"2"}}`), "kept is kept")
	admin.Run("delete", "configmap", "mine", "-n", "web")
	// The parameters are found where the object lies.
	admin.Run("delete", "configmap", "limits", "-n", "web")
	admin.Eventually("no params found for policy binding with `Deny` parameterNotFoundAction",
		create("one", "--dry-run=server")...)
}

func TestAPolicyMayWarnAndAudit(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.RunWith(strings.Replace(fewReplicas, "object.spec.replicas <= 5", "object.spec.nothing <= 5", 1), "apply", "-f", "-")
	admin.RunWith(binding("warns", "few-replicas", "  validationActions: [Warn, Audit]\n"), "apply", "-f", "-")
	inForce(admin, "Warning: Validation failed for ValidatingAdmissionPolicy 'few-replicas' with binding 'warns': "+
		"expression 'object.spec.nothing <= 5' resulted in error: no such key: nothing",
		"create", "deployment", "probe", "--image", "nginx")
	// What cannot be told does not deny where the policy says so.
	admin.Run("patch", "validatingadmissionpolicy", "few-replicas", "-p", `{"spec":{"failurePolicy":"Ignore"}}`)
	admin.Run("patch", "validatingadmissionpolicybinding", "warns", "-p", `{"spec":{"validationActions":["Deny"]}}`)
	admin.Run("create", "deployment", "web", "--image", "nginx")
}

func TestAPolicyThatMakesNoSenseIsRefused(t *testing.T) {
	admin := Start(t).Admin(t)
	refused := func(from, to string) string {
		t.Helper()
		wrong := strings.Replace(elaborate, from, to, 1)
		if wrong == elaborate {
			t.Fatalf("%q is not in the policy", from)
		}
		return admin.RefusedWith(wrong, "create", "-f", "-")
	}
	Expect(t, refused("variables.size <= variables.most", "variables.length <= 3"),
		`spec.validations[0].expression: Invalid value: "request.operation == 'DELETE' || variables.length <= 3"`, "compilation failed: ERROR: <input>:1:43: undefined field 'length'")
	Expect(t, refused("request.name != 'kube-root-ca.crt' &&", "request.nome == '' &&"),
		"spec.matchConditions[0].expression: Invalid value", "undefined field 'nome'")
	Expect(t, refused("int(params.data.most)", "int(params.data.most"), "spec.variables[1].expression: Invalid value", "Syntax error")
	Expect(t, refused("  paramKind: {apiVersion: v1, kind: ConfigMap}\n", ""), "undeclared reference to 'params'")
	Expect(t, refused("namespaceObject.metadata.name", "authorizer"), "spec.validations[0].messageExpression: Invalid value")
	Expect(t, refused("reason: Forbidden", "reason: Whim"), `spec.validations[0].reason: Unsupported value: "Whim"`)
	Expect(t, admin.RefusedWith(binding("b", "elaborate", "  validationActions: [Deny, Warn]\n"), "create", "-f", "-"),
		"spec.validationActions: Invalid value", "must not contain both Deny and Warn")
}

func TestAWebhookHearsOfWhatItsConditionsMatch(t *testing.T) {
	admin := startHooked(t)
	judging := StartWebhook(t, func(Asked) Verdict { return Verdict{Refusal: "it hears of it"} })
	conditions := `  matchConditions:
  - {name: loud, expression: "object.metadata.name.startsWith('loud') && request.userInfo.username != 'x'"}
`
	admin.RunWith(judging.Configuration("Validating", "judging", "", conditions), "apply", "-f", "-")
	inForce(admin, "it hears of it", "create", "configmap", "loud", "-n", "web")
	admin.Run("create", "configmap", "quiet", "-n", "web")
	Expect(t, admin.RefusedWith(judging.Configuration("Validating", "wrong", "", strings.Replace(conditions, "object.metadata", "thing.metadata", 1)),
		"apply", "-f", "-"), "webhooks[0].matchConditions[0].expression: Invalid value", "undeclared reference to 'thing'")
	admin.RunWith(judging.Configuration("Validating", "judging", "",
		strings.Replace(conditions, "startsWith('loud')", "nothing == 1", 1)), "apply", "-f", "-")
	Expect(t, admin.Refused("create", "configmap", "quiet2", "-n", "web"),
		`configmaps "quiet2" is forbidden: expression 'object.metadata.name.nothing == 1 && request.userInfo.username != 'x'' resulted in error`)
}

const labelled = `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: labelled}
spec:
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}
  matchConditions:
  - {name: not-yet, expression: "!has(object.metadata.labels.owner)"}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: >
        Object{
          metadata: Object.metadata{labels: {"owner": request.userInfo.username.replace(":", ".")}},
          spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
            containers: object.spec.template.spec.containers.map(c,
              Object.spec.template.spec.containers{name: c.name, imagePullPolicy: "IfNotPresent"})
          }}}
        }
  - patchType: JSONPatch
    jsonPatch:
      expression: >
        has(object.metadata.annotations) ? [] : [
          JSONPatch{op: "add", path: "/metadata/annotations", value: {}},
          JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/owner"),
            value: object.metadata.labels.owner}]
`

func TestAPolicyChangesObjects(t *testing.T) {
	admin := Start(t).Admin(t)
	Expect(t, admin.RefusedWith(strings.Replace(labelled, "Object{\n", "Objekt{\n", 1), "apply", "-f", "-"),
		"spec.mutations[0].applyConfiguration.expression: Invalid value", "undeclared reference to 'Objekt'")
	Expect(t, admin.RefusedWith(strings.Replace(labelled, "? []", "? 1", 1), "apply", "-f", "-"),
		"spec.mutations[1].jsonPatch.expression: Invalid value")
	admin.RunWith(labelled, "apply", "-f", "-")
	admin.RunWith(strings.Replace(binding("everywhere", "labelled", ""), "Validating", "Mutating", 1), "apply", "-f", "-")
	create := []string{"create", "deployment", "web", "--image", "nginx", "--dry-run=server", "-o"}
	admin.Eventually("system.admin", append(create, "jsonpath={.metadata.labels.owner}")...)
	admin.Run("create", "deployment", "web", "--image", "nginx")
	Expect(t, admin.Run("get", "deployment", "web", "-o",
		`jsonpath={.metadata.labels} {.metadata.annotations.example\.com/owner} {.spec.template.spec.containers[*]['name','image','imagePullPolicy']}`),
		`{"app":"web","owner":"system.admin"} system.admin nginx nginx IfNotPresent`)
	// One whose expression comes to nothing refuses.
	admin.Run("patch", "mutatingadmissionpolicy", "labelled", "--type", "json", "-p",
		`[{"op":"replace","path":"/spec/mutations/1/jsonPatch/expression","value":"[JSONPatch{op: 'add', path: '/metadata/nothing/x', value: object.nothing}]"}]`)
	Expect(t, admin.Refused("create", "deployment", "other", "--image", "nginx"),
		"policy 'labelled' with binding 'everywhere' denied request: expression '[JSONPatch{", "resulted in error: no such key: nothing")
	// What would be replaced as a whole is not touched.
	admin.Run("patch", "mutatingadmissionpolicy", "labelled", "--type", "json", "-p",
		`[{"op":"replace","path":"/spec/mutations/0/applyConfiguration/expression","value":"Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}"}]`)
	Expect(t, admin.Refused("create", "deployment", "other", "--image", "nginx"),
		"invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector")
	admin.Run("delete", "mutatingadmissionpolicybinding", "everywhere")
	admin.Eventually("created", "create", "deployment", "other", "--image", "nginx", "--dry-run=server")
}
