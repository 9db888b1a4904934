// Package endpoint tests how the server is reached: HTTP beside gRPC on one port, TLS and client
// certificates, unix sockets, and the errors of a command line that cannot be served.
package endpoint

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	answer, err := client.Get(url)
	expect.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode, string(expect.Value(io.ReadAll(answer.Body))(t))
}

func TestHealthAndVersionAreServedOverHTTP(t *testing.T) {
	s := server.Start(t)
	plain := &http.Client{Timeout: 5 * time.Second}
	for _, base := range []string{s.URL(), s.MetricsURL()} {
		code, body := get(t, plain, base+"/health")
		expect.Equal(t, 200, code, base, body)
		var health struct{ Health string }
		expect.NoError(t, json.Unmarshal([]byte(body), &health))
		expect.Equal(t, "true", health.Health)
		if base == s.MetricsURL() && s.Options.Flavor == server.Etcd {
			continue
		}
		code, body = get(t, plain, base+"/version")
		expect.Equal(t, 200, code, base)
		var version map[string]string
		expect.NoError(t, json.Unmarshal([]byte(body), &version))
		expect.True(t, strings.HasPrefix(version["etcdserver"], "3."), version)
		expect.True(t, strings.HasPrefix(version["etcdcluster"], "3."), version)
	}
	status := expect.Value(s.Client(t).Status(server.Context(t), s.URL()))(t)
	_, body := get(t, plain, s.URL()+"/version")
	expect.Contains(t, body, `"etcdserver":"`+status.Version+`"`, "the same version everywhere")
}

func TestLivenessAndReadinessAreServedOverHTTP(t *testing.T) {
	server.OnlyKvshim(t, "3.4 has /health only")
	s := server.Start(t)
	plain := &http.Client{Timeout: 5 * time.Second}
	for _, base := range []string{s.URL(), s.MetricsURL()} {
		for _, path := range []string{"/livez", "/readyz", "/livez?verbose", "/readyz?verbose",
			"/health?serializable=true", "/health?exclude=NOSPACE"} {
			code, body := get(t, plain, base+path)
			expect.Equal(t, 200, code, base+path, body)
			if strings.HasSuffix(path, "z") {
				expect.Equal(t, "ok", strings.TrimSpace(body), path)
			}
			if strings.HasSuffix(path, "verbose") {
				expect.Contains(t, body, "ok", path)
			}
		}
		code, _ := get(t, plain, base+"/no-such-page")
		expect.Equal(t, 404, code)
	}
}

func TestHealthTellsOfTheAlarm(t *testing.T) {
	s := server.Start(t, server.Options{Quota: 4 << 20})
	client := s.Client(t)
	ctx := server.Context(t)
	value := strings.Repeat("v", 1_000_000)
	for range 50 {
		if _, err := client.Put(ctx, "k", value); err != nil {
			break
		}
	}
	plain := &http.Client{Timeout: 5 * time.Second}
	code, body := get(t, plain, s.MetricsURL()+"/health")
	expect.Equal(t, 503, code, body)
	expect.Contains(t, body, `"health":"false"`)
	if s.Options.Flavor == server.Kvshim {
		code, body = get(t, plain, s.MetricsURL()+"/health?exclude=NOSPACE")
		expect.Equal(t, 200, code, body)
		code, _ = get(t, plain, s.MetricsURL()+"/livez")
		expect.Equal(t, 200, code, "a full server is alive")
	}
	expect.Value(client.AlarmDisarm(ctx, &clientv3.AlarmMember{}))(t)
}

func TestMetricsCarryEtcdsNames(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for range 10 {
		expect.Value(client.Put(ctx, "k", "v"))(t)
	}
	expect.Value(client.Get(ctx, "k"))(t)
	expect.Value(client.Delete(ctx, "k"))(t)
	watch := client.Watch(ctx, "k", clientv3.WithCreatedNotify())
	<-watch
	plain := &http.Client{Timeout: 5 * time.Second}
	for _, base := range []string{s.URL(), s.MetricsURL()} {
		code, body := get(t, plain, base+"/metrics")
		expect.Equal(t, 200, code)
		for _, name := range []string{"etcd_server_has_leader 1", "etcd_server_is_leader 1",
			"etcd_server_leader_changes_seen_total", "etcd_server_proposals_committed_total",
			"etcd_server_proposals_pending", "etcd_server_proposals_failed_total",
			"etcd_server_quota_backend_bytes", "etcd_server_version{server_version=",
			"etcd_server_id{server_id=", "etcd_mvcc_db_total_size_in_bytes",
			"etcd_mvcc_db_total_size_in_use_in_bytes", "etcd_disk_wal_fsync_duration_seconds_bucket",
			"etcd_disk_backend_commit_duration_seconds_bucket", "etcd_network_client_grpc_sent_bytes_total",
			"etcd_network_client_grpc_received_bytes_total", "etcd_debugging_mvcc_keys_total",
			"etcd_debugging_mvcc_watcher_total", "etcd_debugging_mvcc_slow_watcher_total",
			"etcd_debugging_mvcc_pending_events_total", "etcd_debugging_mvcc_events_total",
			"grpc_server_started_total{", "grpc_server_handled_total{", "process_resident_memory_bytes",
			"process_open_fds", "process_cpu_seconds_total", "process_start_time_seconds"} {
			expect.Contains(t, body, "\n"+name, base)
		}
		expect.Contains(t, body,
			`grpc_server_handled_total{grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 10`)
		if s.Options.Flavor == server.Kvshim {
			for _, name := range []string{"etcd_mvcc_put_total 10", "etcd_mvcc_delete_total 1",
				"etcd_mvcc_range_total", "etcd_mvcc_txn_total", "etcd_server_slow_apply_total",
				"etcd_debugging_mvcc_watcher_total 1"} {
				expect.Contains(t, body, "\n"+name, base)
			}
		}
	}
}

// Whatever else reaches the port must neither hang the server nor end it.
func TestPortSurvivesStrangers(t *testing.T) {
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for _, text := range []string{"", "\x00", "GET", "GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff", "SSH-2.0-x\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", strings.Repeat("\xff", 100_000),
		"GET /" + strings.Repeat("a", 200_000) + " HTTP/1.1\r\n\r\n",
		"POST /health HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n",
		"GET /health HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: b\r\n", 50_000) + "\r\n"} {
		for _, halfClose := range []bool{false, true} {
			connection := expect.Value(net.DialTimeout("tcp", s.Address(), 5*time.Second))(t)
			connection.SetDeadline(time.Now().Add(300 * time.Millisecond))
			io.WriteString(connection, text)
			if halfClose {
				connection.(*net.TCPConn).CloseWrite()
			}
			io.Copy(io.Discard, io.LimitReader(connection, 1<<20))
			connection.Close()
		}
	}
	var idle []net.Conn // connections that say nothing
	for range 200 {
		idle = append(idle, expect.Value(net.DialTimeout("tcp", s.Address(), 5*time.Second))(t))
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	expect.Value(client.Put(short, "k", "v"))(t)
	expect.Value(s.Client(t).Get(short, "k"))(t)
	plain := &http.Client{Timeout: 5 * time.Second}
	code, _ := get(t, plain, s.URL()+"/health")
	expect.Equal(t, 200, code)
	for _, connection := range idle {
		connection.Close()
	}
}
