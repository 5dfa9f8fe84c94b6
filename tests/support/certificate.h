// Certificates made by the openssl program for one test.
#pragma once

#include <string>

#include "tests/support/process.h"

namespace simsync::test {

struct Certificate {
  std::string file;  // PEM; also the authority that signed it
  std::string key;
};

// One that vouches for itself. `names` as in the extension subjectAltName. Throws std::runtime_error.
Certificate make_certificate(const TempDir& directory, const std::string& names = "IP:127.0.0.1,DNS:localhost");

// One that `authority` vouches for.
Certificate make_certificate_of(const Certificate& authority, const TempDir& directory, const std::string& names);

// One for a client, whose common name is `role`.
Certificate make_client_certificate(const TempDir& directory, const std::string& role);

// One that vouches for itself and is no longer valid.
Certificate make_expired_certificate(const TempDir& directory, const std::string& names);

}  // namespace simsync::test
