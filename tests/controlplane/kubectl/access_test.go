package kubectl

import (
	"testing"
)

func TestAServiceAccountMayWhatItsRoleSays(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	admin.Run("create", "namespace", "web")
	admin.Run("create", "serviceaccount", "shop", "-n", "web")
	token := admin.Run("create", "token", "shop", "-n", "web", "--duration", "1h")
	shop := s.WithToken(t, token)
	Expect(t, shop.Run("auth", "whoami"), "system:serviceaccount:web:shop", "system:serviceaccounts:web")
	Expect(t, shop.Refused("get", "pods", "-n", "web"),
		`pods is forbidden: User "system:serviceaccount:web:shop" cannot list resource "pods" in API group "" in the namespace "web"`)
	Expect(t, shop.Refused("auth", "can-i", "list", "pods", "-n", "web"), "no")

	admin.Run("create", "rolebinding", "shop", "-n", "web", "--clusterrole", "view", "--serviceaccount", "web:shop")
	shop.Eventually("yes", "auth", "can-i", "list", "pods", "-n", "web")
	shop.Run("get", "pods", "-n", "web")
	Expect(t, shop.Run("auth", "can-i", "--list", "-n", "web"), "configmaps")
	Expect(t, shop.Refused("get", "secrets", "-n", "web"), "secrets is forbidden")
	Expect(t, shop.Refused("get", "pods", "-n", "default"), `in the namespace "default"`)
	Expect(t, shop.Refused("delete", "namespace", "web"), `cannot delete resource "namespaces"`)

	admin.Run("delete", "rolebinding", "shop", "-n", "web")
	shop.Eventually("pods is forbidden", "get", "pods", "-n", "web")
	admin.Run("delete", "serviceaccount", "shop", "-n", "web")
	Expect(t, shop.Refused("auth", "whoami"), "Unauthorized")
}

func TestARoleOfOnesOwnIsFollowed(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	bob := func(args ...string) []string { return append(args, "--as", "bob") }
	admin.Run("create", "role", "reader", "--verb", "get", "--resource", "configmaps", "--resource-name", "a")
	admin.Run("create", "rolebinding", "bob", "--role", "reader", "--user", "bob")
	admin.Eventually("yes", bob("auth", "can-i", "get", "configmap/a")...)
	Expect(t, admin.Refused(bob("auth", "can-i", "get", "configmap/b")...), "no")
	admin.Run("delete", "role", "reader")
	admin.Eventually("no", bob("auth", "can-i", "get", "configmap/a")...)
}

func TestNobodySeesHealthAndVersionOnly(t *testing.T) {
	s := Start(t)
	for _, page := range []string{"/healthz", "/livez", "/readyz", "/version", "/cacerts", "/ping"} {
		if status, body := s.Ask(t, "GET", page); status != 200 {
			t.Errorf("%s: %d %s", page, status, body)
		}
	}
	for _, page := range []string{"/metrics", "/api", "/openid/v1/jwks", "/nothing", "/api/v1/secrets"} {
		status, body := s.Ask(t, "GET", page)
		if status != 403 {
			t.Errorf("%s: %d", page, status)
		}
		Expect(t, body, `"reason":"Forbidden"`, "system:anonymous")
	}
	if status, _ := s.Ask(t, "DELETE", "/healthz"); status != 403 {
		t.Errorf("DELETE /healthz: %d", status)
	}
}

func TestForgedCredentialsAreUnauthorized(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	admin.Run("create", "serviceaccount", "shop")
	token := admin.Run("create", "token", "shop")
	for _, forged := range []string{"nonsense", token + "x", token[:len(token)-8], "a.b.c", "abcdef.0123456789abcdef"} {
		Expect(t, s.WithToken(t, forged).Refused("get", "--raw", "/readyz"), "Unauthorized")
	}
	// The certificates of another cluster.
	Expect(t, Start(t).Admin(t).At(s).Refused("get", "--raw", "/readyz", "--insecure-skip-tls-verify"), "")
}

func TestActingAsAnotherNeedsLeave(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	Expect(t, admin.Run("auth", "whoami", "--as", "alice", "--as-group", "staff"), "alice", "staff")
	Expect(t, admin.Refused("get", "nodes", "--as", "alice"), `User "alice" cannot list resource "nodes"`)
	admin.Run("create", "serviceaccount", "shop")
	shop := s.WithToken(t, admin.Run("create", "token", "shop"))
	Expect(t, shop.Refused("get", "--raw", "/version", "--as", "admin"), `cannot impersonate resource "users"`)
}

func TestABootstrapTokenIntroducesANode(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	admin.Run("create", "secret", "generic", "bootstrap-token-abcdef", "-n", "kube-system",
		"--type", "bootstrap.kubernetes.io/token", "--from-literal=token-id=abcdef",
		"--from-literal=token-secret=0123456789abcdef",
		"--from-literal=usage-bootstrap-authentication=true",
		"--from-literal=auth-extra-groups=system:bootstrappers:nodes")
	Expect(t, s.WithToken(t, "abcdef.0123456789abcdef").Run("auth", "whoami"),
		"system:bootstrap:abcdef", "system:bootstrappers:nodes")
	Expect(t, s.WithToken(t, "abcdef.0123456789abcdeg").Refused("auth", "whoami"), "Unauthorized")
	admin.Run("delete", "secret", "bootstrap-token-abcdef", "-n", "kube-system")
	Expect(t, s.WithToken(t, "abcdef.0123456789abcdef").Refused("auth", "whoami"), "Unauthorized")
}
