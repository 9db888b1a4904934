package kubectl

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// A database that does not exist yet, on the server that tests share; see
// tests/blackbox/database/shared.go for the file that names it.
func freshDSN(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(os.Getenv("KVSHIM_DATABASES"))
	if err != nil {
		t.Fatalf("KVSHIM_DATABASES: %v", err)
	}
	variable := strings.ToUpper(os.Getenv("DATABASE")) + "_DSN="
	for line := range strings.Lines(string(content)) {
		if prefix, found := strings.CutPrefix(strings.TrimSpace(line), variable); found {
			return fmt.Sprintf("%skvplane_%d_%08x", prefix, os.Getpid(), rand.Uint32())
		}
	}
	t.Fatalf("there is no %s", variable)
	return ""
}

func TestSharedTwoServersAreOneCluster(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn)
	second := Start(t, "--datastore-endpoint", dsn, "--token", first.Token(t))
	if first.Token(t) != second.Token(t) {
		t.Error("the servers have different tokens")
	}
	// One server's administrator and service accounts are the other's.
	admin := first.Admin(t)
	admin.Run("create", "configmap", "a", "--from-literal=x=y")
	there := admin.At(second)
	Expect(t, there.Run("get", "configmap", "a", "-o", "jsonpath={.data.x}"), "y")
	admin.Run("create", "serviceaccount", "shop")
	token := there.Run("create", "token", "shop")
	Expect(t, first.WithToken(t, token).Run("auth", "whoami"), "system:serviceaccount:default:shop")

	watch := there.Background("get", "configmaps", "-w", "-o", "name")
	watch.Await(t, "configmap/a")
	admin.Run("create", "configmap", "b")
	watch.Await(t, "configmap/b")
	first.Kill()
	there.Run("create", "configmap", "c")
	watch.Await(t, "configmap/c")
}

func TestSharedAServerThatDoesNotFitIsRefusedByName(t *testing.T) {
	dsn := freshDSN(t)
	first := Start(t, "--datastore-endpoint", dsn)
	token := first.Token(t)
	password := token[strings.LastIndex(token, ":")+1:]
	Expect(t, Refusal(t, "--datastore-endpoint", dsn),
		"--token: the datastore holds a cluster that was founded with another token")
	Expect(t, Refusal(t, "--datastore-endpoint", dsn, "--token", "wrong"), "another token")
	Expect(t, Refusal(t, "--datastore-endpoint", dsn, "--token",
		"K10"+strings.Repeat("0", 64)+"::server:"+password), "is not that of this cluster's CA")
	Expect(t, Refusal(t, "--datastore-endpoint", dsn, "--token", token, "--cluster-cidr", "10.99.0.0/16"),
		"give --cluster-cidr 10.42.0.0/16")
	Start(t, "--datastore-endpoint", dsn, "--token", password)
}

func TestSharedServersThatStartAtOnceAreOneCluster(t *testing.T) {
	dsn := freshDSN(t)
	servers := make(chan *Server)
	for range 3 {
		go func() { servers <- Start(t, "--datastore-endpoint", dsn, "--token", "s3cret") }()
	}
	tokens := map[string]bool{}
	for range 3 {
		tokens[(<-servers).Token(t)] = true
	}
	if len(tokens) != 1 {
		t.Errorf("they are clusters of their own: %v", tokens)
	}
}
