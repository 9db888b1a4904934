#include "api/message.h"

#include <algorithm>
#include <bit>

namespace kvplane::api {

namespace {

uint32_t Hash(std::string_view name) {
  uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619U;
  return hash ^ (hash >> 15);
}

const Field& TypeMetaField(bool kind) {
  static const Field fields[] = {
      {.name = "apiVersion", .omit_empty = true, .go_type = "string"},
      {.name = "kind", .omit_empty = true, .go_type = "string"},
  };
  return fields[kind ? 1 : 0];
}

}  // namespace

int Message::Find(std::string_view field_name) const {
  const size_t mask = index_.size() - 1;
  for (size_t at = Hash(field_name) & mask; index_[at] != 0; at = (at + 1) & mask) {
    const int slot = index_[at] - 1;
    if (slots[static_cast<size_t>(slot)]->name == field_name) return slot;
  }
  return kNotFound;
}

const WireField* Message::FindNumber(uint32_t number) const {
  // Numbers are nearly always dense, so that a field lies where its number says or shortly before.
  size_t at = std::min<size_t>(number, wire.size());
  while (at > 0) {
    --at;
    if (wire[at].field->number == number) return &wire[at];
    if (wire[at].field->number < number) return nullptr;
  }
  return nullptr;
}

std::string Message::GoType() const {
  const std::string_view short_package = package.substr(package.rfind('.') + 1);
  return std::string(short_package).append(".").append(name);
}

std::string Message::FullName() const { return std::string(package).append(".").append(name); }

void Message::Link() {
  slots.clear();
  wire.clear();
  if (typed) slots = {&TypeMetaField(true), &TypeMetaField(false)};
  for (const Field& field : fields) {
    if (field.number != 0) wire.push_back({&field, slots.size()});
    if (field.inlined) {
      slots.insert(slots.end(), field.message->slots.begin(), field.message->slots.end());
    } else {
      slots.push_back(&field);
    }
  }
  std::sort(wire.begin(), wire.end(), [](const WireField& a, const WireField& b) {
    return a.field->number < b.field->number;
  });
  index_.assign(std::bit_ceil(slots.size() * 2 + 1), 0);
  for (size_t slot = 0; slot < slots.size(); ++slot) {
    size_t at = Hash(slots[slot]->name) & (index_.size() - 1);
    while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = static_cast<uint8_t>(slot + 1);
  }
}

}  // namespace kvplane::api
