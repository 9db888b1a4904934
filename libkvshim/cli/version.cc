#include "kvshim/version.h"

#include <iostream>

#include "subcommands.h"

namespace kvshim::cli {

int Version() {
  std::cout << "kvshim " << kVersion << " (etcd API " << kEmulatedEtcdVersion << ")\n";
  return 0;
}

}  // namespace kvshim::cli
