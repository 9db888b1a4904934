package compare

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"

	"kvplane.test/types/codec"
	"kvplane.test/types/registered"
)

// mutated returns a copy with a few changes.
func mutated(gvk schema.GroupVersionKind, object runtime.Object, seed int64) runtime.Object {
	hash := fnv.New64()
	hash.Write([]byte(gvk.String()))
	copied := object.DeepCopyObject()
	registered.NewFiller(int64(hash.Sum64()) + seed).Mutate(copied)
	copied.GetObjectKind().SetGroupVersionKind(gvk)
	return copied
}

// reread is the JSON of an object after Kubernetes read it from JSON.
func reread(gvk schema.GroupVersionKind, text []byte) ([]byte, error) {
	object, err := scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, object); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}

// sameDocument compares all but the order of members, which raw JSON loses on its way through a patch.
func sameDocument(got, want []byte) error {
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(want, &b); err != nil {
		return err
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return same(got, want)
}

// What kubectl apply does: the changes between the last configuration and the new one, and to what the
// server has, against an object that others have changed meanwhile.
func TestStrategicMergePatchesOfKubernetesGiveWhatKubernetesMakesOfThem(t *testing.T) {
	ours := codec.Start(t)
	applied := 0
	everyObject(t, 4, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		original := asJSON(t, object)
		modified := asJSON(t, mutated(gvk, object, 100))
		current := asJSON(t, mutated(gvk, object, 200))
		meta, err := strategicpatch.NewPatchMetaFromStruct(object)
		if err != nil {
			return err
		}
		patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, meta, true)
		if err != nil {
			return nil // lists whose elements have no merge key
		}
		want, err := strategicpatch.StrategicMergePatch(current, patch, object)
		if err != nil {
			return nil
		}
		if want, err = reread(gvk, want); err != nil {
			return err
		}
		got, err := ours.Ask("strategic-merge-patch", current, patch)
		if err != nil {
			return fmt.Errorf("%w\npatch %s\nof %s", err, patch, current)
		}
		applied++
		if err := sameDocument(got, want); err != nil {
			return fmt.Errorf("%w\npatch %s\nof %s", err, patch, current)
		}
		return nil
	})
	t.Logf("%d patches", applied)
}

// The faults of documents whose members were renamed and doubled.
func TestFieldFaultsAreThoseOfKubernetes(t *testing.T) {
	ours := codec.Start(t)
	everyObject(t, 3, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		text := string(asJSON(t, object))
		for _, change := range [][2]string{
			{`"name":`, `"nam":`},
			{`"spec":{"`, `"spec":{"additional":{"name":1,"name":2},"`},
			{`"labels":{"`, `"labels":{"twice":"1","twice":"2","`},
			{`"metadata":{"`, `"metadata":{"uid":"1","uid":"2","`},
		} {
			text = strings.ReplaceAll(text, change[0], change[1])
		}
		decoded, _ := scheme.New(gvk)
		faults, err := kjson.UnmarshalStrict([]byte(text), decoded)
		if err != nil {
			return err
		}
		words := []string{}
		for _, fault := range faults {
			words = append(words, fault.Error())
		}
		got, err := ours.Ask("field-faults", []byte(text))
		if err != nil {
			return fmt.Errorf("%w\n%s", err, text)
		}
		return same(got, []byte("strict decoding error: "+strings.Join(words, ", ")))
	})
}
