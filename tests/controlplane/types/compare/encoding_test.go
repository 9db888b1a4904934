// Package compare holds the encodings, patches and managed fields of kvplane against Kubernetes' own.
package compare

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"kvplane.test/types/codec"
	"kvplane.test/types/registered"
)

const objectsOfAKind = 22

var (
	scheme  = registered.Scheme()
	encoder = protobuf.NewSerializer(scheme, scheme)
)

// kinds returns every kind once, but the options that every group registers.
func kinds() []schema.GroupVersionKind {
	var all []schema.GroupVersionKind
	for gvk, goType := range scheme.AllKnownTypes() {
		meta := strings.HasPrefix(goType.PkgPath(), "k8s.io/apimachinery/")
		if gvk.Version == runtime.APIVersionInternal || meta && gvk.Group != "" && gvk.Group != "meta.k8s.io" {
			continue
		}
		if gvk.Kind != "WatchEvent" {
			all = append(all, gvk)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	return all
}

// filled returns objects of a kind, some with much in them and some with nearly nothing.
func filled(t *testing.T, gvk schema.GroupVersionKind) []runtime.Object {
	hash := fnv.New64()
	hash.Write([]byte(gvk.String()))
	var objects []runtime.Object
	for i := 0; i < objectsOfAKind; i++ {
		object, err := scheme.New(gvk)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			filler := registered.NewFiller(int64(hash.Sum64()) + int64(i))
			filler.Density = []int{0, 5, 25, 50, 50, 60, 70, 80}[i%8]
			filler.Fill(object)
		}
		object.GetObjectKind().SetGroupVersionKind(gvk)
		objects = append(objects, object)
	}
	return objects
}

func asJSON(t *testing.T, object any) []byte {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func asProtobuf(object runtime.Object) ([]byte, error) {
	var buffer bytes.Buffer
	err := encoder.Encode(object, &buffer)
	return buffer.Bytes(), err
}

// hasProtobuf is false for the few kinds that only JSON can hold.
func hasProtobuf(object runtime.Object) bool {
	_, table := object.(*metav1.Table)
	return !table
}

func TestProtobufOfEveryKindDecodesToTheJSONOfKubernetes(t *testing.T) {
	ours := codec.Start(t)
	forEachObject(t, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		if !hasProtobuf(object) {
			return nil
		}
		encoded, err := asProtobuf(object)
		if err != nil {
			return err
		}
		decoded, _, err := encoder.Decode(encoded, nil, nil)
		if err != nil {
			return err
		}
		decoded.GetObjectKind().SetGroupVersionKind(gvk)
		got, err := ours.Ask("json-of-protobuf", encoded)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, hex.EncodeToString(encoded))
		}
		return same(got, asJSON(t, decoded))
	})
}

func TestJSONOfEveryKindEncodesToTheProtobufOfKubernetes(t *testing.T) {
	ours := codec.Start(t)
	forEachObject(t, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		if !hasProtobuf(object) {
			return nil
		}
		text := asJSON(t, object)
		decoded, _ := scheme.New(gvk)
		if err := json.Unmarshal(text, decoded); err != nil {
			return err
		}
		want, err := asProtobuf(decoded)
		if err != nil {
			return err
		}
		got, err := ours.Ask("protobuf-of-json", text)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, text)
		}
		if err := same([]byte(hex.EncodeToString(got)), []byte(hex.EncodeToString(want))); err != nil {
			return fmt.Errorf("%w\nof %s", err, text)
		}
		return nil
	})
}

func TestJSONOfEveryKindIsCanonicalAsKubernetesWritesIt(t *testing.T) {
	ours := codec.Start(t)
	forEachObject(t, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		text := asJSON(t, object)
		decoded, _ := scheme.New(gvk)
		if err := json.Unmarshal(text, decoded); err != nil {
			return err
		}
		got, err := ours.Ask("canonical", text)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, text)
		}
		return same(got, asJSON(t, decoded))
	})
}

func forEachObject(t *testing.T, check func(*testing.T, schema.GroupVersionKind, runtime.Object) error) {
	t.Helper()
	everyObject(t, 1, check)
}

// everyObject checks one object of `step`.
func everyObject(t *testing.T, step int, check func(*testing.T, schema.GroupVersionKind, runtime.Object) error) {
	t.Helper()
	faults, objects := 0, 0
	for _, gvk := range kinds() {
		for i, object := range filled(t, gvk) {
			if i%step != step-1 {
				continue
			}
			objects++
			if err := check(t, gvk, object); err != nil {
				t.Errorf("%v: %v", gvk, err)
				if faults++; faults > 20 {
					t.Fatal("and so on")
				}
				break
			}
		}
	}
	t.Logf("%d objects", objects)
}

// same shows where two texts part.
func same(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	from := max(0, at-60)
	return fmt.Errorf("differs at byte %d:\n got …%s\nwant …%s", at, clip(got[from:]), clip(want[from:]))
}

func clip(text []byte) []byte { return text[:min(len(text), 160)] }
