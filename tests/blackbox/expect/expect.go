// Package expect states what a test demands; each function ends the test where it does not hold.
package expect

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// NoError ends the test where err is not nil.
func NoError(t testing.TB, err error, what ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%sunexpected error: %v", prefix(what), err)
	}
}

// Value is NoError for calls that also return a value: expect.Value(client.Get(ctx, "k"))(t).
func Value[T any](value T, err error) func(t testing.TB, what ...any) T {
	return func(t testing.TB, what ...any) T {
		t.Helper()
		NoError(t, err, what...)
		return value
	}
}

// Equal compares deeply.
func Equal(t testing.TB, want, got any, what ...any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%swant\n  %v\ngot\n  %v", prefix(what), want, got)
	}
}

// True demands a condition.
func True(t testing.TB, holds bool, what ...any) {
	t.Helper()
	if !holds {
		t.Fatalf("does not hold: %s", fmt.Sprint(what...))
	}
}

// Contains demands that text has part in it.
func Contains(t testing.TB, text, part string, what ...any) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("%sno %q in\n%s", prefix(what), part, text)
	}
}

// Status demands a gRPC error of this code and of exactly this text.
func Status(t testing.TB, err error, code codes.Code, text string, what ...any) {
	t.Helper()
	gotCode, gotText := Split(err)
	if gotCode != code || gotText != text {
		t.Fatalf("%swant %v %q, got %v %q", prefix(what), code, text, gotCode, gotText)
	}
}

// Error demands one of clientv3's known errors, by code and text.
func Error(t testing.TB, want, got error, what ...any) {
	t.Helper()
	code, text := Split(want)
	Status(t, got, code, text, what...)
}

// Split is the code and the text of an error that a server returned, through clientv3 or not.
func Split(err error) (codes.Code, string) {
	if err == nil {
		return codes.OK, ""
	}
	var known rpctypes.EtcdError
	if errors.As(err, &known) {
		return known.Code(), known.Error()
	}
	s := status.Convert(err)
	return s.Code(), s.Message()
}

// Eventually waits for a condition that the server reaches by itself.
func Eventually(t testing.TB, limit time.Duration, holds func() bool, what ...any) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("does not hold after %v: %s", limit, fmt.Sprint(what...))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func prefix(what []any) string {
	if len(what) == 0 {
		return ""
	}
	return fmt.Sprint(what...) + ": "
}
