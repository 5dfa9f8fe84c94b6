// A PostgreSQL server of one test's own, to be stopped and started under the program. private_postgres.sh makes it.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"

namespace simsync::test {

class PrivateServer {
 public:
  PrivateServer();  // runs; throws std::runtime_error when it does not
  // A standby that follows `primary`, not always at once.
  static PrivateServer standby_of(const PrivateServer& primary) { return PrivateServer{{"standby", primary.url()}}; }
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  // On the same port, with all that was committed.
  void stop();
  void start();
  // At once, with all sessions.
  void crash() { script({"crash"}); }
  // Of a standby: from now on it gets nothing of its primary.
  void fall_behind() const;
  // Of a standby: from now on it takes writes.
  void promote() { script({"promote"}); }
  // Both servers, whichever takes writes.
  [[nodiscard]] std::string url_with(const PrivateServer& standby) const;

 private:
  explicit PrivateServer(const std::vector<std::string>& start);
  std::string script(std::vector<std::string> verb);
  void control(const std::string& verb);

  std::string folder_;
  TempDir outputs_;
  std::string url_;
};

}  // namespace simsync::test
