// A certificate authority and server certificates, made in memory for one test run.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace simsync {

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  // A PEM file with the authority's certificate; removed with this object.
  [[nodiscard]] const std::string& file() const { return file_; }

  using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
  // A server's context with a certificate for `names`, such as "DNS:api.test,IP:127.0.0.1".
  [[nodiscard]] Context server(const std::string& names, bool expired = false) const;

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string file_;
};

}  // namespace simsync
