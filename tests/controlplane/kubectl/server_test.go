package kubectl

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestItTellsItsVersionAndHealth(t *testing.T) {
	admin := Start(t).Admin(t)
	Expect(t, admin.Run("version"), "Server Version: v1.36")
	for _, page := range []string{"/healthz", "/livez", "/readyz"} {
		if said := admin.Run("get", "--raw", page); said != "ok" {
			t.Errorf("%s: %s", page, said)
		}
		Expect(t, admin.Run("get", "--raw", page+"?verbose"), page[1:]+" check passed")
	}
	Expect(t, admin.Run("get", "--raw", "/metrics"), "apiserver_request_total{")
	Expect(t, admin.Run("get", "--raw", "/openid/v1/jwks"), `"alg":"ES256"`)
}

func TestWhatIsWrittenIsForItsOwnerAlone(t *testing.T) {
	s := Start(t)
	for _, name := range []string{"server/token", "server/node-token", "server/db/state.db", "kubeconfig.yaml"} {
		info, err := os.Stat(filepath.Join(s.DataDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}

func TestARestartIsTheSameCluster(t *testing.T) {
	first := Start(t)
	token := first.Token(t)
	first.Admin(t).Run("create", "configmap", "kept", "--from-literal=a=b")
	before, err := os.ReadFile(first.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	first.Stop(t)
	second := StartIn(t, first.DataDir)
	if second.Token(t) != token {
		t.Error("the token changed")
	}
	old := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(old, before, 0o600); err != nil {
		t.Fatal(err)
	}
	client := &Client{t: t, folder: ofOurMinor(), home: t.TempDir(), args: []string{"--kubeconfig", old}}
	Expect(t, client.At(second).Run("get", "configmap", "kept", "-o", "yaml"), "a: b")
}

func TestItEndsWhileAWatchIsOpen(t *testing.T) {
	s := Start(t)
	watch := s.Admin(t).Background("get", "namespaces", "-w")
	watch.Await(t, "kube-system")
	begun := time.Now()
	s.Stop(t)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestSettingsThatCannotBeAreNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "nothing")
	for _, one := range []struct{ flags, says string }{
		{"--service-cidr=10.43.0.0", "--service-cidr: '10.43.0.0' is no network"},
		{"--service-cidr=10.42.1.0/24", "overlaps --cluster-cidr"},
		{"--cluster-dns=1.2.3.4", "--cluster-dns: 1.2.3.4 is not in --service-cidr"},
		{"--token=K10abc::server:x", "--token: the text is not a token"},
		{"--token-file=" + empty, "--token-file: cannot read"},
		{"--tls-san=a,b c", "--tls-san: 'b c' is no host name"},
		{"--datastore-endpoint=nonsense", "'nonsense' names no kind of datastore"},
		{"--datastore-cafile=" + empty, "--datastore-cafile: cannot read"},
		{"--datastore-certfile=" + empty, "belong together"},
		{"--write-kubeconfig-mode=rw", "is no mode"},
		{"--config-file=" + empty, "--config-file: "},
		{"--bind-address=192.0.2.7", "--bind-address, --https-listen-port: cannot listen"},
	} {
		Expect(t, Refusal(t, one.flags), one.says)
	}
}

func TestSettingsComeFromFlagsTheEnvironmentAndAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	kubeconfig := filepath.Join(t.TempDir(), "mine")
	content := "token: from-file\ncluster-domain: file.local\ntls-san:\n  - one.example.org\n" +
		"write-kubeconfig: " + kubeconfig + "\nwrite-kubeconfig-mode: \"0640\"\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KVPLANE_TOKEN", "from-environment")
	t.Setenv("KVPLANE_CLUSTER_DOMAIN", "environment.local")
	s := Start(t, "--config-file", file, "--cluster-domain", "flag.local")
	if !strings.HasSuffix(s.Token(t), "::server:from-environment") {
		t.Errorf("the token is %s", s.Token(t))
	}
	Expect(t, s.Admin(t).Run("get", "--raw", "/.well-known/openid-configuration"), "svc.flag.local")
	if info, err := os.Stat(kubeconfig); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the kubeconfig: %v %v", info, err)
	}
}

func TestANewClusterHasWhatEveryClusterHas(t *testing.T) {
	admin := Start(t).Admin(t)
	Expect(t, admin.Run("get", "service", "kubernetes", "-n", "default"), "10.43.0.1", "443/TCP")
	Expect(t, admin.Run("get", "priorityclasses"), "system-cluster-critical", "2000001000")
	Expect(t, admin.Run("get", "clusterroles"), "cluster-admin", "system:discovery", "view")
	Expect(t, admin.Run("get", "clusterrolebindings", "-o", "wide"), "system:masters")
	Expect(t, admin.Run("get", "configmap", "extension-apiserver-authentication", "-n", "kube-system",
		"-o", "yaml"), "requestheader-client-ca-file", "BEGIN CERTIFICATE")
	Expect(t, admin.Run("describe", "clusterrole", "admin"), "rolebindings.rbac.authorization.k8s.io")
}

func TestItSpeaksTLSOnly(t *testing.T) {
	s := Start(t)
	response, err := http.Get(strings.Replace(s.URL, "https", "http", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("the status is %s", response.Status)
	}
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, userGroups: ["system:serviceaccounts"]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse, resources: [{group: "", resources: [configmaps]}], namespaces: [default]}
- {level: Request, verbs: [create], resources: [{group: "", resources: [services]}]}
`

func TestAnAuditPolicySaysWhatIsLogged(t *testing.T) {
	dir := t.TempDir()
	policy, path := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Start(t, "--audit-policy-file", policy, "--audit-log-path", path)
	admin := s.Admin(t)
	admin.Run("create", "configmap", "told", "--from-literal=a=in-the-open")
	admin.Run("create", "secret", "generic", "kept", "--from-literal=a=hidden")
	admin.Run("create", "configmap", "elsewhere", "-n", "kube-system", "--from-literal=a=not-told")
	admin.Run("create", "service", "clusterip", "web", "--tcp=80")
	s.Stop(t)
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var maps, secrets, services, others int
	for _, line := range strings.Split(strings.TrimSpace(string(log)), "\n") {
		var event struct {
			Level, Stage, Verb            string
			ObjectRef                     struct{ Resource, Name, Namespace string }
			RequestObject, ResponseObject map[string]any
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		switch resource := event.ObjectRef.Resource; {
		case resource == "configmaps" && event.Verb == "create":
			maps++
			if event.Level != "RequestResponse" || event.ObjectRef.Namespace != "default" ||
				event.RequestObject["data"].(map[string]any)["a"] != "in-the-open" {
				t.Errorf("the config map: %s", line)
			}
			metadata := event.ResponseObject["metadata"].(map[string]any)
			if metadata["uid"] == nil || metadata["managedFields"] != nil {
				t.Errorf("the answer: %s", line)
			}
		case resource == "secrets":
			secrets++
			if event.Level != "Metadata" || event.RequestObject != nil || event.ResponseObject != nil {
				t.Errorf("the secret: %s", line)
			}
		case resource == "services" && event.Verb == "create":
			services++
			if event.RequestObject == nil || event.ResponseObject != nil {
				t.Errorf("the service: %s", line)
			}
		case resource != "configmaps":
			others++
		}
		if event.Stage != "ResponseComplete" && event.Stage != "ResponseStarted" {
			t.Errorf("the stage %s", event.Stage)
		}
	}
	if maps != 1 || secrets == 0 || services == 0 || others != 0 {
		t.Errorf("%d config maps, %d secrets, %d services, %d others", maps, secrets, services, others)
	}
	if strings.Contains(string(log), "hidden") {
		t.Error("a secret's body is logged")
	}
}

func TestAnAuditPolicyThatIsWrongIsRefused(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	content := strings.Replace(auditPolicy, "level: Request,", "level: Requests,", 1)
	if err := os.WriteFile(policy, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	Expect(t, Refusal(t, "--audit-policy-file", policy, "--audit-log-path", "-"), "--audit-policy-file: ", policy,
		`rules[3].level: \"Requests\" is no level; it may be one of None, Metadata, Request, RequestResponse`)
	Expect(t, Refusal(t, "--audit-policy-file", policy), "rules[3].level")
}

func TestTheAuditLogTellsWhoDidWhat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	s := Start(t, "--audit-log-path", path)
	admin := s.Admin(t)
	admin.Run("create", "configmap", "a")
	admin.Refused("get", "secrets", "--as", "bob")
	s.WithToken(t, "nonsense").Refused("get", "--raw", "/readyz")
	s.Stop(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	Expect(t, string(content),
		`"verb":"create","user":{"username":"system:admin","groups":["system:masters","system:authenticated"]},"sourceIPs":["127.0.0.1"]`,
		`"objectRef":{"resource":"configmaps","namespace":"default","apiVersion":"v1"}`,
		`"impersonatedUser":{"username":"bob","groups":["system:authenticated"]},"responseStatus":{"metadata":{},"code":403}`,
		`"requestURI":"/readyz","verb":"get","user":{"username":""}`)
}

func TestTokenNeedsAServer(t *testing.T) {
	out, err := exec.Command(Binary(t), "token", "--data-dir", t.TempDir()).CombinedOutput()
	if err == nil {
		t.Error("there is a token without a server")
	}
	Expect(t, string(out), "Has a server run with this --data-dir?")
}
