package kubectl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inNamespace makes a namespace in which pods may be created at once, whoever makes its account.
func inNamespace(admin *Client, name string) {
	admin.t.Helper()
	admin.Run("create", "namespace", name)
	ensureAccount(admin, name)
}

func ensureAccount(admin *Client, namespace string) {
	admin.t.Helper()
	out, err := admin.try("", "create", "serviceaccount", "default", "-n", namespace)
	if err != nil && !strings.Contains(out, "already exists") {
		admin.t.Fatal(out)
	}
}

func TestAPodRunsAsAnAccount(t *testing.T) {
	admin := Start(t).Admin(t)
	inNamespace(admin, "web")
	admin.Run("run", "p", "-n", "web", "--image", "nginx:1")
	Expect(t, admin.Run("get", "pod", "p", "-n", "web", "-o", "jsonpath={.spec.serviceAccountName} {.spec.volumes[0].name} "+
		"{.spec.containers[0].volumeMounts[0].mountPath} {.spec.priority} {.spec.tolerations[*].key}"),
		"default kube-api-access-", " /var/run/secrets/kubernetes.io/serviceaccount 0 "+
			"node.kubernetes.io/not-ready node.kubernetes.io/unreachable")
	Expect(t, admin.Refused("run", "q", "-n", "web", "--image", "nginx:1", "--overrides", `{"spec":{"serviceAccountName":"shop"}}`),
		`pods "q" is forbidden: error looking up service account web/shop: serviceaccount "shop" not found`)
	admin.Run("create", "serviceaccount", "shop", "-n", "web")
	admin.Run("run", "q", "-n", "web", "--image", "nginx:1", "--overrides", `{"spec":{"serviceAccountName":"shop"}}`)
	Expect(t, admin.Refused("delete", "namespace", "kube-system"), "this namespace may not be deleted")
}

func TestLimitsAndQuotasBoundANamespace(t *testing.T) {
	admin := Start(t).Admin(t)
	inNamespace(admin, "web")
	admin.Run("create", "quota", "q", "-n", "web", "--hard", "pods=2,limits.memory=1Gi,count/configmaps=3")
	Expect(t, admin.Refused("run", "a", "-n", "web", "--image", "nginx:1"),
		`pods "a" is forbidden: failed quota: q: must specify limits.memory for: a`)
	admin.RunWith(`apiVersion: v1
kind: LimitRange
metadata: {name: l, namespace: web}
spec:
  limits:
  - type: Container
    default: {memory: 256Mi}
    max: {memory: 512Mi}
`, "apply", "-f", "-")
	admin.Run("run", "a", "-n", "web", "--image", "nginx:1")
	Expect(t, admin.Run("get", "pod", "a", "-n", "web", "-o", "jsonpath={.spec.containers[0].resources}"),
		`{"limits":{"memory":"256Mi"},"requests":{"memory":"256Mi"}}`)
	Expect(t, admin.Refused("run", "b", "-n", "web", "--image", "nginx:1", "--overrides",
		`{"spec":{"containers":[{"name":"b","image":"x","resources":{"limits":{"memory":"1Gi"}}}]}}`),
		"maximum memory usage per Container is 512Mi, but limit is 1Gi")
	admin.Run("run", "b", "-n", "web", "--image", "nginx:1")
	Expect(t, admin.Refused("run", "c", "-n", "web", "--image", "nginx:1"),
		"exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2")
	Expect(t, admin.Run("describe", "quota", "q", "-n", "web"), "limits.memory", "512Mi", "pods", "2")
	admin.Run("delete", "pod", "b", "-n", "web", "--force", "--grace-period=0")
	admin.Run("run", "c", "-n", "web", "--image", "nginx:1")
}

func TestPodSecurityHoldsANamespaceToItsStandard(t *testing.T) {
	audit := filepath.Join(t.TempDir(), "audit.log")
	admin := Start(t, "--audit-log-path", audit).Admin(t)
	inNamespace(admin, "web")
	admin.Run("label", "namespace", "web", "pod-security.kubernetes.io/enforce=restricted")
	Expect(t, admin.Refused("run", "p", "-n", "web", "--image", "nginx:1"),
		`Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest": `+
			`allowPrivilegeEscalation != false (container "p" must set securityContext.allowPrivilegeEscalation=false), `+
			`unrestricted capabilities (container "p" must set securityContext.capabilities.drop=["ALL"]), `+
			`runAsNonRoot != true (pod or container "p" must set securityContext.runAsNonRoot=true), `+
			`seccompProfile (pod or container "p" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`)
	Expect(t, admin.RunWith(deployment, "apply", "-n", "web", "-f", "-"),
		`Warning: would violate PodSecurity "restricted:latest"`, "deployment.apps/web created")
	Expect(t, admin.Refused("label", "namespace", "web", "--overwrite", "pod-security.kubernetes.io/enforce=strict"),
		"must be one of privileged, baseline, restricted")
	admin.Run("label", "namespace", "web", "--overwrite", "pod-security.kubernetes.io/enforce=baseline")
	admin.Run("run", "p", "-n", "web", "--image", "nginx:1")
	Expect(t, admin.Run("label", "namespace", "web", "--overwrite", "pod-security.kubernetes.io/enforce=restricted"),
		`Warning: existing pods in namespace "web" violate the new PodSecurity enforce level "restricted:latest"`)

	inNamespace(admin, "watched")
	admin.Run("label", "namespace", "watched", "pod-security.kubernetes.io/audit=baseline")
	admin.Run("run", "p", "-n", "watched", "--image", "nginx:1", "--overrides", `{"spec":{"hostNetwork":true}}`)
	log, err := os.ReadFile(audit)
	if err != nil {
		t.Fatal(err)
	}
	Expect(t, string(log), `"pod-security.kubernetes.io/audit-violations":"would violate PodSecurity \"baseline:latest\": `+
		`host namespaces (hostNetwork=true)"`)
}

func TestANodeReachesWhatItsPodsNeed(t *testing.T) {
	admin := Start(t).Admin(t)
	inNamespace(admin, "web")
	node := func(args ...string) []string {
		return append(args, "--as", "system:node:n1", "--as-group", "system:nodes", "--as-group", "system:authenticated")
	}
	for _, name := range []string{"used", "other"} {
		admin.Run("create", "secret", "generic", name, "-n", "web")
	}
	create := func(name, node string) {
		admin.Run("run", name, "-n", "web", "--image", "nginx:1", "--overrides", `{"spec":{"nodeName":"`+node+
			`","volumes":[{"name":"v","secret":{"secretName":"used"}}]}}`)
	}
	const none = "no relationship found between node 'n1' and this object"
	Expect(t, admin.Refused(node("get", "secret", "used", "-n", "web")...), none)
	create("theirs", "n2")
	create("mine", "n1")
	admin.Eventually("used", node("get", "secret", "used", "-n", "web")...)
	Expect(t, admin.Refused(node("get", "secret", "other", "-n", "web")...), none)
	Expect(t, admin.Refused(node("get", "secrets", "-n", "web")...), "No Object name found")
	Expect(t, admin.Run(node("get", "pods", "-A", "--field-selector", "spec.nodeName=n1")...), "mine")
	Expect(t, admin.Refused(node("get", "pods", "-A")...), "can only list/watch pods with spec.nodeName field selector")
	Expect(t, admin.Refused(node("get", "nodes")...), "node 'n1' cannot read all nodes, only its own Node object")
	Expect(t, admin.Refused(node("delete", "pod", "theirs", "-n", "web")...),
		`node "n1" can only delete pods with spec.nodeName set to itself`)
	Expect(t, admin.Refused(node("run", "made", "-n", "web", "--image", "nginx:1")...), "can only create mirror pods")
	Expect(t, admin.Refused(node("create", "token", "default", "-n", "web")...), "node requested token not bound to a pod")
	admin.Run(node("delete", "pod", "mine", "-n", "web", "--force", "--grace-period=0")...)
	admin.Eventually(none, node("get", "secret", "used", "-n", "web")...)
}

func TestNobodyGivesAwayWhatTheyDoNotHold(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.Run("create", "role", "roles", "--verb", "create,get,update,patch", "--resource", "roles,rolebindings")
	admin.Run("create", "rolebinding", "roles", "--role", "roles", "--user", "bob")
	admin.Eventually("yes", "auth", "can-i", "create", "roles", "--as", "bob")
	Expect(t, admin.Refused("create", "role", "more", "--verb", "get", "--resource", "secrets", "--as", "bob"),
		`roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["system:authenticated"]) is `+
			`attempting to grant RBAC permissions not currently held:`,
		`{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`)
	Expect(t, admin.Refused("create", "rolebinding", "admin", "--clusterrole", "cluster-admin", "--user", "bob", "--as", "bob"),
		"is attempting to grant RBAC permissions not currently held:")
	admin.Run("create", "role", "same", "--verb", "get", "--resource", "roles", "--as", "bob")
	admin.Run("create", "role", "binder", "--verb", "bind", "--resource", "clusterroles", "--resource-name", "view")
	admin.Run("create", "rolebinding", "binder", "--role", "binder", "--user", "bob")
	admin.Eventually("rolebinding.rbac.authorization.k8s.io/seen created", "create", "rolebinding", "seen",
		"--clusterrole", "view", "--user", "eve", "--as", "bob")
}

func TestSharedServersDoNotExceedAQuotaTogether(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn)
	second := Start(t, "--datastore-endpoint", dsn, "--token", first.Token(t))
	clients := []*Client{first.Admin(t), first.Admin(t).At(second)}
	clients[0].Run("create", "namespace", "web")
	clients[0].Run("create", "quota", "q", "-n", "web", "--hard", "count/secrets=5")
	clients[1].Eventually("q", "get", "quota", "-n", "web", "-w=false")
	answers := make(chan string)
	const tries = 12
	for i := range tries {
		go func() {
			out, _ := clients[i%2].try("", "create", "secret", "generic", fmt.Sprint("s", i), "-n", "web")
			answers <- out
		}()
	}
	created := 0
	for range tries {
		if answer := <-answers; strings.Contains(answer, "created") {
			created++
		} else {
			Expect(t, answer, "exceeded quota: q, requested: count/secrets=1, used: count/secrets=5, limited: count/secrets=5")
		}
	}
	if created != 5 {
		t.Errorf("%d were created where 5 may be", created)
	}
	Expect(t, clients[1].Run("get", "quota", "q", "-n", "web", "-o", "jsonpath={.status.used}"), `{"count/secrets":"5"}`)
}
