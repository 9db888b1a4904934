// The page of the secrets' encryption, which `kvplane secrets-encrypt` asks:
//
//   GET  /v1-kvplane/secrets-encryption                         its state
//   POST /v1-kvplane/secrets-encryption?action=rotate-keys      enable, disable, reencrypt; its
//   state
//                                                               then
//
// Who may ask is up to the guard before it: only administrators may, unless a role says otherwise.
//
// Thread safety: the handler may be called from any thread that may wait for the store.
#pragma once

#include "apiserver/exchange.h"
#include "encryption/secrets_encryption.h"

namespace kvplane::server {

inline constexpr char kEncryptionPage[] = "/v1-kvplane/secrets-encryption";

// `encryption` must outlive the handler.
apiserver::Handler WithEncryptionPage(encryption::SecretsEncryption& encryption,
                                      apiserver::Handler next);

}  // namespace kvplane::server
