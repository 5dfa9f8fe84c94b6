// Two services as processes, and what they and the database say of them. Belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/daemon.h"

namespace simsync::test {

// `which` is 0 ("one") or 1 ("other").
class DaemonPair {
 public:
  // The next of the two, "one" first; its sessions in the database have this name.
  void add(const Settings& settings);
  [[nodiscard]] static const std::string& name(std::size_t which);

  void start(std::size_t which);
  // It has said that it is ready, in this life of the process.
  [[nodiscard]] bool has_begun(std::size_t which) const;
  // By this signal, also where it is frozen. Its exit code; none: it still runs after 20 s.
  std::optional<int> finish(std::size_t which, int signal);

  // Whether it has a project and may write for it.
  [[nodiscard]] bool holds(std::size_t which, const TestDatabase& database) const;
  // The ends of their logs, for a failure's message.
  [[nodiscard]] std::string said() const;

  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::vector<std::unique_ptr<Process>> processes_;  // null: it does not run
};

}  // namespace simsync::test
