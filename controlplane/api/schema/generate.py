#!/usr/bin/env python3
"""Writes kubernetes.schema, the table that drives everything kvplane does with objects.

    (cd tests/controlplane/types && go run ./presence) >presence.tsv
    controlplane/api/schema/generate.py FACTS presence.tsv >controlplane/api/schema/kubernetes.schema

FACTS is a folder with swagger.json (Kubernetes' OpenAPI 2) and protobuf.tsv (its protobuf fields).
presence.tsv adds what neither says: the order of fields, which are pointers, what JSON leaves out.
The three must agree where they overlap; the script refuses them otherwise.

The table, a line each, words separated by one blank:

    package ALIAS NAME [GROUPVERSION]      the messages that follow are NAME.x, elsewhere ALIAS.x
    message NAME [kind] [typed] [atomic]   kind: an API kind of the package's group and version;
                                           typed: begins with the strings kind and apiVersion
     FIELD NUMBER TYPE [FLAGS]             in JSON's order; number 0: not in protobuf
    kind GROUPVERSION KIND MESSAGE         a kind whose message lies elsewhere
    options KIND MESSAGE                   a kind that every group and version has
    resource GROUPVERSION PLURAL KIND SINGULAR namespaced|cluster VERBS
     SUBRESOURCE GROUPVERSION KIND VERBS

TYPE: [*] one of bool int32 int64 double string bytes Time MicroTime Duration IntOrString Quantity Raw
JSON FieldsV1 Any Strings (a message that holds a list), SchemaOrArray, SchemaOrBool, SchemaOrStrings,
or a message, after [] in a list and {} in a map with string keys; * is a Go pointer. A Go name that
the type has follows after '='.
FLAGS, a word: e omitempty, z omitzero, i inline, r required, a/s list type atomic/set, A atomic map,
m:NAMES list type map with its keys, d:TEXT what the field is as such a key where it is missing,
p:NAME patch strategy merge with its key (p alone where there is none), R retainKeys, P replace.
"""

import collections
import json
import re
import sys

META = "k8s.io.apimachinery.pkg.apis.meta.v1"
EXTENSIONS = "k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1"
SPECIAL = {
    META + ".Time": "Time",
    META + ".MicroTime": "MicroTime",
    META + ".Duration": "Duration",
    META + ".FieldsV1": "FieldsV1",
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "k8s.io.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "k8s.io.apimachinery.pkg.runtime.RawExtension": "Raw",
    EXTENSIONS + ".JSON": "JSON",
    EXTENSIONS + ".JSONSchemaPropsOrArray": "SchemaOrArray",
    EXTENSIONS + ".JSONSchemaPropsOrBool": "SchemaOrBool",
    EXTENSIONS + ".JSONSchemaPropsOrStringArray": "SchemaOrStrings",
    "interface {}": "Any",
    "float64": "double",
    "[]uint8": "bytes",
}
SCALARS = {"bool", "int32", "int64", "string"}
VERBS = {"post": "create", "put": "update"}


def fail(message):
    sys.exit("generate.py: " + message)


def alias(package):
    if package == META:
        return "meta/v1"
    words = package.split(".")
    return "/".join(words[-2:]) if re.match(r"v\d", words[-1]) else words[-1]


class Facts:
    def __init__(self, folder, presence):
        with open(folder + "/swagger.json") as file:
            self.swagger = json.load(file)
        self.definitions = {
            re.sub(r"^io\.k8s\.", "k8s.io.", name): definition
            for name, definition in self.swagger["definitions"].items()
        }
        self.numbers = collections.defaultdict(dict)
        self.labels = {}
        with open(folder + "/protobuf.tsv") as file:
            for line in file:
                _, owner, name, number, label, _ = line.rstrip("\n").split("\t")
                if label != "label":
                    self.numbers[owner][number] = name
                    self.labels[owner, number] = label
        self.kinds = []
        self.messages = collections.OrderedDict()
        with open(presence) as file:
            for line in file:
                words = line.rstrip("\n").split("\t")
                if words[0] == "kind":
                    self.kinds.append(words[1:])
                elif words[0] == "message":
                    self.messages[words[1]] = []
                else:
                    self.messages[words[1]].append(words[2:])


class Table:
    def __init__(self, facts):
        self.facts = facts

    def type_of(self, shape, package, wrapped):
        """The TYPE word of a Go shape such as *[]k8s.io.api.core.v1.Container."""
        if shape in SPECIAL:
            return SPECIAL[shape]
        if shape.startswith("*"):
            return "*" + self.type_of(shape[1:], package, wrapped)
        if shape.startswith("[]"):
            return "[]" + self.type_of(shape[2:], package, wrapped)
        if shape.startswith("map["):
            # The key is string, or a name for it.
            key, value = re.match(r"map\[([^\]]*)\](.*)", shape).groups()
            if not (key == "string" or key.endswith("=string")):
                fail("a map with keys " + key)
            return "{}" + self.type_of(value, package, wrapped)
        if shape in SCALARS:
            return shape
        if "=" in shape:
            name, under = shape.split("=", 1)
            if under == "[]string" and wrapped:
                return "Strings"
            if under.startswith(("[]", "map[")):
                return self.type_of(under, package, wrapped)
            return self.type_of(under, package, wrapped) + "=" + self.local(name, package)
        if shape in self.facts.messages:
            return self.local(shape, package)
        return fail("no type for " + shape)

    @staticmethod
    def local(name, package):
        where, _, short = name.rpartition(".")
        return short if where == package else alias(where) + "." + short

    def field(self, owner, field):
        name, number, shape, flags = field
        package = owner.rpartition(".")[0]
        label = self.facts.labels.get((owner, number))
        if number != "0" and label is None and package.startswith(("k8s.io.api.", META)):
            fail(f"{owner}.{name} has number {number}, of which protobuf.tsv knows nothing")
        flags = flags.split()
        inline = "inline" in flags
        wrapped = label in ("optional", "map") or (label is None and "ExtraValue" in shape)
        type_word = self.type_of(shape, package, wrapped)
        if label and not inline and (label == "map") != ("{}" in type_word):
            fail(f"{owner}.{name} is {shape} and {label}")
        words = ["e"] * ("omitempty" in flags) + ["z"] * ("omitzero" in flags) + ["i"] * inline
        definition = self.facts.definitions.get(owner, {})
        about = definition.get("properties", {}).get(name, {})
        if name in definition.get("required", []):
            words.append("r")
        list_type = about.get("x-kubernetes-list-type")
        if list_type == "map":
            words.append("m:" + ",".join(about["x-kubernetes-list-map-keys"]))
        elif list_type:
            words.append({"atomic": "a", "set": "s"}[list_type])
        if about.get("x-kubernetes-map-type") == "atomic":
            words.append("A")
        # OpenAPI's prose has the defaults; of the fields that are keys of a list two have one.
        if name == "protocol" and owner.endswith((".ContainerPort", "core.v1.ServicePort")):
            words.append("d:TCP")
        words += self.patch(owner, name, flags)
        return " ".join([" " + name, number, type_word] + words)

    @staticmethod
    def patch(owner, name, flags):
        words = []
        key = next((flag[4:] for flag in flags if flag.startswith("key=")), "")
        for flag in flags:
            if not flag.startswith("patch="):
                continue
            for strategy in flag[6:].split(","):
                if strategy == "merge":
                    words.append("p:" + key if key else "p")
                else:
                    words.append({"retainKeys": "R", "replace": "P"}[strategy])
        return words

    def write(self, out):
        packages = collections.OrderedDict()
        for name in sorted(self.facts.messages):
            if name not in SPECIAL:
                packages.setdefault(name.rpartition(".")[0], []).append(name)
        home, options, elsewhere = self.sort_kinds()
        for package, names in packages.items():
            out.append(" ".join(["package", alias(package), package, home.get(package, "")]).rstrip())
            for name in names:
                atomic = self.facts.definitions.get(name, {}).get("x-kubernetes-map-type") == "atomic"
                kind = name in self.at_home
                fields = [field for field in self.facts.messages[name] if field[0] != "TypeMeta"]
                typed = len(fields) < len(self.facts.messages[name])
                out.append("message " + name.rpartition(".")[2] + " kind" * kind + " typed" * typed + " atomic" * atomic)
                out.extend(self.field(name, field) for field in fields)
        out.extend(f"options {kind} {self.local(message, '')}" for kind, message in sorted(options))
        out.extend(f"kind {version} {kind} {self.local(message, '')}" for version, kind, message in elsewhere)

    def sort_kinds(self):
        """Kinds live in the package of their group and version, in every one, or elsewhere."""
        home, options, elsewhere = {}, set(), []
        self.at_home = set()
        everywhere = collections.Counter((kind, message) for _, _, kind, message in self.facts.kinds)
        for group, version, kind, message in self.facts.kinds:
            group_version = (group + "/" if group else "") + version
            package, _, name = message.rpartition(".")
            if package == META and everywhere[kind, message] > 10:
                options.add((kind, message))
            elif package != META and name == kind and home.setdefault(package, group_version) == group_version:
                self.at_home.add(message)
            else:
                elsewhere.append((group_version, kind, message))
        return home, options, elsewhere

    def write_resources(self, out):
        resources = collections.OrderedDict()
        for path, operations in sorted(self.facts.swagger["paths"].items()):
            parts = re.match(r"^/(?:api|apis/([^/]+))/([^/]+)/(?!watch/)(namespaces/\{namespace\}/)?([^/{]+)"
                             r"(?:/\{name\})?(?:/(.+))?$", path)
            if not parts:
                continue
            group, version, namespaced, plural, subresource = parts.groups()
            subresource = re.sub(r"/\{path\}$", "", subresource or "")
            group_version = (group + "/" if group else "") + version
            entry = resources.setdefault((group_version, plural, subresource), [False, None, set()])
            for operation in operations.values():
                if not isinstance(operation, dict) or "x-kubernetes-action" not in operation:
                    continue
                entry[0] |= namespaced is not None
                gvk = operation["x-kubernetes-group-version-kind"]
                entry[1] = gvk
                action = operation["x-kubernetes-action"]
                entry[2].add(VERBS.get(action, action))
        for path, operations in self.facts.swagger["paths"].items():
            match = re.match(r"^/(?:api|apis/([^/]+))/([^/]+)/watch/(?:namespaces/\{namespace\}/)?([^/{]+)$", path)
            if match:
                group, version, plural = match.groups()
                resources[(group + "/" if group else "") + version, plural, ""][2].add("watch")
        for (group_version, plural, subresource), (namespaced, gvk, verbs) in sorted(resources.items()):
            if not gvk:
                continue
            kind_version = (gvk["group"] + "/" if gvk["group"] else "") + gvk["version"]
            listed = ",".join(sorted(verbs))
            if subresource:
                out.append(f" {subresource} {kind_version} {gvk['kind']} {listed}")
            else:
                scope = "namespaced" if namespaced else "cluster"
                out.append(f"resource {group_version} {plural} {gvk['kind']} {gvk['kind'].lower()} {scope} {listed}")


def main():
    if len(sys.argv) != 3:
        fail("wants the folder of the facts and presence.tsv")
    table = Table(Facts(sys.argv[1], sys.argv[2]))
    out = ["# Kubernetes 1.36, made by generate.py, which says how to read it."]
    table.write(out)
    table.write_resources(out)
    print("\n".join(out))


main()
