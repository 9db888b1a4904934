// TlsIdentity: what the listener shows, as PEM texts.
#pragma once

#include <string>

namespace kvplane::https {

struct TlsIdentity {
  std::string certificate;  // with its chain
  std::string key;
  // Whose certificates clients are asked for, told to them so that they choose well.
  std::string client_authorities;
};

}  // namespace kvplane::https
