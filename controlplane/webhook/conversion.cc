#include "webhook/conversion.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/field_error.h"
#include "kinds/members.h"
#include "kinds/metadata_validation.h"
#include "registry/failure.h"
#include "registry/identity.h"

namespace kvplane::webhook {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;
using kvshim::base::ToAbsl;

constexpr std::string_view kApiVersion = "apiextensions.k8s.io/v1";
constexpr std::string_view kKind = "ConversionReview";
constexpr std::chrono::seconds kTimeout(30);
// Of one review. An object beyond it has a review of its own.
constexpr size_t kMostBytes = size_t{1} << 20;
constexpr size_t kMostObjects = 500;

absl::Status Wrong(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

// Some of the objects, asked for together.
struct Review {
  std::string uid;
  std::vector<json::Object*> objects;
  json::Array told;
  size_t bytes = 0;

  std::string Body(const std::string& group_version) {
    json::Object request{{"uid", json::ToBoost(uid)},
                         {"desiredAPIVersion", json::ToBoost(group_version)},
                         {"objects", std::move(told)}};
    return api::ToJson(json::Object{{"kind", json::ToBoost(kKind)},
                                    {"apiVersion", json::ToBoost(kApiVersion)},
                                    {"request", std::move(request)}});
  }
};

std::vector<Review> ReviewsOf(const std::string& group_version,
                              std::vector<json::Object>& objects) {
  std::vector<Review> reviews;
  for (json::Object& object : objects) {
    if (Text(object, {"apiVersion"}) == group_version) continue;
    const size_t bytes = api::ToJson(json::Value(object)).size();
    if (reviews.empty() || reviews.back().objects.size() == kMostObjects ||
        reviews.back().bytes + bytes > kMostBytes) {
      reviews.push_back({.uid = registry::NewUid()});
    }
    Review& review = reviews.back();
    review.objects.push_back(&object);
    review.told.push_back(object);
    review.bytes += bytes;
  }
  return reviews;
}

// The objects of an answer.
absl::StatusOr<json::Array> ReadAnswer(std::string_view uid, const std::string& body) {
  auto parsed = api::ParseJson(body);
  if (!parsed.ok() || !parsed->is_object()) return Wrong("the answer is no ConversionReview");
  const json::Object& document = parsed->get_object();
  if (Text(document, {"kind"}) != kKind || Text(document, {"apiVersion"}) != kApiVersion) {
    return Wrong(Concat("expected webhook response of ", kApiVersion, ", Kind=", kKind, ", got ",
                        Text(document, {"apiVersion"}), ", Kind=", Text(document, {"kind"})));
  }
  const json::Object* response = kinds::FindObject(document, {"response"});
  if (response == nullptr) return Wrong("no response provided");
  if (Text(*response, {"uid"}) != uid) {
    return Wrong(
        Concat("expected response.uid=\"", uid, "\", got \"", Text(*response, {"uid"}), "\""));
  }
  if (const auto status = Text(*response, {"result", "status"}); status != "Success") {
    const std::string_view message = Text(*response, {"result", "message"});
    return Wrong(message.empty()
                     ? Concat("response.result.status was '", status, "', not 'Success'")
                     : std::string(message));
  }
  const json::Array* converted = kinds::FindArray(*response, {"convertedObjects"});
  return converted == nullptr ? json::Array() : *converted;
}

absl::Status CheckSame(const json::Object& before, const json::Object& after) {
  constexpr std::pair<std::string_view, std::string_view> kMembers[] = {
      {"name", "name"}, {"namespace", "namespace"}, {"uid", "UID"}};
  for (const auto& [member, called] : kMembers) {
    const std::string_view was = Text(before, {"metadata", member});
    const std::string_view is = Text(after, {"metadata", member});
    if (was != is) return Wrong(Concat("must have the same ", called, ": ", was, " != ", is));
  }
  return absl::OkStatus();
}

absl::Status CheckTexts(std::string_view name, const json::Object& texts) {
  for (const auto& [key, value] : texts) {
    if (value.is_string()) continue;
    return Wrong(Concat("metadata.", name, "[", json::View(key),
                        "] must be a string in the converted object"));
  }
  kinds::FieldErrors errors;
  if (name == "labels") kinds::ValidateLabels(texts, "metadata.labels", errors);
  return errors.empty() ? absl::OkStatus() : Wrong(errors.front().ToString());
}

// The metadata as it was, but for labels and annotations.
absl::Status KeepMetadata(const json::Object& before, json::Object& after) {
  const json::Object* answered = kinds::FindObject(after, {"metadata"});
  if (answered == nullptr) return Wrong("missing metadata in converted object");
  const json::Object* held = kinds::FindObject(before, {"metadata"});
  json::Object metadata = held == nullptr ? json::Object() : *held;
  for (const std::string_view name : {"labels", "annotations"}) {
    const json::Value* given = json::Find(*answered, name);
    if (given == nullptr || given->is_null()) {
      kinds::Remove(metadata, name);
      continue;
    }
    if (!given->is_object()) {
      return Wrong(Concat("invalid metadata.", name, " in converted object: it is no object"));
    }
    RETURN_IF_ERROR(CheckTexts(name, given->get_object()));
    kinds::Set(metadata, name, *given);
  }
  after["metadata"] = std::move(metadata);
  return absl::OkStatus();
}

absl::Status Take(const std::string& group_version, const json::Value& answered,
                  json::Object& object) {
  if (!answered.is_object()) return Wrong("it is no object");
  json::Object converted = answered.get_object();
  if (const auto given = Text(converted, {"apiVersion"}); given != group_version) {
    return Wrong(
        Concat("invalid groupVersion (expected ", group_version, ", received ", given, ")"));
  }
  if (Text(converted, {"kind"}) != Text(object, {"kind"})) {
    return Wrong(Concat("invalid kind (expected ", Text(object, {"kind"}), ", received ",
                        Text(converted, {"kind"}), ")"));
  }
  RETURN_IF_ERROR(CheckSame(object, converted));
  RETURN_IF_ERROR(KeepMetadata(object, converted));
  object = std::move(converted);
  return absl::OkStatus();
}

absl::Status Failed(const Review& review, std::string_view what) {
  const json::Object& first = *review.objects.front();
  return registry::MakeStatus(
      {.code = 500,
       .message = Concat("conversion webhook for ", Text(first, {"apiVersion"}),
                         ", Kind=", Text(first, {"kind"}), " ", what)});
}

absl::Status TakeAll(const std::string& group_version, const Review& review,
                     const absl::StatusOr<std::string>& body) {
  if (!body.ok()) return Failed(review, Concat("failed: ", FromAbsl(body.status().message())));
  const absl::StatusOr<json::Array> answered = ReadAnswer(review.uid, *body);
  if (!answered.ok()) {
    return Failed(review, Concat("failed: ", FromAbsl(answered.status().message())));
  }
  if (answered->size() != review.objects.size()) {
    return Failed(review, Concat("returned ", answered->size(), " objects, expected ",
                                 review.objects.size()));
  }
  for (size_t i = 0; i < answered->size(); ++i) {
    const absl::Status taken = Take(group_version, (*answered)[i], *review.objects[i]);
    if (taken.ok()) continue;
    return Failed(review, Concat("returned invalid converted object at index ", i, ": ",
                                 FromAbsl(taken.message())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ConversionWebhook::Convert(const kinds::Definition& definition,
                                        const std::string& group_version,
                                        std::vector<json::Object>& objects) {
  std::vector<Review> reviews = ReviewsOf(group_version, objects);
  if (reviews.empty()) return absl::OkStatus();
  const absl::StatusOr<Endpoint> endpoint = endpoints_.Find(definition.webhook_client(), "");
  if (!endpoint.ok()) {
    return Failed(reviews.front(), Concat("failed: ", FromAbsl(endpoint.status().message())));
  }
  std::vector<Request> requests;
  requests.reserve(reviews.size());
  for (Review& review : reviews) {
    requests.push_back(
        {.endpoint = *endpoint, .body = review.Body(group_version), .timeout = kTimeout});
  }
  const auto answers = client_.Ask(std::move(requests));
  for (size_t i = 0; i < reviews.size(); ++i) {
    RETURN_IF_ERROR(TakeAll(group_version, reviews[i], answers[i]));
  }
  return absl::OkStatus();
}

}  // namespace kvplane::webhook
