#include "auth/node_graph.h"

#include <algorithm>
#include <optional>

#include "kinds/members.h"
#include "kinds/pod_references.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::ReaderLock;
using kvshim::base::WriterLock;

constexpr char kMirror[] = "kubernetes.io/config.mirror";

std::optional<NodeGraph::Type> TypeOf(const kinds::Kind& kind) {
  if (kind.plural == "pods") return NodeGraph::Type::kPod;
  if (kind.plural == "persistentvolumes") return NodeGraph::Type::kVolume;
  if (kind.plural == "volumeattachments") return NodeGraph::Type::kAttachment;
  if (kind.plural == "resourceslices") return NodeGraph::Type::kSlice;
  return std::nullopt;
}

NodeGraph::Type TypeOf(kinds::Referenced what) {
  switch (what) {
    case kinds::Referenced::kSecret:
      return NodeGraph::Type::kSecret;
    case kinds::Referenced::kConfigMap:
      return NodeGraph::Type::kConfigMap;
    case kinds::Referenced::kClaim:
      return NodeGraph::Type::kClaim;
    case kinds::Referenced::kServiceAccount:
      return NodeGraph::Type::kServiceAccount;
    case kinds::Referenced::kResourceClaim:
    case kinds::Referenced::kTrustBundle:
      break;
  }
  return NodeGraph::Type::kResourceClaim;
}

std::string At(const json::Object& object, kinds::Path path) {
  return std::string(Text(object, path));
}

}  // namespace

NodeGraph::Entry NodeGraph::EntryOfPod(const json::Object& pod) {
  Entry entry{.node = At(pod, {"spec", "nodeName"})};
  // A mirror pod names what its node wrote into it: that gives the node nothing.
  if (kinds::Has(pod, {"metadata", "annotations", kMirror})) return entry;
  const std::string ns = At(pod, {"metadata", "namespace"});
  kinds::VisitReferences(pod, [&](kinds::Referenced what, std::string_view name) {
    if (what == kinds::Referenced::kTrustBundle) return;
    entry.vertices.insert({TypeOf(what), ns, std::string(name)});
  });
  return entry;
}

void NodeGraph::Put(const kinds::Kind& kind, const json::Object& document) {
  const auto type = TypeOf(kind);
  if (!type.has_value()) return;
  const Vertex self{*type, At(document, {"metadata", "namespace"}),
                    At(document, {"metadata", "name"})};
  Entry entry;
  if (type == Type::kPod) {
    entry = EntryOfPod(document);
  } else if (type == Type::kVolume) {
    const std::string ns = At(document, {"spec", "claimRef", "namespace"});
    const std::string claim = At(document, {"spec", "claimRef", "name"});
    if (!claim.empty()) entry.vertices.insert({Type::kClaim, ns, claim});
    if (const json::Object* spec = kinds::FindObject(document, {"spec"})) {
      kinds::VisitVolumeSecrets(*spec, [&](std::string_view of, std::string_view name) {
        entry.vertices.insert(
            {Type::kSecret, of.empty() ? ns : std::string(of), std::string(name)});
      });
    }
  } else {
    entry.node = At(document, {"spec", "nodeName"});
  }
  if (!entry.node.empty()) entry.vertices.insert(self);
  WriterLock lock(mutex_);
  Replace(self, std::move(entry));
}

void NodeGraph::Replace(const Vertex& self, Entry entry) {
  Erase(self);
  if (self.type == Type::kVolume) {
    for (const Vertex& claim : entry.vertices) {
      if (claim.type != Type::kClaim) continue;
      claims_[self].insert(claim);
      for (const Vertex& one : entry.vertices) {
        if (one.type == Type::kSecret) claims_[one].insert(claim);
      }
    }
  } else if (entry.node.empty()) {
    return;  // on no node yet
  } else {
    std::map<Vertex, int>& counts = by_node_[entry.node];
    for (const Vertex& one : entry.vertices) ++counts[one];
  }
  entries_.emplace(self, std::move(entry));
}

void NodeGraph::Erase(const Vertex& self) {
  const auto found = entries_.find(self);
  if (found == entries_.end()) return;
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  if (self.type != Type::kVolume) {
    std::map<Vertex, int>& counts = by_node_[entry.node];
    for (const Vertex& one : entry.vertices) {
      const auto count = counts.find(one);
      if (--count->second == 0) counts.erase(count);
    }
    if (counts.empty()) by_node_.erase(entry.node);
    return;
  }
  claims_.erase(self);
  for (const Vertex& one : entry.vertices) {
    if (one.type != Type::kSecret) continue;
    const auto held = claims_.find(one);
    if (held == claims_.end()) continue;
    // Another volume of the same claim may take the same secret.
    for (const Vertex& claim : entry.vertices) {
      const bool still = std::any_of(entries_.begin(), entries_.end(), [&](const auto& other) {
        return other.first.type == Type::kVolume && other.second.vertices.contains(one) &&
               other.second.vertices.contains(claim);
      });
      if (!still) held->second.erase(claim);
    }
    if (held->second.empty()) claims_.erase(held);
  }
}

void NodeGraph::Remove(const kinds::Kind& kind, const json::Object& document) {
  const auto type = TypeOf(kind);
  if (!type.has_value()) return;
  WriterLock lock(mutex_);
  Erase({*type, At(document, {"metadata", "namespace"}), At(document, {"metadata", "name"})});
}

void NodeGraph::KeepOnly(const kinds::Kind& kind, const std::set<Follower::Key>& named) {
  const auto type = TypeOf(kind);
  if (!type.has_value()) return;
  WriterLock lock(mutex_);
  Vertices gone;
  for (const auto& [vertex, entry] : entries_) {
    if (vertex.type == *type && !named.contains({vertex.ns, vertex.name})) gone.insert(vertex);
  }
  for (const Vertex& vertex : gone) Erase(vertex);
}

bool NodeGraph::Reaches(const std::string& node, const Vertex& vertex) const {
  ReaderLock lock(mutex_);
  const auto found = by_node_.find(node);
  if (found == by_node_.end()) return false;
  const std::map<Vertex, int>& near = found->second;
  if (near.contains(vertex)) return true;
  const auto claims = claims_.find(vertex);
  return claims != claims_.end() &&
         std::any_of(claims->second.begin(), claims->second.end(),
                     [&](const Vertex& claim) { return near.contains(claim); });
}

}  // namespace kvplane::auth
