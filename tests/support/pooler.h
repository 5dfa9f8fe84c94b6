// pgbouncer in transaction mode before a server of loopback: each transaction may be on another connection to it. What
// the server is (in_hot_standby, default_transaction_read_only) at the first one to a database, pgbouncer tells all who
// ever connect.
#pragma once

#include <memory>
#include <string>

#include "tests/support/process.h"

namespace simsync::test {

class Pooler {
 public:
  // Runs; throws std::runtime_error when it does not.
  explicit Pooler(int server_port);

  [[nodiscard]] int port() const { return port_; }
  // As of now it knows what its server is. False: there is no such database there, or no answer.
  [[nodiscard]] bool meet(const std::string& database) const;

 private:
  TempDir folder_;
  int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace simsync::test
