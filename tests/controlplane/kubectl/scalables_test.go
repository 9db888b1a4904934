package kubectl

import (
	"fmt"
	"strings"
	"testing"
)

const fleets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: fleets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: fleets, singular: fleet, kind: Fleet}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {scale: {specReplicasPath: .spec.ships, statusReplicasPath: .status.ships}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {ships: {type: integer}}}
          status: {type: object, properties: {ships: {type: integer}}}
`

func defineFleets(t *testing.T) *Client {
	t.Helper()
	admin := Start(t).Admin(t)
	admin.RunWith(fleets, "create", "-f", "-")
	admin.Eventually("True", "get", "crd", "fleets.example.org", "-o",
		`jsonpath={.status.conditions[?(@.type=="Established")].status}`)
	return admin
}

func fleet(name string, ships int) string {
	return fmt.Sprintf("apiVersion: example.org/v1\nkind: Fleet\nmetadata: {name: %s}\nspec: {ships: %d}\n",
		name, ships)
}

func TestAQuotaCountsCustomResources(t *testing.T) {
	admin := defineFleets(t)
	admin.RunWith(fleet("first", 1), "create", "-f", "-")
	admin.Run("create", "quota", "few", "--hard=count/fleets.example.org=2")
	const used = `jsonpath={.status.used.count/fleets\.example\.org}`
	admin.Eventually("1", "get", "quota", "few", "-o", used)
	admin.RunWith(fleet("second", 1), "create", "-f", "-")
	out, err := admin.try(fleet("third", 1), "create", "-f", "-")
	if err == nil {
		t.Error("a third one was taken")
	}
	Expect(t, out, "exceeded quota: few, requested: count/fleets.example.org=1, used: "+
		"count/fleets.example.org=2, limited: count/fleets.example.org=2")
	admin.Run("delete", "fleet", "first")
	admin.Eventually("1", "get", "quota", "few", "-o", used)
	admin.RunWith(fleet("third", 1), "create", "-f", "-")
}

func TestABudgetCountsWhatACustomResourceScalesTo(t *testing.T) {
	admin := defineFleets(t)
	admin.RunWith(fleet("big", 4), "create", "-f", "-")
	uid := admin.Run("get", "fleet", "big", "-o", "jsonpath={.metadata.uid}")
	for i := range 3 {
		admin.RunWith(fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: ship-%d
  labels: {fleet: big}
  ownerReferences: [{apiVersion: example.org/v1, kind: Fleet, name: big, uid: %s, controller: true}]
spec: {containers: [{name: c, image: ship}]}
`, i, uid), "create", "-f", "-")
	}
	admin.Run("create", "pdb", "calm", "--selector=fleet=big", "--max-unavailable=1")
	const status = "jsonpath={.status.expectedPods} {.status.desiredHealthy}"
	admin.Eventually("4 3", "get", "pdb", "calm", "-o", status)
	admin.Run("scale", "fleet", "big", "--replicas=10")
	admin.Eventually("10 9", "get", "pdb", "calm", "-o", status)
	if out := admin.Run("get", "events"); strings.Contains(out, "UnmanagedPods") {
		t.Errorf("the pods are told to be nobody's:\n%s", out)
	}
}

func TestAnAutoscalerKeepsACustomResourceWithinItsBounds(t *testing.T) {
	admin := defineFleets(t)
	admin.RunWith(fleet("big", 12), "create", "-f", "-")
	admin.RunWith(`apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: big}
spec:
  scaleTargetRef: {apiVersion: example.org/v1, kind: Fleet, name: big}
  minReplicas: 2
  maxReplicas: 5
`, "create", "-f", "-")
	admin.Eventually("5", "get", "fleet", "big", "-o", "jsonpath={.spec.ships}")
	admin.Eventually("SuccessfulRescale", "describe", "hpa", "big")
}
