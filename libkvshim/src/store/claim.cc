#include "store/claim.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "log/chain.h"

namespace kvshim::store {
namespace {

template <typename Number>
bool ReadNumber(const std::map<std::string, std::string>& parts, const char* name, Number& number,
                int base = 10) {
  const auto found = parts.find(name);
  if (found == parts.end() || found->second.empty()) return false;
  const char* const end = found->second.data() + found->second.size();
  const auto [rest, error] = std::from_chars(found->second.data(), end, number, base);
  return error == std::errc() && rest == end && number >= 0;
}

std::string Hex(uint64_t number) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof(digits), number, 16).ptr};
}

}  // namespace

std::string TextOf(const Claim& claim) {
  std::string text =
      base::Concat("seq=", claim.seq, "&epoch=", claim.epoch, "&revision=", claim.revision,
                   "&nonce=", log::ToHex(claim.nonce), "&cluster=", Hex(claim.cluster_id),
                   "&stands=", claim.stands ? 1 : 0);
  if (!claim.lineage.system.empty()) {
    text += base::Concat("&system=", claim.lineage.system, "&timeline=", claim.lineage.timeline);
  }
  return text;
}

std::optional<Claim> ReadClaim(const std::map<std::string, std::string>& parts) {
  Claim claim;
  int stands = 0;
  const auto nonce = parts.find("nonce");
  if (nonce == parts.end() || !ReadNumber(parts, "seq", claim.seq) ||
      !ReadNumber(parts, "epoch", claim.epoch) || !ReadNumber(parts, "revision", claim.revision) ||
      !ReadNumber(parts, "cluster", claim.cluster_id, 16) || !ReadNumber(parts, "stands", stands)) {
    return std::nullopt;
  }
  const std::optional<log::Nonce> bytes = log::FromHex(nonce->second);
  if (!bytes.has_value()) return std::nullopt;
  claim.nonce = *bytes;
  claim.stands = stands == 1;
  if (const auto system = parts.find("system"); system != parts.end()) {
    const bool digits =
        std::ranges::all_of(system->second, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || !ReadNumber(parts, "timeline", claim.lineage.timeline)) return std::nullopt;
    claim.lineage.system = system->second;
  }
  return claim;
}

std::optional<Claim> ReadClaim(std::string_view text) {
  std::map<std::string, std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = std::min(part.find('='), part.size());
    parts.emplace(part.substr(0, equals), part.substr(std::min(equals + 1, part.size())));
  }
  return ReadClaim(parts);
}

}  // namespace kvshim::store
