package kubectl

import "testing"

func readyAs(status string) string {
	return `{"status":{"conditions":[{"type":"Ready","status":"` + status + `","reason":"Test","message":"",` +
		`"lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`
}

func TestATaintedNodeLosesWhatDoesNotTolerateIt(t *testing.T) {
	admin := Start(t).Admin(t)
	for _, name := range []string{"one", "two"} {
		admin.RunWith("apiVersion: v1\nkind: Node\nmetadata: {name: "+name+"}\n", "create", "-f", "-")
		admin.Run("patch", "node", name, "--subresource", "status", "--type", "merge", "-p", readyAs("True"))
	}
	const keys = `jsonpath={range .spec.taints[*]}{.key}:{.effect} {end}`
	pod := func(name, tolerations string) {
		admin.RunWith("apiVersion: v1\nkind: Pod\nmetadata: {name: "+name+"}\nspec:\n  nodeName: one\n"+
			"  tolerations: ["+tolerations+"]\n  containers: [{name: c, image: i}]\n", "create", "-f", "-")
	}
	pod("goes", "")
	pod("stays", "{key: broken, operator: Exists}")
	admin.Run("taint", "node", "one", "broken=yes:NoExecute")
	admin.Run("wait", "--for=jsonpath={.metadata.deletionTimestamp}", "pod/goes", "--timeout", "30s")
	Expect(t, admin.Run("get", "pod", "goes", "-o",
		`jsonpath={.status.conditions[?(@.type=="DisruptionTarget")].reason}`), "DeletionByTaintManager")
	if stays := admin.Run("get", "pod", "stays", "-o", "jsonpath={.metadata.deletionTimestamp}"); stays != "" {
		t.Errorf("the pod that tolerates it is deleted since %s", stays)
	}

	admin.Run("patch", "node", "one", "--subresource", "status", "--type", "merge", "-p", readyAs("False"))
	admin.Eventually("broken:NoExecute node.kubernetes.io/not-ready:NoExecute node.kubernetes.io/not-ready:NoSchedule",
		"get", "node", "one", "-o", keys)
	admin.Run("cordon", "two")
	admin.Eventually("node.kubernetes.io/unschedulable:NoSchedule", "get", "node", "two", "-o", keys)
}
