package kubectl

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnEtcdHoldsACluster(t *testing.T) {
	endpoint := URLs(StartEtcd(t, 1))
	first := Start(t, "--datastore-endpoint", endpoint)
	second := Start(t, "--datastore-endpoint", endpoint, "--token", first.Token(t))
	admin := first.Admin(t)
	admin.Run("create", "configmap", "first")
	watch := admin.At(second).Background("get", "configmaps", "-w", "-o", "name")
	watch.Await(t, "configmap/first")
	admin.Run("create", "configmap", "a", "--from-literal=x=y")
	watch.Await(t, "configmap/a")
	Expect(t, admin.At(second).Run("get", "configmap", "a", "-o", "jsonpath={.data.x}"), "y")
	admin.At(second).Run("patch", "configmap", "a", "-p", `{"data":{"x":"z"}}`)
	first.Stop(t)
	again := StartIn(t, first.DataDir, "--datastore-endpoint", endpoint)
	Expect(t, again.Admin(t).Run("get", "configmap", "a", "-o", "jsonpath={.data.x}"), "z")
	Expect(t, again.Admin(t).Run("delete", "configmap", "a"), "deleted")
}

// A watch hears everything once and in order, whichever member goes, and what is acknowledged stays.
func TestMembersOfAnEtcdMayGo(t *testing.T) {
	etcds := StartEtcd(t, 3)
	s := Start(t, "--datastore-endpoint", URLs(etcds))
	admin := s.Admin(t)
	admin.Run("create", "configmap", "first")
	watch := admin.Background("get", "configmaps", "-w", "-o", "name")
	watch.Await(t, "configmap/first")
	var wanted []string
	create := func(name string) {
		t.Helper()
		// While a leader is chosen a write may be refused, and may have been done.
		for end := time.Now().Add(patience); ; {
			out, err := admin.try("", "create", "configmap", name)
			if err == nil || strings.Contains(out, "already exists") {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s is never created: %s", name, out)
			}
		}
		wanted = append(wanted, "configmap/"+name)
	}
	for round := range 2 {
		for i, e := range etcds {
			create(fmt.Sprintf("with-%d-%d", round, i))
			e.Kill()
			create(fmt.Sprintf("without-%d-%d", round, i))
			e.StartAgain(t)
		}
	}
	watch.Await(t, wanted...)
	var heard []string
	for _, name := range strings.Fields(watch.out.String()) {
		if strings.HasPrefix(name, "configmap/with") {
			heard = append(heard, name)
		}
	}
	if !slices.Equal(heard, wanted) {
		t.Errorf("the watch heard %v, not %v", heard, wanted)
	}
	list := admin.Run("get", "configmaps", "-o", "name")
	Expect(t, list, wanted...)
}

func TestAnEtcdIsSpokenToOverTLS(t *testing.T) {
	dir := Certificates(t)
	ca, cert, key := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	endpoint := URLs(StartEtcd(t, 1, "--cert-file", cert, "--key-file", key, "--trusted-ca-file", ca,
		"--client-cert-auth"))
	s := Start(t, "--datastore-endpoint", endpoint, "--datastore-cafile", ca, "--datastore-certfile", cert,
		"--datastore-keyfile", key)
	Expect(t, s.Admin(t).Run("get", "namespaces"), "kube-system")
}

func TestAKvshimServesAsEtcd(t *testing.T) {
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	command := exec.Command(os.Getenv("KVSHIM_BIN"), "serve", "--endpoint", "sqlite://"+dir+"/state.db",
		"--listen-address", "127.0.0.1:0", "--metrics-bind-address", "0", "--state-dir", dir, "--ready-file", ready)
	out := &log{}
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	var told struct {
		URLs []string `json:"client_urls"`
	}
	for end := time.Now().Add(patience); len(told.URLs) == 0; time.Sleep(5 * time.Millisecond) {
		if content, err := os.ReadFile(ready); err == nil {
			if err := json.Unmarshal(content, &told); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(end) {
			t.Fatalf("kvshim does not serve:\n%s", out)
		}
	}
	admin := Start(t, "--datastore-endpoint", told.URLs[0], "--secrets-encryption").Admin(t)
	admin.Run("create", "secret", "generic", "a", "--from-literal=password=one")
	Expect(t, admin.Run("get", "secret", "a", "-o", "go-template={{.data.password | base64decode}}"), "one")
	Expect(t, admin.Run("create", "service", "clusterip", "web", "--tcp=80"), "created")
}
