// presence writes what neither OpenAPI nor the protobuf files say about Kubernetes' types, for
// controlplane/api/schema/generate.py:
//
//	go run ./presence >presence.tsv
//
// `kind GROUP VERSION KIND MESSAGE` for every registered kind, and for every struct that one of them
// reaches `field MESSAGE NAME NUMBER SHAPE TYPE FLAGS`, in the order of the Go declaration. SHAPE is
// the Go shape (value, pointer, list, map, …), FLAGS are those of the json tag that count for what is
// written, and the patch tags.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	"kvplane.test/types/registered"
)

func main() {
	scheme := registered.Scheme()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var lines []string
	var roots []reflect.Type
	for gvk, goType := range scheme.AllKnownTypes() {
		if gvk.Version == "__internal" {
			continue
		}
		lines = append(lines, fmt.Sprintf("kind\t%s\t%s\t%s\t%s", gvk.Group, gvk.Version, gvk.Kind, name(goType)))
		roots = append(roots, goType)
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	sort.Slice(roots, func(i, j int) bool { return name(roots[i]) < name(roots[j]) })
	seen := map[reflect.Type]bool{}
	for len(roots) > 0 {
		next := roots[0]
		roots = roots[1:]
		if seen[next] || next.Kind() != reflect.Struct {
			continue
		}
		seen[next] = true
		roots = append(roots, message(out, next)...)
	}
}

func name(t reflect.Type) string {
	if t.PkgPath() == "" {
		return t.String()
	}
	return strings.ReplaceAll(t.PkgPath(), "/", ".") + "." + t.Name()
}

// message writes one struct and returns the types of its fields.
func message(out *bufio.Writer, t reflect.Type) []reflect.Type {
	var reached []reflect.Type
	fmt.Fprintf(out, "message\t%s\n", name(t))
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		jsonTag, hasJSON := field.Tag.Lookup("json")
		protobuf := strings.Split(field.Tag.Get("protobuf"), ",")
		if !field.IsExported() || (!hasJSON && len(protobuf) < 2) {
			continue
		}
		jsonName, options, _ := strings.Cut(jsonTag, ",")
		if jsonName == "-" {
			continue
		}
		number, protoName := "0", ""
		if len(protobuf) > 1 {
			number = protobuf[1]
			for _, option := range protobuf {
				if after, found := strings.CutPrefix(option, "name="); found {
					protoName = after
				}
			}
		}
		flags := []string{}
		for _, option := range strings.Split(options, ",") {
			if option != "" && option != "string" {
				flags = append(flags, option)
			}
		}
		if jsonName == "" {
			jsonName = protoName
			if field.Anonymous && !strings.Contains(options, "inline") {
				flags = append(flags, "inline")
			}
		}
		if value := field.Tag.Get("patchStrategy"); value != "" {
			flags = append(flags, "patch="+value)
		}
		if value := field.Tag.Get("patchMergeKey"); value != "" {
			flags = append(flags, "key="+value)
		}
		if jsonName == "" {
			jsonName = field.Name
		}
		fmt.Fprintf(out, "field\t%s\t%s\t%s\t%s\t%s\n", name(t), jsonName, number, shape(field.Type), strings.Join(flags, " "))
		reached = append(reached, leaf(field.Type))
	}
	return reached
}

// shape spells a Go type: "*[]map[string]pkg.Name"; a named type that is none of a struct is followed
// by what it is: "pkg.Name=string".
func shape(t reflect.Type) string {
	if t.PkgPath() != "" {
		if t.Kind() == reflect.Struct {
			return name(t)
		}
		return name(t) + "=" + underlying(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + shape(t.Elem())
	case reflect.Slice:
		return "[]" + shape(t.Elem())
	case reflect.Map:
		return "map[" + shape(t.Key()) + "]" + shape(t.Elem())
	}
	return t.String()
}

func underlying(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + shape(t.Elem())
	case reflect.Map:
		return "map[" + shape(t.Key()) + "]" + shape(t.Elem())
	}
	return t.Kind().String()
}

func leaf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}
