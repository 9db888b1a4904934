// Pages: what the server answers beside the API: its health, its metrics, and what
// others need to trust it.
//
// Thread safety: the handlers may be called from any thread; the health pages ask the store and
// block while it answers.
#pragma once

#include <string>

#include "apiserver/exchange.h"
#include "auth/service_account_tokens.h"
#include "base/metrics.h"
#include "kvshim/store.h"

namespace kvplane::server {

struct PageParts {  // outlive the handler
  kvshim::Store& store;
  const kvshim::base::MetricsRegistry& metrics;
  const auth::ServiceAccountTokens& tokens;
};

// /healthz, /livez, /readyz, /metrics, /openid/v1/jwks,
// /.well-known/openid-configuration; all else goes to `next`.
apiserver::Handler WithPages(PageParts parts, apiserver::Handler next);

// /cacerts and /ping, for who joins and knows nobody yet.
apiserver::Handler WithPublicPages(std::string server_ca, apiserver::Handler next);

}  // namespace kvplane::server
