// A PostgreSQL server of one test's own, to be stopped and started under the program. private_postgres.sh makes it.
#pragma once

#include <string>

#include "tests/support/process.h"

namespace simsync::test {

class PrivateServer {
 public:
  PrivateServer();  // runs; throws std::runtime_error when it does not
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  // On the same port, with all that was committed.
  void stop();
  void start();

 private:
  std::string script(const std::string& verb);
  void control(const std::string& verb);

  std::string folder_;
  TempDir outputs_;
  std::string url_;
};

}  // namespace simsync::test
