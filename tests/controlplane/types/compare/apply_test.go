package compare

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"kvplane.test/types/codec"
	"kvplane.test/types/registered"
)

// converter gives Kubernetes' field manager objects and our schema; there is one version of anything.
type converter struct {
	parser *typed.Parser
}

func (c converter) ObjectToTyped(object runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	gvk := object.GetObjectKind().GroupVersionKind()
	goType := scheme.AllKnownTypes()[gvk]
	name := strings.ReplaceAll(goType.PkgPath(), "/", ".") + "." + goType.Name()
	if content, ok := object.(*unstructured.Unstructured); ok {
		return c.parser.Type(name).FromUnstructured(content.UnstructuredContent(), options...)
	}
	return c.parser.Type(name).FromStructured(object, options...)
}

func (c converter) TypedToObject(value *typed.TypedValue) (runtime.Object, error) {
	return &unstructured.Unstructured{Object: value.AsValue().Unstructured().(map[string]any)}, nil
}

func (c converter) Convert(in, out, context any) error { return nil }

func (c converter) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	content, ok := in.(*unstructured.Unstructured)
	if !ok {
		return in, nil
	}
	object, err := scheme.New(content.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(content.Object, object)
	object.GetObjectKind().SetGroupVersionKind(content.GroupVersionKind())
	return object, err
}

func (c converter) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (c converter) Default(runtime.Object) {}

func (c converter) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	object, err := scheme.New(gvk)
	if err == nil {
		object.GetObjectKind().SetGroupVersionKind(gvk)
	}
	return object, err
}

// configuration is part of an object, as somebody would apply it.
func configuration(gvk schema.GroupVersionKind, object runtime.Object, random *rand.Rand) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	prune(content, random, 0)
	metadata, _ := content["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	for _, name := range []string{"managedFields", "uid", "resourceVersion", "creationTimestamp"} {
		delete(metadata, name)
	}
	metadata["name"] = "it"
	content["metadata"] = metadata
	content["apiVersion"], content["kind"] = gvk.ToAPIVersionAndKind()
	return json.Marshal(content)
}

// Members that may be keys of a list's elements stay.
var keys = map[string]bool{
	"name": true, "key": true, "type": true, "ip": true, "containerPort": true, "protocol": true, "port": true,
	"uid": true, "mountPath": true, "devicePath": true, "topologyKey": true, "whenUnsatisfiable": true,
	"conditionType": true, "driver": true, "pool": true, "device": true, "shareID": true, "resourceName": true,
	"id": true, "request": true, "namespace": true, "expression": true, "key_": true, "apiServerID": true,
}

func prune(content map[string]any, random *rand.Rand, depth int) {
	for _, name := range sortedNames(content) {
		value := content[name]
		if value == nil || depth > 0 && !keys[name] && random.Intn(3) == 0 {
			delete(content, name)
			continue
		}
		switch inner := value.(type) {
		case map[string]any:
			prune(inner, random, depth+1)
		case []any:
			for _, element := range inner {
				if object, ok := element.(map[string]any); ok {
					prune(object, random, depth+1)
				}
			}
		}
	}
}

func sortedNames(content map[string]any) []string {
	names := []string{}
	for name := range content {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// both is an object as Kubernetes and as kvplane keep it.
type both struct {
	t       *testing.T
	gvk     schema.GroupVersionKind
	manager *managedfields.FieldManager
	ours    *codec.Codec
	theirs  runtime.Object
	own     []byte
	applied int
}

// agree compares what came of a step, and goes on with it where there was no error.
func (b *both) agree(step string, theirs runtime.Object, theirError error, own []byte, ownError error) error {
	if (theirError == nil) != (ownError == nil) {
		return fmt.Errorf("%s: Kubernetes says %v, kvplane %v", step, theirError, ownError)
	}
	if theirError != nil {
		conflict := strings.HasPrefix(theirError.Error(), "Apply failed with")
		if conflict && plain(theirError) != plain(ownError) {
			return fmt.Errorf("%s:\nKubernetes %v\nkvplane    %v", step, theirError, ownError)
		}
		return nil
	}
	b.applied++
	want, err := json.Marshal(theirs)
	if err != nil {
		return err
	}
	if err := sameManaged(own, want); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	b.theirs, b.own = theirs, own
	return nil
}

// plain is a message without large numbers, which Kubernetes writes as 1.2e+06 where they come from
// managed fields.
func plain(err error) string { return largeNumber.ReplaceAllString(err.Error(), "=large") }

var largeNumber = regexp.MustCompile(`=-?([0-9.]+e[+][0-9]+|[0-9]{6,})`)

// sameManaged compares objects; times of managed fields only as far as there is one.
func sameManaged(got, want []byte) error {
	documents := [2]map[string]any{}
	for i, text := range [][]byte{got, want} {
		if err := json.Unmarshal(text, &documents[i]); err != nil {
			return err
		}
		metadata, _ := documents[i]["metadata"].(map[string]any)
		entries, _ := metadata["managedFields"].([]any)
		for _, entry := range entries {
			if _, timed := entry.(map[string]any)["time"]; timed {
				entry.(map[string]any)["time"] = "then"
			}
		}
		sort.SliceStable(entries, func(i, j int) bool { return fmt.Sprint(entries[i]) < fmt.Sprint(entries[j]) })
	}
	if reflect.DeepEqual(documents[0], documents[1]) {
		return nil
	}
	a, _ := json.Marshal(documents[0])
	b, _ := json.Marshal(documents[1])
	return same(a, b)
}

func (b *both) update(step string, object runtime.Object, manager string) error {
	live, own := b.theirs, b.own
	if live == nil {
		live, _ = converter{}.New(b.gvk)
		own = nil
	}
	text, _ := json.Marshal(object)
	object = object.DeepCopyObject()
	theirs, theirError := b.manager.Update(live, object, manager)
	answer, ownError := b.ours.Ask("update", own, text, []byte(manager))
	return b.agree(step, theirs, theirError, answer, ownError)
}

func (b *both) apply(step string, configuration []byte, manager string, force bool) error {
	content := &unstructured.Unstructured{}
	if err := content.UnmarshalJSON(configuration); err != nil {
		return err
	}
	live := b.theirs
	if live == nil {
		live, _ = converter{}.New(b.gvk)
	}
	theirs, theirError := b.manager.Apply(live.DeepCopyObject(), content, manager, force)
	word := "normal"
	if force {
		word = "force"
	}
	answer, ownError := b.ours.Ask("apply", b.own, configuration, []byte(manager), []byte(word))
	if err := b.agree(step, theirs, theirError, answer, ownError); err != nil {
		return fmt.Errorf("%w\nconfiguration %s\nlive %s", err, configuration, b.own)
	}
	return nil
}

func TestServerSideApplyOwnsMergesAndConflictsAsInKubernetes(t *testing.T) {
	ours := codec.Start(t)
	text, err := ours.Ask("merge-schema")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := typed.NewParser(typed.YAMLObject(text))
	if err != nil {
		t.Fatal(err)
	}
	conversion := converter{parser}
	steps := 0
	everyObject(t, 6, func(t *testing.T, gvk schema.GroupVersionKind, object runtime.Object) error {
		if accessor, err := meta.Accessor(object); err != nil || meta.IsListType(object) || reflect.ValueOf(accessor).IsNil() {
			return nil
		} else {
			accessor.SetManagedFields(nil)
			accessor.SetName("it")
			accessor.SetUID("1")
		}
		if _, partial := object.(*metav1.PartialObjectMetadata); partial {
			return nil
		}
		manager, err := managedfields.NewDefaultFieldManager(conversion, conversion, conversion, conversion, gvk,
			gvk.GroupVersion(), "", nil)
		if err != nil {
			return err
		}
		hash := fnv.New64()
		hash.Write(asJSON(t, object))
		seed := int64(hash.Sum64())
		random := rand.New(rand.NewSource(seed))
		state := &both{t: t, gvk: gvk, manager: manager, ours: ours}
		defer func() { steps += state.applied }()
		change := func(step int64) runtime.Object {
			copied := object.DeepCopyObject()
			registered.NewFiller(seed + step).Mutate(copied)
			accessor, _ := meta.Accessor(copied)
			accessor.SetManagedFields(nil)
			accessor.SetUID("1")
			copied.GetObjectKind().SetGroupVersionKind(gvk)
			return copied
		}
		configured := func(step int64) []byte {
			text, err := configuration(gvk, change(step), random)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		if len(asJSON(t, object)) > 50000 {
			return nil // CustomResourceDefinitions full of schemas, which take seconds
		}
		if random.Intn(4) > 0 {
			if err := state.update("create", object, "creator"); err != nil {
				return err
			}
		}
		for _, step := range []struct {
			name, manager string
			force         bool
		}{
			{"first apply", "one", true}, {"second apply", "one", true}, {"another's apply", "two", false},
			{"another's forced apply", "two", true}, {"first's apply", "one", false},
		} {
			if err := state.apply(step.name, configured(random.Int63n(3)), step.manager, step.force); err != nil {
				return err
			}
		}
		edited := state.theirs
		if edited == nil {
			return nil
		}
		edited = edited.DeepCopyObject()
		registered.NewFiller(seed + 7).Mutate(edited)
		accessor, _ := meta.Accessor(edited)
		accessor.SetManagedFields(nil)
		edited.GetObjectKind().SetGroupVersionKind(gvk)
		if err := state.update("edit", edited, "editor"); err != nil {
			return err
		}
		return state.apply("last apply", configured(1), "one", true)
	})
	t.Logf("%d steps", steps)
}
