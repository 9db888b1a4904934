// NodeGraph: which objects have to do with a node: its pods, what those name, the volumes behind
// their claims and the secrets that those take, its volume attachments and resource slices.
//
// Thread safety: every method may be called from any thread.
//
//   NodeGraph graph;
//   graph.Put(pods, pod);
//   graph.Reaches("node-1", {NodeGraph::Type::kSecret, "web", "password"});
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "api/json.h"
#include "auth/follower.h"
#include "base/mutex.h"
#include "kinds/kind.h"

namespace kvplane::auth {

class NodeGraph : public Follower::Listener {
 public:
  enum class Type {
    kPod,
    kSecret,
    kConfigMap,
    kClaim,
    kVolume,
    kServiceAccount,
    kResourceClaim,
    kAttachment,
    kSlice
  };
  struct Vertex {
    Type type;
    std::string ns;  // empty for what lies in none
    std::string name;
    auto operator<=>(const Vertex&) const = default;
  };

  bool Reaches(const std::string& node, const Vertex& vertex) const;

  // Pods, PersistentVolumes, VolumeAttachments, ResourceSlices.
  void Put(const kinds::Kind& kind, const api::json::Object& document) override;
  void Remove(const kinds::Kind& kind, const api::json::Object& document) override;
  void KeepOnly(const kinds::Kind& kind, const std::set<Follower::Key>& named) override;

 private:
  using Vertices = std::set<Vertex>;
  struct Entry {
    std::string node;  // empty: of a volume, which belongs to a claim's nodes
    Vertices vertices;
  };

  static Entry EntryOfPod(const api::json::Object& pod);
  void Replace(const Vertex& self, Entry entry) REQUIRES(mutex_);
  void Erase(const Vertex& self) REQUIRES(mutex_);

  mutable kvshim::base::SharedMutex mutex_;
  std::map<Vertex, Entry> entries_ GUARDED_BY(mutex_);
  // How often each is named by what is on the node.
  std::map<std::string, std::map<Vertex, int>> by_node_ GUARDED_BY(mutex_);
  // Of volumes: the claims that have something behind them, by what that is.
  std::map<Vertex, Vertices> claims_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::auth
