#include "etcd/pages.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "etcd/peer_news.h"
#include "kvshim/version.h"

namespace kvshim::etcd {
namespace {

namespace json = boost::json;

constexpr const char* kJson = "application/json";

// One thing that health consists of: its name, and what is wrong with it; empty: nothing.
struct Finding {
  std::string name;
  std::string wrong;
};

Finding CheckAlarms(const ServiceContext& context, std::string_view excluded) {
  for (const Alarm& alarm : context.store.alarms()) {
    const std::string_view name = alarm.type == AlarmType::kNoSpace ? "NOSPACE" : "CORRUPT";
    if (name != excluded) return {"alarms", base::Concat("ALARM ", name)};
  }
  return {"alarms", ""};
}

Finding CheckCorruption(const ServiceContext& context) {
  Finding finding = CheckAlarms(context, "NOSPACE");
  finding.name = "data_corruption";
  return finding;
}

Finding CheckRead(const ServiceContext& context, bool serializable) {
  Finding finding{serializable ? "serializable_read" : "linearizable_read", ""};
  // Answered from memory before it returns: it asks for no value.
  context.store.Range({.key = "health", .serializable = true, .count_only = true},
                      [&](const absl::StatusOr<RangeResponse>& response) {
                        if (!response.ok())
                          finding.wrong = std::string(response.status().message());
                      });
  if (serializable || !finding.wrong.empty()) return finding;
  // A linearizable one might wait, and a page must not.
  if (const absl::Status health = context.store.Health(); !health.ok()) {
    finding.wrong = std::string(health.message());
  }
  return finding;
}

http::Response Health(const ServiceContext& context, const http::Request& request) {
  const auto asked = [&](const char* name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
  };
  Finding finding = CheckAlarms(context, asked("exclude"));
  if (finding.wrong.empty()) finding = CheckRead(context, asked("serializable") == "true");
  const bool healthy = finding.wrong.empty();
  const json::object body{{"health", healthy ? "true" : "false"}, {"reason", finding.wrong}};
  return {healthy ? 200 : 503, kJson, json::serialize(body)};
}

// /livez and /readyz: "ok", or the list of what was looked at.
http::Response Report(const http::Request& request, const std::vector<Finding>& findings) {
  bool sound = true;
  std::string list;
  for (const Finding& finding : findings) {
    sound = sound && finding.wrong.empty();
    list += finding.wrong.empty()
                ? base::Concat("[+]", finding.name, " ok\n")
                : base::Concat("[-]", finding.name, " failed: ", finding.wrong, "\n");
  }
  if (!sound) return {.status = 503, .body = list + "not ok\n"};
  return {.body = request.query.contains("verbose") ? list + "ok\n" : "ok\n"};
}

http::Response StatusPage(const ServiceContext& context) {
  const StoreStatus status = context.store.Status();
  json::array alarms;
  for (const Alarm& alarm : status.alarms) {
    alarms.emplace_back(alarm.type == AlarmType::kNoSpace ? "NOSPACE" : "CORRUPT");
  }
  json::array urls;
  for (const std::string& url : context.client_urls) urls.emplace_back(url);
  json::array servers;
  for (const store::Member& member : context.store.members()) {
    const bool self = member.id == status.member_id;
    const uint64_t applied = self ? status.commit_sequence : member.applied_sequence;
    const uint64_t behind = status.commit_sequence - std::min(applied, status.commit_sequence);
    servers.push_back({{"name", member.name},
                       {"member_id", member.id},
                       {"leader", member.id == context.store.leader_id()},
                       {"batches_behind", behind}});
  }
  const json::object body{{"version", std::string(kVersion)},
                          {"etcd_version", context.version},
                          {"name", status.name},
                          {"servers", servers},
                          {"client_urls", urls},
                          {"cluster_id", status.cluster_id},
                          {"member_id", status.member_id},
                          {"revision", status.revision},
                          {"compact_revision", status.compact_revision},
                          {"commit_sequence", status.commit_sequence},
                          {"keys", status.keys},
                          {"database_bytes", status.database_bytes},
                          {"database_bytes_in_use", status.database_bytes_in_use},
                          {"quota_bytes", status.quota_bytes},
                          {"watchers", status.watchers},
                          {"slow_watchers", status.slow_watchers},
                          {"leases", status.leases},
                          {"batch_rows_mean", status.batch_rows_mean},
                          {"commit_seconds_p50", status.commit_seconds_p50},
                          {"commit_seconds_p99", status.commit_seconds_p99},
                          {"alarms", alarms}};
  return {200, kJson, json::serialize(body)};
}

}  // namespace

http::Pages MakePages(const ServiceContext& context) {
  http::Pages pages;
  pages.Add("/health",
            [&context](const http::Request& request) { return Health(context, request); });
  pages.Add("/livez", [&context](const http::Request& request) {
    return Report(request, {CheckRead(context, true)});
  });
  pages.Add("/readyz", [&context](const http::Request& request) {
    return Report(request,
                  {CheckCorruption(context), CheckRead(context, true), CheckRead(context, false)});
  });
  pages.Add("/version", [&context](const http::Request&) {
    const json::object body{{"etcdserver", context.version},
                            {"etcdcluster", context.minor_version()}};
    return http::Response{200, kJson, json::serialize(body)};
  });
  pages.Add("/metrics", [&context](const http::Request&) {
    return http::Response{200, "text/plain; version=0.0.4; charset=utf-8",
                          context.store.metrics().Render()};
  });
  pages.Add(PeerNews::kPath, [&context](const http::Request& request) {
    const auto found = request.query.find("seq");
    int64_t sequence = 0;
    if (found != request.query.end()) {
      const std::string& text = found->second;
      std::from_chars(text.data(), text.data() + text.size(), sequence);
    }
    if (const std::optional<store::Claim> claim = store::ReadClaim(request.query);
        claim.has_value()) {
      context.store.HearHint(*claim);
    } else {
      context.store.Nudge(sequence);  // of an older release
    }
    return http::Response{.body = store::TextOf(context.store.claim())};
  });
  pages.Add("/kvshim/status", [&context](const http::Request&) { return StatusPage(context); });
  return pages;
}

}  // namespace kvshim::etcd
