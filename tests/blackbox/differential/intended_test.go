package differential

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// ownWays are the requests where kvshim's answer differs from etcd 3.4's on purpose, each with the
// beginning of the answer it must give and the reason.
var ownWays = []struct {
	request any
	want    string
	why     string
}{
	{&pb.RangeRequest{Key: k, SortOrder: 7}, "InvalidArgument: etcdserver: invalid sort option",
		"etcd 3.5 and later refuse unknown orders; 3.4 takes them for none"},
	{&pb.RangeRequest{Key: k, SortOrder: -1}, "InvalidArgument: etcdserver: invalid sort option",
		"the same"},
	{&pb.RangeRequest{Key: k, SortTarget: 9}, "InvalidArgument: etcdserver: invalid sort option",
		"etcd 3.5 and later refuse unknown targets; 3.4 ignores them"},
	{then(deleteOp(&pb.DeleteRangeRequest{Key: every, RangeEnd: every}),
		putOp(&pb.PutRequest{Key: k, IgnoreValue: true})),
		"InvalidArgument: etcdserver: duplicate key given in txn request",
		"etcd (3.4 to 3.7) misses the overlap where range_end is \\0, and dies of the missing value"},
	{then(deleteOp(&pb.DeleteRangeRequest{Key: k, RangeEnd: every}), putOp(&pb.PutRequest{Key: k})),
		"InvalidArgument: etcdserver: duplicate key given in txn request",
		"etcd misses the overlap where range_end is \\0 and puts the key after all"},
}

// Errors of state that one txn can have several of. etcd 3.4 looks at its puts first; later ones
// report what they meet first, at its ranges or its puts.
var errorsOfState = []string{
	"InvalidArgument: etcdserver: key not found",
	"NotFound: etcdserver: requested lease not found",
	"OutOfRange: etcdserver: mvcc: required revision has been compacted",
	"OutOfRange: etcdserver: mvcc: required revision is a future revision",
}

var leaseField = regexp.MustCompile(` lease:-?\d+`)

// intended tells whether an answer may differ in this way from etcd 3.4's.
func intended(request any, want, got string) bool {
	// Later etcds word the limit of a message otherwise, and so does every gRPC library.
	const tooLarge = "ResourceExhausted: "
	if strings.HasPrefix(want, tooLarge) && strings.HasPrefix(got, tooLarge) {
		return strings.Contains(want, "larger than max") && strings.Contains(got, "arger than max")
	}
	text := fmt.Sprint(request)
	// In etcd 3.7 an answer to keys_only leaves out the lease too.
	if strings.Contains(text, "keys_only:true") &&
		leaseField.ReplaceAllString(want, "") == leaseField.ReplaceAllString(got, "") {
		return true
	}
	// At the compacted revision itself 3.4 has no hash any more; 3.6 and later have.
	if _, hash := request.(*pb.HashKVRequest); hash {
		return strings.HasSuffix(want, "required revision has been compacted") && strings.HasPrefix(got, "hash:")
	}
	if _, txn := request.(*pb.TxnRequest); txn {
		return slices.Contains(errorsOfState, want) && slices.Contains(errorsOfState, got)
	}
	return false
}
