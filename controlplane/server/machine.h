// What this machine is called and where it is reached.
//
// Thread safety: pure but for the system.
#pragma once

#include <string>

namespace kvplane::server {

std::string HostName();

// The address from which the machine reaches others; 127.0.0.1 where it reaches none. Sends
// nothing.
std::string OwnAddress();

bool IsAddress(const std::string& text);

}  // namespace kvplane::server
