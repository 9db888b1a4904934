package server

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Context bounds one test's calls.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Client is a clientv3 client of the server, closed when the test ends.
func (s *Server) Client(t testing.TB) *clientv3.Client {
	t.Helper()
	return s.TLSClient(t, nil)
}

// TLSClient is Client over TLS.
func (s *Server) TLSClient(t testing.TB, config *tls.Config) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{
		Endpoints:          []string{s.URL()},
		DialTimeout:        5 * time.Second,
		TLS:                config,
		Logger:             zap.NewNop(),
		MaxCallSendMsgSize: 64 << 20,
		BackoffWaitBetween: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatalf("connecting to %s: %v", s.URL(), err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Connection is a plain gRPC connection to the server, without clientv3's retries.
func (s *Server) Connection(t testing.TB) *grpc.ClientConn {
	t.Helper()
	target := strings.TrimPrefix(s.URL(), "http://")
	connection, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(256<<20), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatalf("connecting to %s: %v", target, err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}
