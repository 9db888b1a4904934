package kubectl

import (
	"testing"
	"time"
)

func startHooked(t *testing.T) *Client {
	admin := Start(t).Admin(t)
	admin.Run("create", "namespace", "web")
	admin.Run("label", "namespace", "web", "hooked=yes")
	return admin
}

func TestAWebhookChangesAndAnotherRefuses(t *testing.T) {
	admin := startHooked(t)
	adding := StartWebhook(t, func(asked Asked) Verdict {
		return Verdict{Patch: `[{"op":"add","path":"/metadata/labels","value":{"added":"here"}}]`}
	})
	judging := StartWebhook(t, func(asked Asked) Verdict {
		if data, _ := asked.Object["data"].(map[string]any); data["good"] != "yes" {
			return Verdict{Refusal: "it is not good"}
		}
		return Verdict{Warnings: []string{"it could be better"}}
	})
	admin.RunWith(adding.Configuration("Mutating", "adding", "", ""), "apply", "-f", "-")
	admin.RunWith(judging.Configuration("Validating", "judging", "", ""), "apply", "-f", "-")
	Expect(t, admin.Refused("create", "configmap", "a", "-n", "web"),
		`admission webhook "judging.example.org" denied the request: it is not good`)
	Expect(t, admin.Run("create", "configmap", "b", "-n", "web", "--from-literal=good=yes"),
		"Warning: it could be better", "configmap/b created")
	Expect(t, admin.Run("get", "configmap", "b", "-n", "web", "-o", "jsonpath={.metadata.labels}"), `{"added":"here"}`)
	last, _ := judging.Last()
	if last.Operation != "CREATE" || last.Kind.Kind != "ConfigMap" || last.UserInfo.Username != "system:admin" {
		t.Errorf("it was asked %+v", last)
	}
	if labels, _ := last.Object["metadata"].(map[string]any)["labels"].(map[string]any); labels["added"] != "here" {
		t.Errorf("it judged what was not changed yet: %v", last.Object)
	}
	admin.Run("create", "configmap", "elsewhere")
	Expect(t, admin.Refused("patch", "configmap", "b", "-n", "web", "-p", `{"data":{"good":"no"}}`), "it is not good")
	if last, _ = judging.Last(); last.Operation != "UPDATE" || last.OldObject == nil {
		t.Errorf("it was asked %+v", last)
	}
	admin.Run("create", "configmap", "c", "-n", "web", "--from-literal=good=yes", "--dry-run=server")
	if last, _ = judging.Last(); !last.DryRun {
		t.Errorf("it was not told of a dry run: %+v", last)
	}
	if _, count := judging.Last(); judging.Connections() >= count {
		t.Errorf("%d connections for %d requests: none was kept", judging.Connections(), count)
	}
	admin.Run("delete", "validatingwebhookconfiguration", "judging")
	admin.Run("create", "configmap", "d", "-n", "web")
}

func TestAWebhookThatFailsRefusesUnlessItIsIgnored(t *testing.T) {
	admin := startHooked(t)
	slow := StartWebhook(t, func(Asked) Verdict { return Verdict{After: time.Minute} })
	admin.RunWith(slow.Configuration("Validating", "slow", "", "  timeoutSeconds: 1\n"), "apply", "-f", "-")
	Expect(t, admin.Refused("create", "configmap", "a", "-n", "web"),
		`failed calling webhook "slow.example.org": failed to call webhook: Post "`+slow.URL+`/check?timeout=1s": context deadline exceeded`)
	admin.RunWith(slow.Configuration("Validating", "slow", "", "  timeoutSeconds: 1\n  failurePolicy: Ignore\n"),
		"apply", "-f", "-")
	admin.Run("create", "configmap", "a", "-n", "web")
	admin.Run("delete", "validatingwebhookconfiguration", "slow")

	// A certificate of somebody else.
	other := StartWebhook(t, func(Asked) Verdict { return Verdict{} })
	other.Authority = slow.Authority
	admin.RunWith(other.Configuration("Validating", "other", "", ""), "apply", "-f", "-")
	Expect(t, admin.Refused("create", "configmap", "b", "-n", "web"),
		"tls: failed to verify certificate: x509: certificate signed by unknown authority")
}

func TestAWebhookIsReachedThroughItsService(t *testing.T) {
	admin := startHooked(t)
	hook := StartWebhook(t, func(Asked) Verdict { return Verdict{Refusal: "never"} }, "hook.web.svc")
	client := "service: {namespace: web, name: hook, port: " + hook.Port() + "}"
	admin.RunWith(hook.Configuration("Validating", "hook", client, ""), "apply", "-f", "-")
	Expect(t, admin.Refused("create", "configmap", "a", "-n", "web"),
		`failed calling webhook "hook.example.org": failed to call webhook: Post "https://hook.web.svc:`+hook.Port()+
			`/?timeout=10s": service "hook" not found`)
	admin.Run("create", "service", "externalname", "hook", "-n", "web", "--external-name", "localhost")
	Expect(t, admin.Refused("create", "configmap", "a", "-n", "web"),
		`admission webhook "hook.example.org" denied the request: never`)
}

func TestWebhooksSeeTheirSubresources(t *testing.T) {
	admin := startHooked(t)
	hook := StartWebhook(t, func(asked Asked) Verdict {
		if spec, _ := asked.Object["spec"].(map[string]any); spec["replicas"] == float64(9) {
			return Verdict{Refusal: "too many"}
		}
		return Verdict{}
	})
	admin.RunWith(hook.Configuration("Validating", "scale", "", "  - {operations: ['*'], apiGroups: ['*'], "+
		"apiVersions: ['*'], resources: ['*/scale'], scope: Namespaced}\n"), "apply", "-f", "-")
	admin.RunWith(deployment, "apply", "-n", "web", "-f", "-")
	Expect(t, admin.Refused("scale", "deployment", "web", "-n", "web", "--replicas", "9"), "too many")
	last, _ := hook.Last()
	if last.Kind.Kind != "Scale" || last.Kind.Group != "autoscaling" || last.SubResource != "scale" {
		t.Errorf("it was asked %+v", last)
	}
	admin.Run("scale", "deployment", "web", "-n", "web", "--replicas", "8")
}

func TestAWebhookIsCalledAgainWhereAnotherChangedWhatItSaw(t *testing.T) {
	admin := startHooked(t)
	first := StartWebhook(t, func(Asked) Verdict { return Verdict{} })
	once := StartWebhook(t, func(Asked) Verdict { return Verdict{} })
	later := StartWebhook(t, func(asked Asked) Verdict {
		return Verdict{Patch: `[{"op":"add","path":"/metadata/labels","value":{"added":"here"}}]`}
	})
	admin.RunWith(first.Configuration("Mutating", "a-first", "", "  reinvocationPolicy: IfNeeded\n"), "apply", "-f", "-")
	admin.RunWith(once.Configuration("Mutating", "b-once", "", ""), "apply", "-f", "-")
	admin.RunWith(later.Configuration("Mutating", "c-later", "", ""), "apply", "-f", "-")
	admin.Run("create", "configmap", "a", "-n", "web")
	for _, one := range []struct {
		hook  *Webhook
		times int
	}{{first, 2}, {once, 1}, {later, 1}} {
		if _, times := one.hook.Last(); times != one.times {
			t.Errorf("it was called %d times, not %d", times, one.times)
		}
	}
	last, _ := first.Last()
	if last.Object["metadata"].(map[string]any)["labels"] == nil {
		t.Errorf("it did not see the change: %v", last.Object)
	}
}
