#include "api/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/canonical.h"
#include "api/envelope.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

std::string Bytes(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char pair[4];
    std::snprintf(pair, sizeof(pair), "%02x", static_cast<unsigned char>(c));
    out += pair;
  }
  return out;
}

std::string RoundTrip(std::string_view text) {
  const json::Value document = Document(text);
  const auto bytes = EncodeObject(Schema::Kubernetes(), document.get_object());
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  const auto decoded = DecodeObject(Schema::Kubernetes(), *bytes);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.ok() ? ToJson(*decoded) : "";
}

TEST(Protobuf, WritesFieldsByNumberAndZerosThatAreNoPointers) {
  const Message& port = *Schema::Kubernetes().FindMessageByName("k8s.io.api.core.v1.ContainerPort");
  const auto bytes =
      EncodeProtobuf(port, Document(R"({"containerPort":80,"name":"w"})").get_object());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  // name "w", hostPort 0, containerPort 80, protocol "", hostIP "".
  EXPECT_EQ(Hex(*bytes),
            "0a0177"
            "1000"
            "1850"
            "2200"
            "2a00");
}

TEST(Protobuf, ReadsUnknownAndRepeatedFieldsAndPackedNumbers) {
  const Message& port = *Schema::Kubernetes().FindMessageByName("k8s.io.api.core.v1.ContainerPort");
  const auto decoded = DecodeProtobuf(port, Bytes("1801"
                                                  "1850"
                                                  "c80301"
                                                  "a2060161"
                                                  "a5064a4b4c4d"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(ToJson(*decoded), R"({"containerPort":80})");
  const Message& context =
      *Schema::Kubernetes().FindMessageByName("k8s.io.api.core.v1.PodSecurityContext");
  const auto packed = DecodeProtobuf(context, Bytes("2203010203"));
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(ToJson(*packed), R"({"supplementalGroups":[1,2,3]})");
}

TEST(Protobuf, CarriesEverySpecialType) {
  for (
      const std::string_view text : {
          R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","creationTimestamp":"2026-01-02T03:04:05Z","managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]},"spec":{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}],"containers":[{"name":"c","resources":{"limits":{"cpu":"500m"}},"livenessProbe":{"httpGet":{"port":"http"}}}],"nodeName":"n"},"status":{}})",
          R"({"kind":"Secret","apiVersion":"v1","metadata":{},"data":{"a":"AAH/","b":""},"type":"Opaque"})",
          R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{"leaseDurationSeconds":0,"renewTime":"2026-01-02T03:04:05.000006Z"}})",
          R"({"kind":"ControllerRevision","apiVersion":"apps/v1","metadata":{},"data":{"z":[1,null,"x"],"a":{}},"revision":-1})",
          R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{},"status":{"user":{"extra":{"a":["1","2"]}}}})",
          R"({"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"spec":{"group":"g","names":{"plural":"ps","kind":"P"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","default":{"a":1.5},"maximum":0.5,"enum":["a",1,null],"items":{"type":"string"},"additionalProperties":false,"dependencies":{"a":["b"]}}}}]},"status":{"conditions":null,"acceptedNames":{"plural":"","kind":""},"storedVersions":null}})",
          R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","reason":"NotFound","code":404})",
          R"({"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0,"propagationPolicy":"Orphan"})",
      }) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST(Protobuf, ObjectsWithinRawFieldsAreReadInEitherForm) {
  const auto inner = EncodeObject(
      Schema::Kubernetes(),
      Document(R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"n"}})").get_object());
  ASSERT_TRUE(inner.ok());
  const std::string event = EncodeWatchEvent("ADDED", *inner);
  const auto decoded = DecodeProtobuf(MessageNamed("v1", "WatchEvent"), event);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(ToJson(*decoded), R"({"type":"ADDED","object":{"kind":"Namespace","apiVersion":"v1",)"
                              R"("metadata":{"name":"n"},"spec":{},"status":{}}})");
}

struct Malformed {
  std::string_view kind;
  std::string_view hex;
  std::string_view message;
};

TEST(Protobuf, MalformedBytesNameTheField) {
  for (const Malformed& malformed : {
           Malformed{"Pod", "0a", "proto: metadata: unexpected EOF"},
           Malformed{"Pod", "0a05", "proto: metadata: unexpected EOF"},
           Malformed{"Pod", "00", "proto: the message: illegal tag"},
           Malformed{"Pod", "0b", "proto: metadata: wrong wire type"},
           Malformed{"Pod", "ffffffffffffffffffff01", "proto: the message: illegal tag"},
           Malformed{"Pod", "0a030a01ff", "proto: metadata.name: invalid UTF-8"},
           Malformed{"Pod",
                     "1204"
                     "1202"
                     "0a05",
                     "proto: spec.containers[0].name: unexpected EOF"},
           Malformed{"Pod",
                     "1202"
                     "1000",
                     "proto: spec.containers[0]: wrong wire type"},
           Malformed{"Secret", "12021000", "proto: data.: wrong wire type"},
           Malformed{"ControllerRevision", "12030a017b", "proto: data: "},
       }) {
    const std::string_view version = malformed.kind == "ControllerRevision" ? "apps/v1" : "v1";
    const auto decoded =
        DecodeProtobuf(MessageNamed(version, malformed.kind), Bytes(malformed.hex));
    ASSERT_FALSE(decoded.ok()) << malformed.hex;
    EXPECT_THAT(std::string(decoded.status().message()),
                testing::StartsWith(std::string(malformed.message)))
        << malformed.hex;
  }
}

TEST(Protobuf, NestingHasAnEnd) {
  // JSONSchemaProps within `not` (field 28) within `not` …
  std::string bytes;
  for (size_t i = 0; i < 3 * kMaxDepth; ++i) {
    std::string length;
    for (size_t rest = bytes.size(); rest >= 128; rest >>= 7) {
      length += static_cast<char>(rest | 0x80);
    }
    size_t last = bytes.size();
    while (last >= 128) last >>= 7;
    bytes = Bytes("e201") + length + static_cast<char>(last) + bytes;
  }
  const Message& props = *Schema::Kubernetes().FindMessageByName(
      "k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
  const auto decoded = DecodeProtobuf(props, bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(std::string(decoded.status().message()), testing::HasSubstr("nested too deeply"));
}

TEST(Protobuf, ValuesOfAWrongTypeAreRefusedWithTheirPath) {
  const auto encoded = EncodeProtobuf(
      MessageNamed("v1", "Pod"), Document(R"({"spec":{"containers":[{"name":1}]}})").get_object());
  EXPECT_EQ(encoded.status().message(), "spec.containers[0].name: must be a string");
}

TEST(Envelope, IsTheMagicAndAnUnknown) {
  const std::string sealed = SealEnvelope({.api_version = "v1", .kind = "Pod", .raw = "x"});
  EXPECT_EQ(Hex(sealed),
            "6b387300"
            "0a09"
            "0a027631"
            "1203506f64"
            "120178"
            "1a00"
            "2200");
  const auto opened = OpenEnvelope(sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->kind, "Pod");
  EXPECT_EQ(opened->api_version, "v1");
  EXPECT_EQ(opened->raw, "x");
}

TEST(Envelope, OfAListIsPutTogetherFromThoseOfItsItems) {
  const Schema& schema = Schema::Kubernetes();
  const auto encode = [&](const std::string& text) {
    return EncodeObject(schema, Document(text).get_object()).value();
  };
  const std::string one = R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}})";
  const std::string other = R"({"kind":"ConfigMap","apiVersion":"v1","data":{"b":"c"}})";
  const auto list = [](const std::string& items) {
    return R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[)" +
           items + "]}";
  };
  const std::string first = encode(one);
  const std::string second = encode(other);
  EXPECT_EQ(Hex(EncodeList(encode(list("")), {first, second}).value()),
            Hex(encode(list(one + "," + other))));
  EXPECT_FALSE(EncodeList(encode(list("")), {"{}"}).ok());
}

TEST(Envelope, RefusesKindsThatOnlyJsonHolds) {
  const auto encoded =
      EncodeObject(Schema::Kubernetes(),
                   Document(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1"})").get_object());
  EXPECT_TRUE(absl::IsUnimplemented(encoded.status())) << encoded.status();
}

TEST(Envelope, RefusesWhatItCannotRead) {
  EXPECT_FALSE(DecodeObject(Schema::Kubernetes(), "{}").ok());
  EXPECT_FALSE(OpenEnvelope(Bytes("6b3873000a")).ok());
  const std::string unknown = SealEnvelope({.api_version = "v1", .kind = "Pig"});
  EXPECT_TRUE(absl::IsNotFound(DecodeObject(Schema::Kubernetes(), unknown).status()));
  const std::string zipped =
      SealEnvelope({.api_version = "v1", .kind = "Pod", .content_encoding = "gzip"});
  EXPECT_FALSE(DecodeObject(Schema::Kubernetes(), zipped).ok());
}

}  // namespace
}  // namespace kvplane::api
