// The HTTP pages of a server: health, version, metrics, and what `kvshim status` shows.
#pragma once

#include "etcd/service_context.h"
#include "http/pages.h"

namespace kvshim::etcd {

// `context` must outlive the pages.
http::Pages MakePages(const ServiceContext& context);

}  // namespace kvshim::etcd
