// Documents of the tests, from text.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "api/json.h"
#include "api/schema.h"

namespace kvplane::api {

inline json::Value Document(std::string_view text) {
  auto parsed = ParseJson(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
  return parsed.ok() ? *std::move(parsed) : json::Value();
}

inline const Message& MessageNamed(std::string_view group_version, std::string_view kind) {
  return *Schema::Kubernetes().FindMessage(group_version, kind);
}

}  // namespace kvplane::api
