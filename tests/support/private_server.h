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
  [[nodiscard]] int port() const { return port_of(url_); }
  // Of `…@127.0.0.1:port/…`.
  [[nodiscard]] static int port_of(const std::string& url);
  // Of the cluster, which is in `data` there.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  // On the same port, with all that was committed.
  void stop();
  void start();
  // At once, with all sessions.
  void crash() { script({"crash"}); }
  // Of a standby: from now on it gets nothing of its primary.
  void fall_behind() const { alter_system("primary_conninfo", ""); }
  // Of a standby: from now on it takes writes.
  void promote() { script({"promote"}); }
  // Of a server that was crashed: made anew as a standby of another, on the same port.
  void follow(const PrivateServer& primary);
  // Of a primary, for itself and the standbys that are made of it later: a commit waits until a standby has it.
  void commit_with_standby() const { alter_system("synchronous_standby_names", "*"); }
  // Both servers, whichever takes writes.
  [[nodiscard]] std::string url_with(const PrivateServer& standby) const;

 private:
  explicit PrivateServer(const std::vector<std::string>& start);
  void alter_system(const std::string& name, const std::string& value) const;
  std::string script(std::vector<std::string> verb);

  std::string folder_;
  TempDir outputs_;
  std::string url_;
};

}  // namespace simsync::test
