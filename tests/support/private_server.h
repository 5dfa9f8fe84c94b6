// A PostgreSQL server of one test's own, to be stopped and started under the program. private_postgres.sh makes it.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"

namespace simsync::test {

// Gives this process mounts of its own, which end with it and its children; to be called before there are threads.
// False: the machine does not allow that.
bool may_mount();

class PrivateServer {
 public:
  // Runs; throws std::runtime_error when it does not. With a size it stands on a file system of its own of so many
  // MiB, where may_mount() says that this can be.
  explicit PrivateServer(unsigned disk_mebibytes = 0) : PrivateServer({"start"}, disk_mebibytes) {}
  // A standby that follows `primary`, not always at once.
  static PrivateServer standby_of(const PrivateServer& primary, unsigned disk_mebibytes = 0) {
    return PrivateServer{{"standby", primary.url()}, disk_mebibytes};
  }
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
  [[nodiscard]] bool running() const;
  // Of a disk of its own: takes all the room there is, until it is freed.
  void fill_disk() const;
  void free_disk() const;
  // At once, with all sessions.
  void crash() { script({"crash"}); }
  // Of a standby: from now on it gets nothing of its primary.
  void fall_behind() const { alter_system("primary_conninfo", ""); }
  // Of a standby: from now on it takes writes.
  void promote() { script({"promote"}); }
  // Of a server that was crashed: made anew as a standby of another, on the same port.
  void follow(const PrivateServer& primary);
  // Where it is, or becomes, a primary, and of the standbys that are made of it later: a commit waits until a standby
  // has it.
  void commit_with_standby() const { alter_system("synchronous_standby_names", "*"); }
  // A setting of the whole server, in force at once where it needs no restart.
  void alter_system(const std::string& name, const std::string& value) const;
  // Both servers, whichever takes writes.
  [[nodiscard]] std::string url_with(const PrivateServer& standby) const;

 private:
  PrivateServer(const std::vector<std::string>& start, unsigned disk_mebibytes);
  std::string script(std::vector<std::string> verb);

  std::string folder_;
  const bool mounted_;
  TempDir outputs_;
  std::string url_;
};

}  // namespace simsync::test
