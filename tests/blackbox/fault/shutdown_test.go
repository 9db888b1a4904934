package fault

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestSecondServerOnTheSameFileIsRefused(t *testing.T) {
	server.OnlyKvshim(t, "etcd waits for its file's lock")
	server.OnlySQLite(t, "the file belongs to one server")
	first := server.Start(t)
	ctx := server.Context(t)
	file := "sqlite://" + filepath.Join(first.Directory, "state.db")
	second := server.New(t, server.Options{Endpoint: file})
	begin := time.Now()
	expect.True(t, second.TryLaunch() != nil, "two servers on one file")
	expect.True(t, time.Since(begin) < 10*time.Second, "refused after ", time.Since(begin))
	log := second.LogTail(4096)
	expect.Contains(t, log, "state.db", "says which file")
	expect.True(t, strings.Contains(log, "another") || strings.Contains(log, "lock") ||
		strings.Contains(log, "in use"), "says why: ", log)
	expect.Value(first.Client(t).Put(ctx, "k", "v"))(t)
	expect.NoError(t, first.Stop(10*time.Second))
	second.Launch(t)
	got := expect.Value(second.Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, int64(1), got.Count, "free again once the first has ended")
	second.Kill() // no lock survives a kill
	first.Launch(t)
}

func TestTerminationDrainsAndEndsWithinSeconds(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := server.Start(t)
		book := newLedger()
		ctx := server.Context(t)
		watch := s.Client(t).Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
		<-watch // an open stream must not hold the server back
		lease := expect.Value(s.Client(t).Grant(ctx, 60))(t)
		expect.Value(s.Client(t).KeepAlive(ctx, lease.ID))(t)
		writers := book.load(t, s, 8, nil)
		expect.Eventually(t, 10*time.Second, func() bool { return book.acknowledged() > 50 }, "writes")
		begin := time.Now()
		expect.NoError(t, s.Signal(signal))
		if s.Options.Flavor == server.Kvshim {
			expect.NoError(t, s.WaitForExit(5*time.Second), "exit code 0 after ", signal)
		} else {
			s.WaitForExit(10 * time.Second)
		}
		t.Logf("ended %v after %v", time.Since(begin), signal)
		writers.Wait()
		s.Launch(t)
		book.audit(t, s, 2)
		s.Kill()
	}
}

func TestPutsUnderTerminationAreAnsweredOrUnavailable(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	client := s.Client(t)
	expect.Value(client.Put(ctx, "k", "v"))(t)
	raw := pb.NewKVClient(s.Connection(t)) // which does not try again, as clientv3 does
	failures := make(chan error, 1)
	go func() {
		for {
			if _, err := raw.Put(ctx, &pb.PutRequest{Key: []byte("k")}); err != nil {
				failures <- err
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	expect.NoError(t, s.Signal(syscall.SIGTERM))
	err := <-failures
	code, text := expect.Split(err)
	expect.Equal(t, codes.Unavailable, code, text)
	s.WaitForExit(10 * time.Second)
	// A client that keeps trying gets through once the server is back.
	s.Launch(t)
	expect.Eventually(t, 10*time.Second, func() bool {
		_, err := client.Put(ctx, "k", "again")
		return err == nil
	}, "the same client goes on")
}

func TestDamagedFilesAreRefusedNotServed(t *testing.T) {
	server.OnlyKvshim(t, "the files are our own")
	server.OnlySQLite(t, "the file is ours to damage")
	s := server.Start(t)
	ctx := server.Context(t)
	for range 500 {
		expect.Value(s.Client(t).Put(ctx, "k", strings.Repeat("v", 1000)))(t)
	}
	expect.NoError(t, s.Stop(10*time.Second))
	file := filepath.Join(s.Directory, "state.db")
	good := expect.Value(os.ReadFile(file))(t)
	expect.True(t, len(good) > 100_000, "the file holds the data: ", len(good))
	for name, damage := range map[string]func([]byte) []byte{
		"garbage at its head": func(b []byte) []byte { return append([]byte("garbage"), b[7:]...) },
		"cut in half":         func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
	} {
		bad := damage(append([]byte{}, good...))
		expect.NoError(t, os.WriteFile(file, bad, 0o600))
		expect.True(t, s.TryLaunch() != nil, "served a file with ", name)
		expect.Contains(t, s.LogTail(4096), "state.db", "names the file with ", name)
	}
	expect.NoError(t, os.WriteFile(file, good, 0o600))
	s.Launch(t)
	got := expect.Value(s.Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, int64(501), got.Header.Revision, "the good file serves again")
}

// A disk that takes no more, as a limit on file size makes it: the server may refuse writes or end,
// but what it acknowledged is there when it can write again.
func TestFullDiskLosesNoAcknowledgedWrite(t *testing.T) {
	server.OnlyKvshim(t, "etcd allocates its files beforehand")
	server.OnlySQLite(t, "the limit holds for the server alone")
	s := server.Start(t, server.Options{Wrapper: []string{"/bin/sh", "-c",
		`trap "" XFSZ; ulimit -f 8192; exec "$0" "$@"`}}) // 4 MiB
	ctx := server.Context(t)
	raw := pb.NewKVClient(s.Connection(t))
	value := strings.Repeat("v", 50_000)
	acknowledged := map[string]int64{}
	var refusal error
	for i := 0; i < 1000 && refusal == nil; i++ {
		key := fmt.Sprint("k", i)
		put, err := raw.Put(ctx, &pb.PutRequest{Key: []byte(key), Value: []byte(value)})
		if refusal = err; err == nil {
			acknowledged[key] = put.Header.Revision
		}
	}
	expect.True(t, refusal != nil, "50 MB fit into 4")
	code, text := expect.Split(refusal)
	expect.True(t, code == codes.Unavailable || code == codes.ResourceExhausted, "refused clearly: ",
		code, text)
	s.Kill()
	s.Options.Wrapper = nil
	s.Launch(t)
	client := s.Client(t)
	for key, revision := range acknowledged {
		got := expect.Value(client.Get(ctx, key))(t)
		expect.True(t, got.Count == 1 && got.Kvs[0].ModRevision == revision &&
			string(got.Kvs[0].Value) == value, "lost ", key)
	}
	expect.Value(client.Put(ctx, "k", "v"))(t)
}
