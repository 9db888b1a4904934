// ConversionWebhook: asks the webhook of a definition to make custom resources those of another
// version (ConversionReview of apiextensions.k8s.io/v1).
//
// Many objects are asked for at once, in reviews of about a mebibyte that are under way together.
// What the webhook answers may differ from what it was told in everything but kind, name, namespace
// and uid; of the metadata only labels and annotations are taken from it.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   ConversionWebhook conversion(registry, client);
//   registry.SetConverter(&conversion);
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "registry/converter.h"
#include "webhook/client.h"
#include "webhook/endpoints.h"

namespace kvplane::webhook {

class ConversionWebhook : public registry::Converter {
 public:
  // Both must outlive it.
  ConversionWebhook(registry::Registry& registry, Client& client)
      : endpoints_(registry), client_(client) {}

  absl::Status Convert(const kinds::Definition& definition, const std::string& group_version,
                       std::vector<api::json::Object>& objects) override;

 private:
  Endpoints endpoints_;
  Client& client_;
};

}  // namespace kvplane::webhook
