#include "sql/postgres/parameters.h"

#include <utility>

namespace kvshim::sql::postgres {

void Parameters::AppendNumber(std::string& out, uint64_t number, int width) {
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<char>(number >> (8 * i)));
}

Parameters&& Parameters::Int8(int64_t value) && {
  std::string& out = owned_.emplace_back();
  AppendNumber(out, static_cast<uint64_t>(value), 8);
  return Add(kInt8, out);
}

Parameters&& Parameters::Bytes(std::string_view value) && { return Add(kBytea, value); }
Parameters&& Parameters::Text(std::string_view value) && { return Add(kText, value); }

Parameters&& Parameters::Add(unsigned type, std::string_view value) {
  types_.push_back(type);
  // A null pointer would be NULL.
  values_.push_back(value.data() != nullptr ? value.data() : "");
  lengths_.push_back(static_cast<int>(value.size()));
  formats_.push_back(1);
  return std::move(*this);
}

}  // namespace kvshim::sql::postgres
