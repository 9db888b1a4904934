#include "server/version.h"

#include <iostream>

#include "apiserver/version.h"
#include "subcommands.h"

namespace kvplane::cli {

int Version() {
  std::cout << "kvplane " << server::kVersion << " (Kubernetes API " << apiserver::kGitVersion
            << ")\n";
  return 0;
}

}  // namespace kvplane::cli
