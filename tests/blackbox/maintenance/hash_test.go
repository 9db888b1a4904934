package maintenance

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

func TestHashKVDependsOnTheHistoryAlone(t *testing.T) {
	first, second := server.Start(t), server.Start(t)
	ctx := server.Context(t)
	hash := func(s *server.Server, revision int64) *pb.HashKVResponse {
		t.Helper()
		raw := pb.NewMaintenanceClient(s.Connection(t))
		return expect.Value(raw.HashKV(ctx, &pb.HashKVRequest{Revision: revision}))(t)
	}
	revision := history(t, first.Client(t))
	// The lease's random id is part of what is hashed: the second takes it from the first.
	lease := expect.Value(first.Client(t).Leases(ctx))(t).Leases[0].ID
	expect.Value(pb.NewLeaseClient(second.Connection(t)).LeaseGrant(ctx,
		&pb.LeaseGrantRequest{ID: int64(lease), TTL: 600}))(t)
	client := second.Client(t)
	watch := first.Client(t).Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(2))
	for at := int64(1); at < revision; {
		response := <-watch
		expect.NoError(t, response.Err())
		var ops []clientv3.Op
		for i, e := range response.Events {
			if e.Type == clientv3.EventTypePut {
				ops = append(ops, clientv3.OpPut(string(e.Kv.Key), string(e.Kv.Value),
					clientv3.WithLease(clientv3.LeaseID(e.Kv.Lease))))
			} else {
				ops = append(ops, clientv3.OpDelete(string(e.Kv.Key)))
			}
			last := i == len(response.Events)-1
			if last || response.Events[i+1].Kv.ModRevision != e.Kv.ModRevision {
				expect.Value(client.Txn(ctx).Then(ops...).Commit())(t)
				ops, at = nil, e.Kv.ModRevision
			}
		}
	}
	for _, at := range []int64{2, 50, revision - 1, revision, 0} {
		expect.Equal(t, hash(first, at).Hash, hash(second, at).Hash, "equal histories at ", at)
	}
	expect.True(t, hash(first, 50).Hash != hash(first, 51).Hash, "each revision counts")
	whole := hash(first, 0)
	expect.Equal(t, hash(first, revision).Hash, whole.Hash, "0 means the newest")
	first.Restart(t)
	expect.Equal(t, whole.Hash, hash(first, 0).Hash, "equal across a restart")

	expect.Value(client.Compact(ctx, 60, clientv3.WithCompactPhysical()))(t)
	expect.Value(first.Client(t).Compact(ctx, 60, clientv3.WithCompactPhysical()))(t)
	compacted := hash(first, revision)
	expect.Equal(t, compacted.Hash, hash(second, revision).Hash, "equal after compaction")
	expect.Equal(t, int64(60), compacted.CompactRevision)
	first.Restart(t)
	expect.Equal(t, compacted.Hash, hash(first, revision).Hash, "and after a restart then")
	raw := pb.NewMaintenanceClient(first.Connection(t))
	_, err := raw.HashKV(ctx, &pb.HashKVRequest{Revision: 59})
	expect.Error(t, rpctypes.ErrGRPCCompacted, err)
	_, err = raw.HashKV(ctx, &pb.HashKVRequest{Revision: revision + 1})
	expect.Error(t, rpctypes.ErrGRPCFutureRev, err)
}

func TestHashIsStableWhileNothingChanges(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	history(t, s.Client(t))
	hash := func() uint32 {
		raw := pb.NewMaintenanceClient(s.Connection(t))
		return expect.Value(raw.Hash(ctx, &pb.HashRequest{}))(t).Hash
	}
	before := hash()
	expect.Equal(t, before, hash())
	expect.Value(s.Client(t).Put(ctx, "k", "changed"))(t)
	changed := hash()
	expect.True(t, before != changed, "a write changes the hash")
	if s.Options.Flavor == server.Kvshim { // etcd hashes its raft state too, which a restart changes
		s.Restart(t)
		expect.Equal(t, changed, hash(), "equal across a restart")
	}
}

func TestSnapshotIsAStreamWithItsDigest(t *testing.T) {
	server.OnlySQLite(t, "a snapshot is the file")
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	for range 5 {
		history(t, client)
	}
	stream := expect.Value(pb.NewMaintenanceClient(s.Connection(t)).Snapshot(ctx,
		&pb.SnapshotRequest{}))(t)
	var blob []byte
	remaining := uint64(1)
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		expect.NoError(t, err)
		blob = append(blob, part.Blob...)
		remaining = part.RemainingBytes
	}
	expect.Equal(t, uint64(0), remaining, "bytes told to remain at the end")
	expect.Equal(t, 32, len(blob)%512, "pages and 32 bytes of digest: ", len(blob))
	digest := sha256.Sum256(blob[:len(blob)-32])
	expect.Equal(t, digest[:], blob[len(blob)-32:], "the last 32 bytes are the SHA-256 of the rest")

	reader := expect.Value(client.Snapshot(ctx))(t)
	size, err := io.Copy(io.Discard, reader)
	expect.NoError(t, err)
	expect.True(t, size > 1024, "size ", size)
}

func TestSnapshotComesWhateverAWatchMayHoldBack(t *testing.T) {
	server.OnlyKvshim(t, "the flag is our own")
	server.OnlySQLite(t, "a snapshot is the file")
	s := server.Start(t, server.Options{Flags: []string{"--watch-stream-buffer", "256MiB"}})
	client := s.Client(t)
	ctx := server.Context(t)
	for i := range 20 {
		expect.Value(client.Put(ctx, fmt.Sprint("k", i), strings.Repeat("v", 1_000_000)))(t)
	}
	blob := expect.Value(io.ReadAll(expect.Value(client.Snapshot(ctx))(t)))(t)
	expect.True(t, len(blob) > 20_000_000, "all of it: ", len(blob))
}

func TestSnapshotIsConsistentUnderWrites(t *testing.T) {
	server.OnlySQLite(t, "a snapshot is the file")
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := client.Put(ctx, "k", "v"); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 5 {
		blob := expect.Value(io.ReadAll(expect.Value(client.Snapshot(ctx))(t)))(t)
		digest := sha256.Sum256(blob[:len(blob)-32])
		expect.Equal(t, digest[:], blob[len(blob)-32:])
	}
	close(stop)
	expect.NoError(t, <-done)
}

func TestUnknownMethodsAreUnimplemented(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	err := s.Connection(t).Invoke(ctx, "/etcdserverpb.KV/NoSuchMethod", &pb.RangeRequest{},
		&pb.RangeResponse{})
	code, _ := expect.Split(err)
	expect.Equal(t, codes.Unimplemented, code)
	err = s.Connection(t).Invoke(ctx, "/no.such.Service/Method", &pb.RangeRequest{},
		&pb.RangeResponse{})
	code, _ = expect.Split(err)
	expect.Equal(t, codes.Unimplemented, code)
}
