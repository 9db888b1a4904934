package kubectl

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What lies in the files of the server's SQLite database, its write-ahead log included.
func stored(t *testing.T, dataDir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dataDir, "server/db/state.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no database in %s: %v", dataDir, err)
	}
	all := ""
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all += string(content)
	}
	return all
}

// SecretsEncrypt runs `kvplane secrets-encrypt` at the server.
func (s *Server) SecretsEncrypt(t testing.TB, action string) string {
	t.Helper()
	out, err := exec.Command(Binary(t), "secrets-encrypt", action, "--data-dir", s.DataDir).CombinedOutput()
	if err != nil {
		t.Fatalf("secrets-encrypt %s: %v\n%s", action, err, out)
	}
	return string(out)
}

func TestSecretsLieEncryptedInTheDatabase(t *testing.T) {
	s := Start(t, "--secrets-encryption")
	admin := s.Admin(t)
	admin.Run("create", "secret", "generic", "a", "--from-literal=password=hunter2-plain")
	admin.Run("create", "configmap", "a", "--from-literal=word=configmap-plain")
	Expect(t, admin.Run("get", "secret", "a", "-o", "go-template={{.data.password | base64decode}}"),
		"hunter2-plain")
	s.Stop(t)
	content := stored(t, s.DataDir)
	Expect(t, content, "k8s:enc:aesgcm:v1:aesgcmkey-1:", "configmap-plain")
	if strings.Contains(content, "hunter2-plain") {
		t.Error("the secret lies in the database as it is")
	}
	again := StartIn(t, s.DataDir, "--secrets-encryption")
	Expect(t, again.Admin(t).Run("get", "secret", "a", "-o", "go-template={{.data.password | base64decode}}"),
		"hunter2-plain")
}

func TestSecretsEncryptionIsChangedWhileServersRun(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	const read = "go-template={{.data.password | base64decode}}"
	admin.Run("create", "secret", "generic", "before", "--from-literal=password=one")
	Expect(t, s.SecretsEncrypt(t, "status"), "Disabled, no keys were made")
	s.Stop(t)

	s = StartIn(t, s.DataDir, "--secrets-encryption")
	admin = s.Admin(t)
	Expect(t, admin.Run("get", "secret", "before", "-o", read), "one")
	Expect(t, s.SecretsEncrypt(t, "status"), "Encryption Status: Enabled", "1 not", "AES-GCM   aesgcmkey-1")
	watch := admin.Background("get", "secrets", "-w", "-o", "name")
	watch.Await(t, "secret/before")
	Expect(t, s.SecretsEncrypt(t, "reencrypt"), "1 as they are to be stored, 0 not")
	Expect(t, s.SecretsEncrypt(t, "rotate-keys"), " *      AES-GCM   aesgcmkey-2", "        AES-GCM   aesgcmkey-1")
	admin.Run("create", "secret", "generic", "after", "--from-literal=password=two")
	watch.Await(t, "secret/after")
	Expect(t, admin.Run("get", "secret", "before", "-o", read), "one")
	Expect(t, admin.Run("get", "secret", "after", "-o", read), "two")
	Expect(t, s.SecretsEncrypt(t, "disable"), "Encryption Status: Disabled", "2 not")
	Expect(t, s.SecretsEncrypt(t, "reencrypt"), "2 as they are to be stored, 0 not")
	s.Stop(t)
	// Turned off for the cluster, its servers need the flag no longer.
	Expect(t, StartIn(t, s.DataDir).Admin(t).Run("get", "secret", "after", "-o", read), "two")
}

func TestOnlyAdministratorsMayChangeTheEncryption(t *testing.T) {
	s := Start(t, "--secrets-encryption")
	admin := s.Admin(t)
	admin.Run("create", "serviceaccount", "shop")
	token := admin.Run("create", "token", "shop")
	Expect(t, s.WithToken(t, token).Refused("get", "--raw", "/v1-kvplane/secrets-encryption"), "Forbidden")
}

func TestSharedServersMustAgreeOnEncryption(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn, "--secrets-encryption")
	token := first.Token(t)
	Expect(t, Refusal(t, "--datastore-endpoint", dsn, "--token", token),
		"--secrets-encryption: this cluster encrypts its secrets; all its servers need the flag")
	second := Start(t, "--datastore-endpoint", dsn, "--token", token, "--secrets-encryption")
	admin := first.Admin(t)
	const read = "go-template={{.data.password | base64decode}}"
	admin.Run("create", "secret", "generic", "a", "--from-literal=password=one")
	Expect(t, admin.At(second).Run("get", "secret", "a", "-o", read), "one")
	Expect(t, first.SecretsEncrypt(t, "rotate-keys"), "aesgcmkey-2")
	// The other server has not been told; it finds out as it goes.
	admin.At(second).Run("create", "secret", "generic", "b", "--from-literal=password=two")
	Expect(t, admin.Run("get", "secret", "b", "-o", read), "two")
	Expect(t, second.SecretsEncrypt(t, "status"), "2 as they are to be stored, 0 not", " *      AES-GCM   aesgcmkey-2")
}
