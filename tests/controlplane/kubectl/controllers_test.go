package kubectl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: %[1]s
  labels: {app: web}
  ownerReferences: [%[2]s]
spec:
  containers:
  - name: web
    image: example.org/web:1
    ports: [{name: http, containerPort: 8080}]
`

// Owned is a pod, owned by an object of kubectl's words for it.
func owned(admin *Client, name, apiVersion, kind, owner string) string {
	uid := admin.Run("get", kind, owner, "-o", "jsonpath={.metadata.uid}")
	return fmt.Sprintf(pod, name, fmt.Sprintf(
		"{apiVersion: %s, kind: %s, name: %s, uid: %s, controller: true, blockOwnerDeletion: true}",
		apiVersion, kind, owner, uid))
}

func TestADeletedNamespaceIsGoneWhenKubectlReturns(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.Run("create", "namespace", "shop")
	admin.Eventually("default", "-n", "shop", "get", "serviceaccounts", "-o", "name")
	admin.Run("-n", "shop", "create", "configmap", "a")
	admin.RunWith(deployment, "-n", "shop", "apply", "-f", "-")
	Expect(t, admin.Run("delete", "namespace", "shop", "--timeout", "30s"), `namespace "shop" deleted`)
	Expect(t, admin.Refused("get", "namespace", "shop"), "not found")
	left := admin.Run("-n", "shop", "get", "all,configmaps,serviceaccounts", "--ignore-not-found")
	if left != "" {
		t.Errorf("there is still\n%s", left)
	}
}

func TestEveryNamespaceHasAnAccountAndTheServersAuthority(t *testing.T) {
	server := Start(t)
	admin := server.Admin(t)
	authority, err := os.ReadFile(server.caFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"default", "kube-system"} {
		admin.Eventually("serviceaccount/default", "-n", namespace, "get", "serviceaccounts", "-o", "name")
		admin.Eventually(strings.TrimSpace(string(authority)), "-n", namespace, "get", "configmap",
			"kube-root-ca.crt", "-o", `jsonpath={.data.ca\.crt}`)
	}
	admin.Run("delete", "serviceaccount", "default")
	admin.Eventually("serviceaccount/default", "get", "serviceaccounts", "-o", "name")
}

func TestDeletionInAllThreeWays(t *testing.T) {
	admin := Start(t).Admin(t)
	for _, name := range []string{"back", "fore", "orphan"} {
		admin.Run("create", "configmap", name)
		admin.RunWith(owned(admin, "of-"+name, "v1", "ConfigMap", name), "create", "-f", "-")
	}
	admin.Run("delete", "configmap", "back", "--cascade=background")
	admin.Eventually("not found", "get", "pod", "of-back")
	admin.Run("delete", "configmap", "fore", "--cascade=foreground", "--timeout", "30s")
	Expect(t, admin.Refused("get", "pod", "of-fore"), "not found")
	admin.Run("delete", "configmap", "orphan", "--cascade=orphan", "--timeout", "30s")
	if owners := admin.Run("get", "pod", "of-orphan", "-o", "jsonpath={.metadata.ownerReferences}"); owners != "" {
		t.Errorf("the orphan has owners: %s", owners)
	}
}

func TestEndpointsFollowPods(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.Run("create", "service", "clusterip", "web", "--tcp=80:http")
	slices := []string{"get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o",
		"jsonpath={.items[*].endpoints[*]['addresses','conditions']}"}
	admin.Run("run", "a", "--image", "example.org/web:1", "--port", "8080", "-l", "app=web")
	admin.Run("patch", "service", "web", "--type", "merge", "-p",
		`{"spec":{"ports":[{"name":"80-http","port":80,"targetPort":8080}]}}`)
	running := `{"status":{"phase":"Running","podIP":"10.42.0.9","podIPs":[{"ip":"10.42.0.9"}],` +
		`"conditions":[{"type":"Ready","status":"%s"}]}}`
	admin.Run("patch", "pod", "a", "--subresource", "status", "--type", "merge", "-p",
		fmt.Sprintf(running, "True"))
	admin.Eventually("10.42.0.9:8080", "get", "endpoints", "web")
	admin.Eventually(`"ready":true`, slices...)
	admin.Run("patch", "pod", "a", "--subresource", "status", "--type", "merge", "-p",
		fmt.Sprintf(running, "False"))
	admin.Eventually("<none>", "get", "endpoints", "web")
	admin.Eventually(`"ready":false`, slices...)
	admin.Run("delete", "service", "web")
	admin.Eventually("not found", "get", "endpoints", "web")
	admin.Eventually("No resources found", "get", "endpointslices", "-l", "kubernetes.io/service-name=web")
	// Those of the servers are theirs.
	Expect(t, admin.Run("get", "endpointslices", "kubernetes", "-o", "jsonpath={.endpoints[0].addresses[0]}"),
		"127.0.0.1")
}

func TestEndpointsWrittenByHandComeToLieInSlices(t *testing.T) {
	admin := Start(t).Admin(t)
	admin.RunWith(`apiVersion: v1
kind: Service
metadata: {name: db}
spec: {ports: [{port: 5432}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets: [{addresses: [{ip: 192.0.2.7}], ports: [{port: 5432}]}]
`, "create", "-f", "-")
	slices := []string{"get", "endpointslices", "-l", "kubernetes.io/service-name=db", "-o",
		"jsonpath={.items[*].endpoints[*].addresses} {.items[*].ports[*].port}"}
	admin.Eventually(`["192.0.2.7"] 5432`, slices...)
	admin.Run("patch", "endpoints", "db", "--type", "merge", "-p",
		`{"subsets":[{"addresses":[{"ip":"192.0.2.8"}],"ports":[{"port":5432}]}]}`)
	admin.Eventually(`["192.0.2.8"] 5432`, slices...)
	admin.Run("delete", "endpoints", "db")
	admin.Eventually("No resources found", "get", "endpointslices", "-l", "kubernetes.io/service-name=db")
}

func TestAnApprovedRequestGivesACertificate(t *testing.T) {
	admin := Start(t).Admin(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "bob", Organization: []string{"dev"}}}, key)
	if err != nil {
		t.Fatal(err)
	}
	request := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	admin.RunWith(`apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: bob}
spec:
  signerName: kubernetes.io/kube-apiserver-client
  usages: [digital signature, key encipherment, client auth]
  request: `+base64.StdEncoding.EncodeToString(request), "create", "-f", "-")
	Expect(t, admin.Run("get", "csr", "bob"), "Pending", "system:admin")
	admin.Run("certificate", "approve", "bob")
	admin.Eventually("Approved,Issued", "get", "csr", "bob")
	certificate, err := base64.StdEncoding.DecodeString(
		admin.Run("get", "csr", "bob", "-o", "jsonpath={.status.certificate}"))
	if err != nil {
		t.Fatal(err)
	}
	keyDer, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	for name, content := range map[string][]byte{"bob.crt": certificate,
		"bob.key": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDer})} {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	Expect(t, admin.Run("auth", "whoami", "--client-certificate", filepath.Join(directory, "bob.crt"),
		"--client-key", filepath.Join(directory, "bob.key"), "--username=", "--user="), "bob", "dev")
}

func TestATokenSecretIsFilledAndItsTokenTaken(t *testing.T) {
	server := Start(t)
	admin := server.Admin(t)
	admin.Run("create", "serviceaccount", "shop")
	admin.RunWith(`apiVersion: v1
kind: Secret
metadata: {name: shop-token, annotations: {kubernetes.io/service-account.name: shop}}
type: kubernetes.io/service-account-token`, "create", "-f", "-")
	admin.Eventually("ZXlK", "get", "secret", "shop-token", "-o", "jsonpath={.data.token}")
	token, err := base64.StdEncoding.DecodeString(
		admin.Run("get", "secret", "shop-token", "-o", "jsonpath={.data.token}"))
	if err != nil {
		t.Fatal(err)
	}
	Expect(t, server.WithToken(t, string(token)).Run("auth", "whoami"),
		"system:serviceaccount:default:shop")
	admin.Run("delete", "serviceaccount", "shop")
	admin.Eventually("not found", "get", "secret", "shop-token")
}

func TestSharedAnotherServerLeadsSoonAfterTheLeaderWasKilled(t *testing.T) {
	dsn := freshDSN(t)
	servers := map[string]*Server{}
	first := Start(t, "--datastore-endpoint", dsn)
	holder := []string{"-n", "kube-system", "get", "lease", "kube-controller-manager", "-o",
		"jsonpath={.spec.holderIdentity}"}
	admin := first.Admin(t)
	admin.Eventually("_", holder...)
	servers[admin.Run(holder...)] = first
	second := Start(t, "--datastore-endpoint", dsn, "--token", first.Token(t))
	admin.Eventually(portOf(second), "get", "endpoints", "kubernetes", "-o",
		"jsonpath={.subsets[*].ports[*].port}")
	there := admin.At(second)
	before := there.Run(holder...)
	if servers[before] != first {
		t.Fatalf("the second leads though the first lives: %s", before)
	}
	killed := time.Now()
	first.Kill()
	there.Run("create", "namespace", "shop")
	there.Eventually("serviceaccount/default", "-n", "shop", "get", "serviceaccounts", "-o", "name")
	if took := time.Since(killed); took > 17*time.Second {
		t.Errorf("it took %v", took)
	}
	if after := there.Run(holder...); after == before {
		t.Errorf("the lease is still %s's", after)
	}
	// The one that is gone is told no longer.
	there.Eventually(portOf(second), "get", "endpointslice", "kubernetes", "-o", "jsonpath={.ports[*].port}")
	there.Eventually("No resources found", "get", "endpointslices", "--field-selector",
		"metadata.name=kubernetes-"+portOf(first))
}

func TestSharedAServerThatStopsLetsAnotherLeadAtOnce(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn)
	first.Admin(t).Eventually("serviceaccount/default", "get", "serviceaccounts", "-o", "name")
	second := Start(t, "--datastore-endpoint", dsn, "--token", first.Token(t))
	there := second.Admin(t)
	stopped := time.Now()
	first.Stop(t)
	there.Run("create", "namespace", "shop")
	there.Eventually("serviceaccount/default", "-n", "shop", "get", "serviceaccounts", "-o", "name")
	if took := time.Since(stopped); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
}

func portOf(s *Server) string { return s.URL[strings.LastIndex(s.URL, ":")+1:] }
