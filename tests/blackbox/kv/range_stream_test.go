package kv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
	"kvshim.test/blackbox/wire"
)

// rangeStream calls KV.RangeStream, which etcd has from 3.7 on: a stream of messages whose field 1
// is a part of the RangeResponse.
func rangeStream(ctx context.Context, t *testing.T, connection *grpc.ClientConn,
	request *pb.RangeRequest) (parts []*pb.RangeResponse, err error) {
	t.Helper()
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true},
		"/etcdserverpb.KV/RangeStream", wire.Option())
	expect.NoError(t, err)
	message := wire.Bytes(expect.Value(request.Marshal())(t))
	expect.NoError(t, stream.SendMsg(&message))
	expect.NoError(t, stream.CloseSend())
	for {
		var received wire.Bytes
		if err := stream.RecvMsg(&received); errors.Is(err, io.EOF) {
			return parts, nil
		} else if err != nil {
			return parts, err
		}
		number, kind, tag := protowire.ConsumeTag(received)
		expect.True(t, number == 1 && kind == protowire.BytesType, "field 1 of a part")
		body, length := protowire.ConsumeBytes(received[tag:])
		expect.Equal(t, len(received), tag+length, "one field in a part")
		part := &pb.RangeResponse{}
		expect.NoError(t, part.Unmarshal(body))
		parts = append(parts, part)
	}
}

func TestRangeStreamMergesIntoTheRange(t *testing.T) {
	server.OnlyKvshim(t, "RangeStream came with 3.7")
	s := server.Start(t)
	client := s.Client(t)
	ctx := server.Context(t)
	value := strings.Repeat("v", 2000)
	for i := 0; i < 5000; i += 100 {
		var puts []clientv3.Op
		for j := i; j < i+100; j++ {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("k%04d", j), value))
		}
		expect.Value(client.Txn(ctx).Then(puts...).Commit())(t)
	}
	connection := s.Connection(t)
	for _, request := range []*pb.RangeRequest{
		{Key: []byte("k"), RangeEnd: []byte("l")},
		{Key: []byte("k"), RangeEnd: []byte("l"), Limit: 1234},
		{Key: []byte("k"), RangeEnd: []byte("l"), KeysOnly: true},
		{Key: []byte("k"), RangeEnd: []byte("l"), CountOnly: true},
		{Key: []byte("k"), RangeEnd: []byte("l"), Revision: 20},
		{Key: []byte("k0001")}, {Key: []byte("missing")}, {Key: []byte("l"), RangeEnd: []byte("k")},
		{Key: []byte("k"), RangeEnd: []byte("l"), Serializable: true},
	} {
		want := expect.Value(pb.NewKVClient(connection).Range(ctx, request))(t)
		parts, err := rangeStream(ctx, t, connection, request)
		expect.NoError(t, err, request)
		merged := &pb.RangeResponse{}
		for i, part := range parts {
			last := i == len(parts)-1
			expect.Equal(t, last, part.Header != nil, "the header comes in the last part")
			expect.True(t, last || part.Count == 0 && !part.More, "count and more too")
			merged.Kvs = append(merged.Kvs, part.Kvs...)
			merged.Header, merged.Count, merged.More = part.Header, part.Count, part.More
		}
		expect.True(t, want.String() == merged.String(), "the parts make the whole of ", request)
		if len(want.Kvs) == 5000 && !request.KeysOnly {
			expect.True(t, len(parts) > 2, "10 MB come in parts: ", len(parts))
		}
	}
	for _, request := range []*pb.RangeRequest{
		{Key: []byte("k"), SortOrder: pb.RangeRequest_DESCEND},
		{Key: []byte("k"), RangeEnd: []byte("l"), SortOrder: pb.RangeRequest_ASCEND,
			SortTarget: pb.RangeRequest_VALUE},
		{Key: []byte("k"), MinModRevision: 3}, {Key: []byte("k"), MaxCreateRevision: 3},
	} {
		_, err := rangeStream(ctx, t, connection, request)
		code, text := expect.Split(err)
		expect.Equal(t, codes.Unimplemented, code, request, text)
	}
	_, err := rangeStream(ctx, t, connection, &pb.RangeRequest{})
	expect.Error(t, rpctypes.ErrGRPCEmptyKey, err)
	_, err = rangeStream(ctx, t, connection, &pb.RangeRequest{Key: []byte("k"), Revision: 999})
	expect.Error(t, rpctypes.ErrGRPCFutureRev, err)
	expect.Value(client.Compact(ctx, 30))(t)
	_, err = rangeStream(ctx, t, connection, &pb.RangeRequest{Key: []byte("k"), Revision: 29})
	expect.Error(t, rpctypes.ErrGRPCCompacted, err)
}
