// URLs, and the formats that texts can be held against: format.dns1123Label().validate("My name").
#include <cctype>
#include <map>
#include <memory>

#include "api/base64.h"
#include "api/names.h"
#include "api/timestamp.h"
#include "base/strings.h"
#include "cel/function.h"
#include "cel/url.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

class UrlValue : public Opaque {
 public:
  UrlValue(Url url, std::string_view text) : url(std::move(url)), text(text) {}
  std::string_view TypeName() const override { return "kubernetes.URL"; }
  bool Equals(const Opaque& other) const override {
    const auto* another = dynamic_cast<const UrlValue*>(&other);
    return another != nullptr && another->text == text;
  }

  const Url url;
  const std::string text;
};

Value ParseUrlValue(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Url url;
  const std::string fault = ParseUrl(call[0].GetString(), url);
  if (!fault.empty()) {
    return Value::Error(Concat("URL parse error during conversion from string: ", fault));
  }
  return Value::OpaqueOf(std::make_shared<const UrlValue>(std::move(url), call[0].GetString()));
}

Value IsUrl(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Url url;
  return Value::Bool(ParseUrl(call[0].GetString(), url).empty());
}

Value AskUrl(const Call& call) {
  const auto* value = call[0].GetOpaqueAs<UrlValue>();
  if (value == nullptr) return NoSuchOverload();
  const Url& url = value->url;
  if (call.name == "getScheme") return Value::String(url.scheme);
  if (call.name == "getHost") return Value::String(url.host);
  if (call.name == "getHostname") return Value::String(url.HostName());
  if (call.name == "getPort") return Value::String(url.Port());
  return Value::String(url.path);
}

Value QueryOf(const Call& call) {
  const auto* value = call[0].GetOpaqueAs<UrlValue>();
  if (value == nullptr) return NoSuchOverload();
  std::map<std::string, std::vector<Value>> found;
  for (const std::string_view pair : kvshim::base::SplitList(value->url.query, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    std::string name;
    std::string text;
    if (!Unescape(pair.substr(0, equals), true, name) ||
        !Unescape(pair.substr(std::min(equals + 1, pair.size())), true, text)) {
      continue;
    }
    found[name].push_back(Value::String(std::move(text)));
  }
  MapBuilder map;
  for (auto& [name, texts] : found) {
    map.Add(Value::String(name), Value::ListOf(std::move(texts)));
  }
  return map.Build();
}

api::NameFaults OneIf(bool bad, std::string_view why) {
  api::NameFaults faults;
  if (bad) faults.emplace_back(why);
  return faults;
}

// A prefix of a name may end where the name would go on.
std::string AsPrefix(std::string_view text) {
  std::string out(text);
  if (out.size() > 1 && out.ends_with('-')) out.back() = 'a';
  return out;
}

bool IsUuid(std::string_view text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-') continue;
    if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    ++digits;
  }
  return digits == 32;
}

struct NameFormat {
  std::string_view name;
  api::NameFaults (*check)(std::string_view text);
};

constexpr NameFormat kFormats[] = {
    {"dns1123Label", api::CheckDns1123Label},
    {"dns1123Subdomain", api::CheckDns1123Subdomain},
    {"dns1035Label", api::CheckDns1035Label},
    {"qualifiedName", api::CheckQualifiedName},
    {"dns1123LabelPrefix",
     [](std::string_view text) { return api::CheckDns1123Label(AsPrefix(text)); }},
    {"dns1123SubdomainPrefix",
     [](std::string_view text) { return api::CheckDns1123Subdomain(AsPrefix(text)); }},
    {"dns1035LabelPrefix",
     [](std::string_view text) { return api::CheckDns1035Label(AsPrefix(text)); }},
    {"labelValue", api::CheckLabelValue},
    {"uri",
     [](std::string_view text) {
       Url url;
       const std::string fault = ParseUrl(text, url);
       return OneIf(!fault.empty(), fault);
     }},
    {"uuid",
     [](std::string_view text) { return OneIf(!IsUuid(text), "does not match the UUID format"); }},
    {"byte",
     [](std::string_view text) { return OneIf(!api::DecodeBase64(text).ok(), "invalid base64"); }},
    {"date",
     [](std::string_view text) {
       const bool good = text.size() == 10 && api::ParseTimestamp(Concat(text, "T00:00:00Z")).ok();
       return OneIf(!good, "invalid date");
     }},
    {"datetime",
     [](std::string_view text) {
       return OneIf(!api::ParseTimestamp(text).ok(), "invalid datetime");
     }},
};

class FormatValue : public Opaque {
 public:
  explicit FormatValue(const NameFormat& format) : format(format) {}
  std::string_view TypeName() const override { return "kubernetes.NamedFormat"; }
  bool Equals(const Opaque& other) const override {
    const auto* another = dynamic_cast<const FormatValue*>(&other);
    return another != nullptr && another->format.name == format.name;
  }

  const NameFormat& format;
};

Value FindFormat(std::string_view name) {
  for (const NameFormat& format : kFormats) {
    if (format.name != name) continue;
    return Value::Some(Value::OpaqueOf(std::make_shared<const FormatValue>(format)));
  }
  return Value::None();
}

Value Named(const Call& call) {
  return call[0].Is(Kind::kString) ? FindFormat(call[0].GetString()) : NoSuchOverload();
}

// format.dns1123Label()
Value OwnFormat(const Call& call) {
  return *FindFormat(call.name.substr(call.name.find('.') + 1)).GetOptional();
}

Value Validate(const Call& call) {
  const auto* value = call[0].GetOpaqueAs<FormatValue>();
  if (value == nullptr || !call[1].Is(Kind::kString)) return NoSuchOverload();
  if (!call.budget.ChargeBytes(call[1].GetString().size())) return {};
  std::vector<Value> faults;
  for (std::string& fault : value->format.check(call[1].GetString())) {
    faults.push_back(Value::String(std::move(fault)));
  }
  return faults.empty() ? Value::None() : Value::Some(Value::ListOf(std::move(faults)));
}

}  // namespace

std::span<const NamedFunction> NameFormatFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"url", ParseUrlValue},
                                                 {"isURL", IsUrl},
                                                 {"getScheme", AskUrl},
                                                 {"getHost", AskUrl},
                                                 {"getHostname", AskUrl},
                                                 {"getPort", AskUrl},
                                                 {"getEscapedPath", AskUrl},
                                                 {"getQuery", QueryOf},
                                                 {"format.named", Named},
                                                 {"format.dns1123Label", OwnFormat},
                                                 {"format.dns1123Subdomain", OwnFormat},
                                                 {"format.dns1035Label", OwnFormat},
                                                 {"format.qualifiedName", OwnFormat},
                                                 {"format.dns1123LabelPrefix", OwnFormat},
                                                 {"format.dns1123SubdomainPrefix", OwnFormat},
                                                 {"format.dns1035LabelPrefix", OwnFormat},
                                                 {"format.labelValue", OwnFormat},
                                                 {"format.uri", OwnFormat},
                                                 {"format.uuid", OwnFormat},
                                                 {"format.byte", OwnFormat},
                                                 {"format.date", OwnFormat},
                                                 {"format.datetime", OwnFormat},
                                                 {"validate", Validate}};
  return kFunctions;
}

}  // namespace kvplane::cel
