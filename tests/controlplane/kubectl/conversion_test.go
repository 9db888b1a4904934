package kubectl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// boatsOfTwoVersions defines boats whose length v1 has as spec.length, v2 as spec.size.length.
func boatsOfTwoVersions(converter *Webhook, storage string) string {
	return fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {url: "%s/convert", caBundle: %s}
  versions:
  - name: v1
    served: true
    storage: %t
    additionalPrinterColumns: [{name: Length, type: integer, jsonPath: .spec.length}]
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {length: {type: integer}}}}
  - name: v2
    served: true
    storage: %t
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size.length}]
    subresources: {scale: {specReplicasPath: .spec.size.masts, statusReplicasPath: .status.masts}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size:
                type: object
                properties:
                  length: {type: integer, maximum: 100}
                  unit: {type: string, default: metres}
                  masts: {type: integer}
          status: {type: object, properties: {masts: {type: integer}}}
`, converter.URL, converter.Authority, storage == "v1", storage == "v2")
}

func convertBoat(object map[string]any, to string) error {
	spec, _ := object["spec"].(map[string]any)
	object["apiVersion"] = to
	if size, ok := spec["size"].(map[string]any); ok && to == "example.org/v1" {
		object["spec"] = map[string]any{"length": size["length"]}
		if annotations, ok := object["metadata"].(map[string]any)["annotations"].(map[string]any); ok {
			annotations["unit"] = size["unit"]
		} else {
			object["metadata"].(map[string]any)["annotations"] = map[string]any{"unit": size["unit"]}
		}
	} else if length, ok := spec["length"]; ok && to == "example.org/v2" {
		object["spec"] = map[string]any{"size": map[string]any{"length": length}}
	}
	return nil
}

func boatOf(version, name string, length int) string {
	spec := fmt.Sprintf("{length: %d}", length)
	if version == "v2" {
		spec = fmt.Sprintf("{size: {length: %d}}", length)
	}
	return fmt.Sprintf("apiVersion: example.org/%s\nkind: Boat\nmetadata: {name: %s}\nspec: %s\n", version, name, spec)
}

func defineConvertedBoats(t *testing.T, converter *Webhook) *Client {
	t.Helper()
	admin := Start(t).Admin(t)
	admin.RunWith(boatsOfTwoVersions(converter, "v1"), "create", "-f", "-")
	admin.Eventually("True", "get", "crd", "boats.example.org", "-o",
		`jsonpath={.status.conditions[?(@.type=="Established")].status}`)
	return admin
}

const (
	inV1 = "boats.v1.example.org"
	inV2 = "boats.v2.example.org"
)

func TestAWebhookConvertsCustomResources(t *testing.T) {
	converter := StartConverter(t, convertBoat)
	admin := defineConvertedBoats(t, converter)
	admin.RunWith(boatOf("v1", "a", 7), "create", "-f", "-")
	if asked := converter.Conversions(); len(asked) != 0 {
		t.Errorf("what is of the version that is stored was converted: %v", asked)
	}
	Expect(t, admin.Run("get", inV2, "a", "-o", "jsonpath={.apiVersion} {.spec.size}"),
		`example.org/v2 {"length":7,"unit":"metres"}`)

	admin.RunWith(boatOf("v2", "b", 9), "create", "-f", "-")
	Expect(t, admin.Run("get", inV1, "b", "-o", "jsonpath={.apiVersion} {.spec} {.metadata.annotations}"),
		`example.org/v1 {"length":9} {"unit":"metres"}`)
	Expect(t, admin.Run("get", inV1), "NAME", "LENGTH", "a", "7", "b", "9")
	Expect(t, admin.Run("get", inV2), "NAME", "SIZE", "a", "7", "b", "9")

	// What is written in the other version is the same object.
	admin.Run("patch", inV2, "a", "--type", "merge", "-p", `{"spec":{"size":{"length":8}}}`)
	out, err := admin.try(boatOf("v2", "b", 10), "apply", "--server-side", "-f", "-")
	if err == nil {
		t.Error("what kubectl create wrote in v2 was taken from it")
	}
	Expect(t, out, `conflict with "kubectl-create" using example.org/v2: .spec.size.length`)
	admin.RunWith(boatOf("v2", "b", 10), "apply", "--server-side", "--force-conflicts", "-f", "-")
	admin.RunWith(boatOf("v2", "c", 11), "apply", "--server-side", "-f", "-")
	Expect(t, admin.Run("get", inV1, "-o", "jsonpath={.items[*].spec.length}"), "8 10 11")
	Expect(t, admin.Run("scale", inV2, "a", "--replicas=3"), "scaled")

	// It is checked as its own version says.
	if _, err = admin.try(boatOf("v2", "d", 101), "create", "-f", "-"); err == nil {
		t.Error("a boat longer than v2 allows was taken")
	}
	admin.Run("delete", inV2, "c")
	Expect(t, admin.Refused("get", inV1, "c"), "not found")
}

func TestListsAndWatchesAreConverted(t *testing.T) {
	converter := StartConverter(t, convertBoat)
	admin := defineConvertedBoats(t, converter)
	boats := make([]string, 30)
	for i := range boats {
		boats[i] = boatOf("v1", fmt.Sprintf("b%02d", i), i)
	}
	admin.RunWith(strings.Join(boats, "---\n"), "create", "-f", "-")
	converter.Conversions()
	lengths := admin.Run("get", inV2, "-o", "jsonpath={.items[*].spec.size.length}")
	if want := strings.Trim(fmt.Sprint(numbers(30)), "[]"); lengths != want {
		t.Errorf("the list has %s", lengths)
	}
	if asked := converter.Conversions(); len(asked) != 1 || asked[0] != 30 {
		t.Errorf("the list's objects were converted by %v", asked)
	}
	admin.Run("get", inV2)
	if asked := converter.Conversions(); len(asked) != 0 {
		t.Errorf("what is known was converted again: %v", asked)
	}
	watch := admin.Background("get", inV2, "--watch-only", "-o",
		`jsonpath={.metadata.name} is {.spec.size.length}{"\n"}`)
	// Until the watch has begun.
	for i := 0; !strings.Contains(watch.out.String(), "poke is 1"); i++ {
		admin.RunWith(boatOf("v1", "poke", 1), "replace", "--force", "-f", "-")
	}
	admin.RunWith(boatOf("v1", "later", 77), "create", "-f", "-")
	watch.Await(t, "later is 77")
	admin.Run("patch", inV1, "later", "--type", "merge", "-p", `{"spec":{"length":78}}`)
	watch.Await(t, "later is 78")
}

func numbers(count int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestTheStoredVersionMayChange(t *testing.T) {
	converter := StartConverter(t, convertBoat)
	admin := defineConvertedBoats(t, converter)
	admin.RunWith(boatOf("v1", "old", 5), "create", "-f", "-")
	admin.RunWith(strings.Replace(boatOf("v1", "held", 8), "name: held", "name: held, finalizers: [example.org/wait]", 1),
		"create", "-f", "-")
	admin.RunWith(boatsOfTwoVersions(converter, "v2"), "replace", "-f", "-")
	admin.Eventually("v2", "get", "crd", "boats.example.org", "-o", "jsonpath={.status.storedVersions}")
	// Until the server stores the new version: a new boat in it is not converted then.
	for i := 0; ; i++ {
		converter.Conversions()
		admin.RunWith(boatOf("v2", fmt.Sprintf("new%d", i), 6), "create", "-f", "-")
		if len(converter.Conversions()) == 0 {
			break
		}
	}
	Expect(t, admin.Run("get", inV1, "old", "-o", "jsonpath={.spec.length}"), "5")
	Expect(t, admin.Run("get", inV2, "old", "-o", "jsonpath={.spec.size.length}"), "5")
	// One that waits for its finalizer is marked as it lies there, and loses nothing.
	admin.Run("delete", inV2, "held", "--wait=false")
	Expect(t, admin.Run("get", inV1, "held", "-o", "jsonpath={.metadata.deletionTimestamp} {.spec.length}"), "Z 8")
	// A write that changes nothing stores it in the new version.
	admin.RunWith(admin.Run("get", inV2, "old", "-o", "yaml"), "replace", "-f", "-")
	converter.Conversions()
	Expect(t, admin.Run("get", inV2, "old", "-o", "jsonpath={.spec.size.length}"), "5")
	if asked := converter.Conversions(); len(asked) != 0 {
		t.Errorf("what is stored in v2 was converted to it: %v", asked)
	}
}

func TestConversionsThatFailAreTold(t *testing.T) {
	fault := func(map[string]any) error { return errors.New("no way") }
	converter := StartConverter(t, func(object map[string]any, to string) error {
		if err := convertBoat(object, to); err != nil {
			return err
		}
		return fault(object)
	})
	admin := defineConvertedBoats(t, converter)
	admin.RunWith(boatOf("v1", "a", 7), "create", "-f", "-")
	const failed = "conversion webhook for example.org/v1, Kind=Boat "
	Expect(t, admin.Refused("get", inV2, "a"), failed+"failed: no way")
	Expect(t, admin.Refused("get", inV2), failed+"failed: no way")

	fault = func(object map[string]any) error {
		object["metadata"].(map[string]any)["name"] = "other"
		return nil
	}
	Expect(t, admin.Refused("get", inV2, "a"),
		failed+"returned invalid converted object at index 0: must have the same name: a != other")

	fault = func(object map[string]any) error { object["apiVersion"] = "example.org/v3"; return nil }
	Expect(t, admin.Refused("get", inV2, "a"), failed+"returned invalid converted object at index 0: "+
		"invalid groupVersion (expected example.org/v2, received example.org/v3)")

	converter.Close()
	address := strings.TrimPrefix(converter.URL, "https://")
	Expect(t, admin.Refused("get", inV2, "a"), failed+`failed: Post "`+converter.URL+`/convert": dial tcp `+
		address+": connect: connection refused")
	// The version that is stored needs nobody.
	Expect(t, admin.Run("get", inV1, "a", "-o", "jsonpath={.spec.length}"), "7")
	admin.Run("delete", "crd", "boats.example.org")
}

func TestAdmissionSeesTheVersionThatWasAskedFor(t *testing.T) {
	admin := defineConvertedBoats(t, StartConverter(t, convertBoat))
	hook := StartWebhook(t, func(asked Asked) Verdict {
		return Verdict{Patch: `[{"op": "replace", "path": "/spec/size/length", "value": 42}]`}
	})
	admin.RunWith(fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: sizes}
webhooks:
- name: sizes.example.org
  sideEffects: None
  admissionReviewVersions: [v1]
  clientConfig: {caBundle: %s, url: "%s/check"}
  rules: [{operations: [CREATE], apiGroups: [example.org], apiVersions: [v2], resources: [boats]}]
`, hook.Authority, hook.URL), "create", "-f", "-")
	for i := 0; ; i++ {
		admin.RunWith(boatOf("v2", fmt.Sprintf("b%d", i), 7), "create", "-f", "-")
		asked, count := hook.Last()
		if count == 0 {
			continue // the configuration is not known yet
		}
		if asked.Kind.Version != "v2" || asked.Object["apiVersion"] != "example.org/v2" {
			t.Errorf("it was asked of %v", asked)
		}
		Expect(t, admin.Run("get", inV1, fmt.Sprintf("b%d", i), "-o", "jsonpath={.spec.length}"), "42")
		return
	}
}
