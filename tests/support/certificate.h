// A certificate that vouches for itself, made by the openssl program for one test.
#pragma once

#include <string>

#include "tests/support/process.h"

namespace simsync::test {

struct Certificate {
  std::string file;  // PEM; also the authority that signed it
  std::string key;
};

// `names` as in the extension subjectAltName. Throws std::runtime_error.
Certificate make_certificate(const TempDir& directory, const std::string& names = "IP:127.0.0.1,DNS:localhost");

}  // namespace simsync::test
