package endpoint

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
	"kvshim.test/blackbox/wire"
)

// Bytes that are no protobuf, or none that fits the call.
var malformed = []string{
	"\xff", "\x0a", "\x0a\xff\xff\xff\xff\x0f", "\x0a\x05abc", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	"\x00\x00", "\x0b", "\x0f\x01", "\x12\x80\x80\x80\x80\x10k", strings.Repeat("\x0a\x01", 3),
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	s := server.Start(t)
	connection := s.Connection(t)
	ctx := server.Context(t)
	for _, method := range []string{"KV/Range", "KV/Put", "KV/DeleteRange", "KV/Txn", "KV/Compact",
		"Lease/LeaseGrant", "Lease/LeaseRevoke", "Lease/LeaseTimeToLive", "Maintenance/Alarm",
		"Maintenance/HashKV"} {
		for _, text := range malformed {
			request, answer := wire.Bytes(text), wire.Bytes{}
			err := connection.Invoke(ctx, "/etcdserverpb."+method, &request, &answer, wire.Option())
			code, message := expect.Split(err)
			expect.Equal(t, codes.Internal, code, fmt.Sprintf("%s of %q: %s", method, text, message))
		}
	}
	for _, method := range []string{"Watch/Watch", "Lease/LeaseKeepAlive"} {
		for _, text := range malformed {
			short, cancel := context.WithTimeout(ctx, 5*time.Second)
			stream, err := connection.NewStream(short,
				&grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/etcdserverpb."+method,
				wire.Option())
			expect.NoError(t, err)
			request, answer := wire.Bytes(text), wire.Bytes{}
			stream.SendMsg(&request)
			code, message := expect.Split(stream.RecvMsg(&answer))
			expect.Equal(t, codes.Internal, code, fmt.Sprintf("%s of %q: %s", method, text, message))
			cancel()
		}
	}
	expect.Value(pb.NewKVClient(connection).Put(ctx, &pb.PutRequest{Key: []byte("k")}))(t)
}

// Deep nesting must be refused or served, never overflow a stack.
func TestDeeplyNestedTxnsDoNotEndTheServer(t *testing.T) {
	s := server.Start(t)
	connection := s.Connection(t)
	ctx := server.Context(t)
	for _, depth := range []int{50, 120, 1000, 10_000} {
		deep := (&pb.TxnRequest{Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestRange{
			RequestRange: &pb.RangeRequest{Key: []byte("k")}}}}})
		message := wire.Bytes(expect.Value(deep.Marshal())(t))
		for range depth {
			message = field(2, field(4, message)) // TxnRequest.success, RequestOp.request_txn
		}
		answer := wire.Bytes{}
		err := connection.Invoke(ctx, "/etcdserverpb.KV/Txn", &message, &answer, wire.Option())
		code, text := expect.Split(err)
		expect.True(t, code == codes.OK || code == codes.InvalidArgument || code == codes.Internal ||
			code == codes.ResourceExhausted, "depth ", depth, ": ", code, text)
	}
	expect.Value(pb.NewKVClient(connection).Put(ctx, &pb.PutRequest{Key: []byte("k")}))(t)
}

// field encodes a length-delimited field.
func field(number byte, body wire.Bytes) wire.Bytes {
	out := wire.Bytes{number<<3 | 2}
	n := len(body)
	for n >= 0x80 {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(append(out, byte(n)), body...)
}

// Fields of newer etcds are skipped, as protobuf asks.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	s := server.Start(t)
	ctx := server.Context(t)
	put := &pb.PutRequest{Key: []byte("k"), Value: []byte("v")}
	message := append(wire.Bytes(expect.Value(put.Marshal())(t)), "\xa2\x06\x03new\xa8\x06\x07"...)
	answer := wire.Bytes{}
	expect.NoError(t, s.Connection(t).Invoke(ctx, "/etcdserverpb.KV/Put", &message, &answer, wire.Option()))
	got := expect.Value(s.Client(t).Get(ctx, "k"))(t)
	expect.Equal(t, "v", string(got.Kvs[0].Value))
}
