// Package wire sends and takes gRPC messages as plain bytes, for messages that no client library
// would send and for those that etcd's Go types do not know yet.
package wire

import (
	"fmt"

	"google.golang.org/grpc"
)

// Bytes is one message as it travels.
type Bytes []byte

// Option makes a call carry *Bytes instead of protobuf types.
func Option() grpc.CallOption { return grpc.ForceCodec(codec{}) }

type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(message any) ([]byte, error) {
	bytes, ok := message.(*Bytes)
	if !ok {
		return nil, fmt.Errorf("not plain bytes: %T", message)
	}
	return *bytes, nil
}

func (codec) Unmarshal(data []byte, message any) error {
	bytes, ok := message.(*Bytes)
	if !ok {
		return fmt.Errorf("not plain bytes: %T", message)
	}
	*bytes = append(Bytes{}, data...)
	return nil
}
