// Service: a table of methods by full name, each with the code that serves it.
//
//   Service kv("etcdserverpb.KV");
//   kv.Unary("Range", [&](UnaryCall call) { ... });
//   Service watch("etcdserverpb.Watch");
//   watch.Bidi("Watch", [&] { return std::make_unique<WatchStream>(hub); });
//
// Thread safety: built on one thread, constant afterwards. Handlers run on any loop's thread,
// several at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpc/call.h"

namespace kvshim::rpc {

enum class MethodType { kUnary, kServerStreaming, kBidi };

using UnaryFunction = std::function<void(UnaryCall call)>;
using StreamFactory = std::function<std::unique_ptr<StreamHandler>()>;

struct Method {
  std::string service;  // etcdserverpb.KV
  std::string name;     // Range
  MethodType type = MethodType::kUnary;
  UnaryFunction unary;   // for kUnary
  StreamFactory stream;  // for the others
  // Of the server itself, not of what it serves: answered whatever the limits, not counted.
  bool is_built_in = false;

  std::string path() const { return "/" + service + "/" + name; }
};

class Service {
 public:
  explicit Service(std::string name) : name_(std::move(name)) {}

  void Unary(std::string name, UnaryFunction function) {
    methods_.push_back({name_, std::move(name), MethodType::kUnary, std::move(function), {}});
  }
  void ServerStreaming(std::string name, StreamFactory factory) {
    methods_.push_back(
        {name_, std::move(name), MethodType::kServerStreaming, {}, std::move(factory)});
  }
  void Bidi(std::string name, StreamFactory factory) {
    methods_.push_back({name_, std::move(name), MethodType::kBidi, {}, std::move(factory)});
  }

  void MarkBuiltIn() {
    for (Method& method : methods_) method.is_built_in = true;
  }

  const std::string& name() const { return name_; }
  const std::vector<Method>& methods() const { return methods_; }

 private:
  std::string name_;
  std::vector<Method> methods_;
};

}  // namespace kvshim::rpc
