package kubectl

import (
	"strings"
	"testing"
)

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-validations:
        - {rule: "self.metadata.name.startsWith('w')", message: "names begin with w"}
        properties:
          spec:
            type: object
            x-kubernetes-validations:
            - rule: "self.replicas <= self.most"
              messageExpression: "'at most %d, not %d'.format([self.most, self.replicas])"
              fieldPath: .replicas
              reason: FieldValueForbidden
            - {rule: "!has(self.label__dash__name) || self.label__dash__name.size() > 2"}
            properties:
              replicas: {type: integer, default: 1}
              most: {type: integer, default: 5}
              label-name: {type: string, maxLength: 20}
              class:
                type: string
                maxLength: 20
                x-kubernetes-validations:
                - {rule: "self == oldSelf", message: class is immutable}
                - {rule: "self != 'old'"}
              port:
                x-kubernetes-int-or-string: true
                x-kubernetes-validations:
                - {rule: "type(self) == int ? self > 1023 : self.matches('^[a-z]+$')", message: no such port}
              ports:
                type: array
                maxItems: 10
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  x-kubernetes-validations:
                  - {rule: "self.port >= oldSelf.port", message: ports do not go down}
                  properties: {name: {type: string, maxLength: 10}, port: {type: integer}}
              quota: {type: string, maxLength: 20, x-kubernetes-validations: [{rule: "quantity(self).isGreaterThan(quantity('1Gi'))"}]}
          status:
            type: object
            properties:
              phase:
                type: string
                maxLength: 20
                x-kubernetes-validations:
                - rule: "!oldSelf.hasValue() || oldSelf.value() != 'Done' || self == 'Done'"
                  optionalOldSelf: true
                  message: it is done
`

const widget = `apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec:
  replicas: 3
  class: a
  port: http
  ports: [{name: a, port: 1}, {name: b, port: 2}]
`

func startWidgets(t *testing.T) *Client {
	t.Helper()
	admin := Start(t).Admin(t)
	if out := admin.RunWith(widgets, "apply", "-f", "-"); strings.Contains(out, "Warning") {
		t.Errorf("a definition with rules is warned of: %s", out)
	}
	admin.Run("wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.example.com")
	return admin
}

func TestAnObjectThatBreaksARuleIsRefused(t *testing.T) {
	admin := startWidgets(t)
	refused := func(from, to string) string {
		t.Helper()
		wrong := strings.Replace(widget, from, to, 1)
		if wrong == widget {
			t.Fatalf("%q is not in the object", from)
		}
		return admin.RefusedWith(wrong, "apply", "-f", "-")
	}
	Expect(t, refused("name: w}", "name: x}"), `The Widget "x" is invalid: <nil>: Invalid value: names begin with w`)
	Expect(t, refused("replicas: 3", "replicas: 7"), `The Widget "w" is invalid: spec.replicas: Forbidden: at most 5, not 7`)
	Expect(t, refused("class: a", "class: old"), `spec.class: Invalid value: "old": failed rule: self != 'old'`)
	Expect(t, refused("port: http", "port: 80"), `spec.port: Invalid value: 80: no such port`)
	Expect(t, refused("port: http", "port: H"), `spec.port: Invalid value: "H": no such port`)
	Expect(t, refused("class: a", "label-name: ab"),
		"spec: Invalid value: failed rule: !has(self.label__dash__name) || self.label__dash__name.size() > 2")
	Expect(t, refused("class: a", "quota: 500Mi"), "spec.quota: Invalid value")
	Expect(t, refused("class: a", "quota: much"),
		`spec.quota: Invalid value: "string": quantities must match the regular expression`)
	// Rules are not asked of what is no widget at all.
	Expect(t, refused("class: a", "class: [1]"), "must be of type string",
		"some validation rules were not checked because the object was invalid")
	Expect(t, admin.RunWith(widget, "apply", "-f", "-"), "widget.example.com/w created")
}

func TestATransitionRuleLooksAtWhatWas(t *testing.T) {
	admin := startWidgets(t)
	admin.RunWith(widget, "apply", "-f", "-")
	patch := func(patch string) []string {
		return []string{"patch", "widget", "w", "--type", "merge", "-p", patch}
	}
	Expect(t, admin.Refused(patch(`{"spec":{"class":"b"}}`)...),
		`The Widget "w" is invalid: spec.class: Invalid value: "b": class is immutable`)
	admin.Run(patch(`{"spec":{"replicas":5}}`)...)
	// Elements of a list are told apart by their keys, wherever they stand.
	Expect(t, admin.Refused(patch(`{"spec":{"ports":[{"name":"b","port":2},{"name":"a","port":0}]}}`)...),
		"spec.ports[1]: Invalid value: ports do not go down")
	admin.Run(patch(`{"spec":{"ports":[{"name":"b","port":9},{"name":"a","port":1},{"name":"c","port":0}]}}`)...)
	// An optional old value is asked of even where there is none.
	status := func(phase string) []string {
		return append(patch(`{"status":{"phase":"`+phase+`"}}`), "--subresource", "status")
	}
	admin.Run(status("Running")...)
	admin.Run(status("Done")...)
	Expect(t, admin.Refused(status("Running")...), `status.phase: Invalid value: "Running": it is done`)
}

func TestAnInvalidValueThatDoesNotChangeMayStay(t *testing.T) {
	admin := startWidgets(t)
	admin.RunWith(widget, "apply", "-f", "-")
	stricter := strings.Replace(widgets, "{rule: \"self != 'old'\"}", "{rule: \"self != 'a'\", message: not a}", 1)
	admin.RunWith(stricter, "apply", "-f", "-")
	probe := strings.Replace(strings.Replace(widget, "name: w}", "name: w2}", 1), "a created", "", 1)
	admin.Eventually("not a", "create", "--dry-run=server", "-f", writeFile(t, probe))
	admin.Run("label", "widget", "w", "still=here")
	admin.Run("patch", "widget", "w", "--type", "merge", "-p", `{"spec":{"replicas":4}}`)
	Expect(t, admin.RefusedWith(probe, "create", "-f", "-"), `spec.class: Invalid value: "a": not a`)
}

func TestARuleThatDoesNotCompileIsRefused(t *testing.T) {
	admin := Start(t).Admin(t)
	refused := func(from, to string) string {
		t.Helper()
		wrong := strings.Replace(widgets, from, to, 1)
		if wrong == widgets {
			t.Fatalf("%q is not in the definition", from)
		}
		return admin.RefusedWith(wrong, "create", "-f", "-")
	}
	const rules = "spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]"
	Expect(t, refused("self.replicas <= self.most", "self.replica <= self.most"), rules+".rule: Invalid value",
		"compilation failed: ERROR: <input>:1:5: undefined field 'replica'", " | self.replica <= self.most", " | ....^")
	Expect(t, refused("self.replicas <= self.most", "self.replicas <= 'x'"),
		"found no matching overload for '_<=_' applied to '(int, string)'")
	Expect(t, refused("self.replicas <= self.most", "self.replicas"), "cel expression must evaluate to a bool")
	Expect(t, refused("self.replicas <= self.most", "self.replicas <="), "Syntax error: mismatched input '<EOF>'")
	Expect(t, refused("'at most %d, not %d'.format([self.most, self.replicas])", "self.most"),
		rules+".messageExpression: Invalid value", "messageExpression must evaluate to a string")
	Expect(t, refused("fieldPath: .replicas", "fieldPath: .nothing"), rules+`.fieldPath: Invalid value: ".nothing": must be a valid path`)
	Expect(t, refused("reason: FieldValueForbidden", "reason: Because"), rules+`.reason: Unsupported value: "Because"`)
	Expect(t, refused("                x-kubernetes-list-type: map\n                x-kubernetes-list-map-keys: [name]\n", ""),
		"oldSelf cannot be used on the uncorrelatable portion of the schema within "+
			"spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[ports]")
}

func TestAHostileRuleDoesNotHoldUpTheServer(t *testing.T) {
	admin := Start(t).Admin(t)
	hostile := strings.Replace(widgets, "self.replicas <= self.most",
		"lists.range(2000).all(a, lists.range(2000).all(b, lists.range(2000).all(c, a + b + c >= 0)))", 1)
	admin.RunWith(hostile, "apply", "-f", "-")
	admin.Run("wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.example.com")
	Expect(t, admin.RefusedWith(widget, "apply", "-f", "-"),
		"no further validation rules will be run due to call cost exceeds limit for rule")
}
