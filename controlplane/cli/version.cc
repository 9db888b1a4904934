#include "server/version.h"

#include <iostream>

#include "subcommands.h"

namespace kvplane::cli {

int Version() {
  std::cout << "kvplane " << server::kVersion << " (Kubernetes API " << server::kKubernetesVersion
            << ")\n";
  return 0;
}

}  // namespace kvplane::cli
