// A primary and a standby that follows it, and each the other's in turn: the ports stay the same when the standby is
// promoted and the primary is made its standby. Belongs to one thread; all of it throws std::runtime_error.
#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/pooler.h"
#include "tests/support/private_server.h"

namespace simsync::test {

// Where a server's database is to be found: its address and the name of the database.
struct Addresses {
  std::vector<int> ports;  // of loopback; several: whichever takes writes
  [[nodiscard]] std::string url(const std::string& database) const;
};

// The database of a life: what a commit waits for, and what stands between it and the daemons.
struct Setting {
  std::string name;
  bool synchronous = false;  // a commit waits for the standby, and nothing may be lost
  bool pooled = false;
  unsigned disk_mebibytes = 0;                              // of each server; 0: no disk of its own
  std::map<std::string, std::string> server_settings = {};  // of both

  friend std::ostream& operator<<(std::ostream& out, const Setting& setting) { return out << setting.name; }
};

class ServerPair {
 public:
  explicit ServerPair(const Setting& setting);

  [[nodiscard]] bool synchronous() const { return synchronous_; }
  [[nodiscard]] PrivateServer& primary() { return *primary_; }
  // Of the servers, or of the poolers before them.
  [[nodiscard]] Addresses addresses() const;
  // Their poolers know from now on which of them was the primary, and never learn that this changed. False: the standby
  // has no such database.
  [[nodiscard]] bool meet_servers(const std::string& database) const;
  [[nodiscard]] std::string servers_url() const { return first_.url_with(second_); }

  // From now on what is committed is not on the standby.
  void fall_behind() { standby_->fall_behind(); }
  void fail_over();
  void make_standby() { standby_->follow(*primary_); }
  // Of the standby, in addresses().
  [[nodiscard]] std::size_t place_of_standby() const { return standby_ == &first_ ? 0 : 1; }

 private:
  const bool synchronous_;
  PrivateServer first_;
  PrivateServer second_;
  PrivateServer* primary_ = &first_;
  PrivateServer* standby_ = &second_;
  std::vector<std::unique_ptr<Pooler>> poolers_;
};

}  // namespace simsync::test
