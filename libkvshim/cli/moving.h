// What `kvshim migrate` and `kvshim snapshot` have in common: flags of the databases' TLS, and
// progress on standard error.
//
// Thread safety: none.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "subcommands.h"
#include "transfer/migration.h"

namespace kvshim::cli {

// Declares --ca-file, --cert-file, --key-file and --skip-verify.
void DeclareNetworkFlags(CLI::App& command, NetworkSettings& settings);

// The options of a move whose progress is shown.
transfer::MigrationOptions ShowingProgress(const NetworkSettings& network, bool full_ttl);

// What was moved, and the proof, on standard output.
void Print(const transfer::Migration& done);

}  // namespace kvshim::cli
