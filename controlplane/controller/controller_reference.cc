#include "controller/controller_reference.h"

#include "kinds/members.h"

namespace kvplane::controller {

using kinds::Text;

json::Object ControllerReference(const json::Object& owner) {
  return {{"apiVersion", json::ToBoost(Text(owner, {"apiVersion"}))},
          {"kind", json::ToBoost(Text(owner, {"kind"}))},
          {"name", json::ToBoost(Text(owner, {"metadata", "name"}))},
          {"uid", json::ToBoost(Text(owner, {"metadata", "uid"}))},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

const json::Object* ControllerOf(const json::Object& object) {
  const json::Object* found = nullptr;
  kinds::ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& reference) {
    if (kinds::True(reference, {"controller"})) found = &reference;
  });
  return found;
}

bool IsControlledBy(const json::Object& object, const json::Object& owner) {
  const json::Object* reference = ControllerOf(object);
  return reference != nullptr && Text(*reference, {"uid"}) == Text(owner, {"metadata", "uid"});
}

}  // namespace kvplane::controller
