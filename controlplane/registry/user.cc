#include "registry/user.h"

#include <utility>

namespace kvplane::registry {

namespace json = api::json;

namespace {

json::Array List(const std::vector<std::string>& texts) {
  json::Array list;
  for (const std::string& text : texts) list.emplace_back(json::ToBoost(text));
  return list;
}

}  // namespace

json::Object UserDocument(const User& user) {
  json::Object document{{"username", json::ToBoost(user.name)}};
  if (!user.uid.empty()) document["uid"] = json::ToBoost(user.uid);
  if (!user.groups.empty()) document["groups"] = List(user.groups);
  if (!user.extra.empty()) {
    json::Object extra;
    for (const auto& [name, values] : user.extra) extra[json::ToBoost(name)] = List(values);
    document["extra"] = std::move(extra);
  }
  return document;
}

}  // namespace kvplane::registry
