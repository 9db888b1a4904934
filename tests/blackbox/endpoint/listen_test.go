package endpoint

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestUnixSocketsAreServed(t *testing.T) {
	server.OnlyKvshim(t, "etcd names its sockets in another way")
	socket := filepath.Join(t.TempDir(), "kvshim.sock")
	s := server.Start(t, server.Options{Listen: "unix://" + socket})
	expect.Equal(t, "unix://"+socket, s.URL())
	client := s.Client(t)
	ctx := server.Context(t)
	expect.Value(client.Put(ctx, "k", "v"))(t)
	watch := client.Watch(ctx, "k", clientv3.WithRev(2))
	expect.Equal(t, "v", string((<-watch).Events[0].Kv.Value))
	s.Kill() // leaves the socket file behind, which must not be in the way
	s.Launch(t)
	expect.Equal(t, "v", string(expect.Value(s.Client(t).Get(ctx, "k"))(t).Kvs[0].Value))
	expect.Value(os.Stat(socket))(t)
}

func TestTakenPortIsRefusedByName(t *testing.T) {
	server.OnlyKvshim(t, "the messages are our own")
	taken := expect.Value(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer taken.Close()
	s := server.New(t, server.Options{Listen: taken.Addr().String()})
	expect.True(t, s.TryLaunch() != nil, "started on a taken port")
	expect.Contains(t, s.LogTail(4096), taken.Addr().String())
}

func TestWrongCommandLinesAreRefusedByName(t *testing.T) {
	server.OnlyKvshim(t, "the flags are our own")
	dir := t.TempDir()
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("text ", 999)), 0o600))
	for _, c := range []struct {
		names   string
		options server.Options
	}{
		{"--no-such-flag", server.Options{Flags: []string{"--no-such-flag"}}},
		{"oracle", server.Options{Endpoint: "oracle://x"}},
		{"--server-key-file", server.Options{Flags: []string{"--server-cert-file", "x.crt"}}},
		{"--quota-backend-bytes", server.Options{Flags: []string{"--quota-backend-bytes", "many"}}},
		{"--log-level", server.Options{Flags: []string{"--log-level", "loud"}}},
		{"text.db", server.Options{Endpoint: "sqlite://" + dir + "/text.db"}},
		{"/proc/nope", server.Options{Endpoint: "sqlite:///proc/nope/state.db"}},
		{"nowhere", server.Options{Listen: "nowhere"}},
	} {
		s := server.New(t, c.options)
		expect.True(t, s.TryLaunch() != nil, "started with ", c.options)
		expect.Contains(t, s.LogTail(4096), c.names, "says why")
	}
}

func TestSettingsComeFromFlagsThenEnvironmentThenFile(t *testing.T) {
	server.OnlyKvshim(t, "the settings are our own")
	file := filepath.Join(t.TempDir(), "kvshim.conf")
	expect.NoError(t, os.WriteFile(file, []byte("quota-backend-bytes = 8MiB\nmax-txn-ops = 3\n"), 0o600))
	for _, c := range []struct {
		want    string
		options server.Options
	}{
		{"8.388608e+06", server.Options{Flags: []string{"--config-file", file}}},
		{"1.6777216e+07", server.Options{Flags: []string{"--config-file", file},
			Environment: []string{"KVSHIM_QUOTA_BACKEND_BYTES=16MiB"}}},
		{"3.3554432e+07", server.Options{Flags: []string{"--config-file", file}, Quota: 32 << 20,
			Environment: []string{"KVSHIM_QUOTA_BACKEND_BYTES=16MiB"}}},
	} {
		s := server.Start(t, c.options)
		_, body := get(t, &http.Client{Timeout: 5 * time.Second}, s.MetricsURL()+"/metrics")
		match := regexp.MustCompile(`(?m)^etcd_server_quota_backend_bytes (\S+)$`).FindStringSubmatch(body)
		expect.True(t, match != nil, "no quota in the metrics")
		want := expect.Value(strconv.ParseFloat(c.want, 64))(t)
		expect.Equal(t, want, expect.Value(strconv.ParseFloat(match[1], 64))(t))
		ctx := server.Context(t)
		_, err := s.Client(t).Txn(ctx).Then(clientv3.OpGet("a"), clientv3.OpGet("b"),
			clientv3.OpGet("c"), clientv3.OpGet("d")).Commit()
		expect.Error(t, rpctypes.ErrTooManyOps, err, "the file's other setting holds")
		s.Kill()
	}
}
