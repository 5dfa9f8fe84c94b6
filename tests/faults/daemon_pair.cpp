#include "tests/faults/daemon_pair.h"

#include <csignal>

namespace simsync::test {

const std::string& DaemonPair::name(std::size_t which) {
  static const std::vector<std::string> names = {"one", "other"};
  return names.at(which);
}

void DaemonPair::add(const Settings& settings) {
  daemons_.push_back(std::make_unique<Daemon>(settings));
  daemons_.back()->set_environment("PGAPPNAME", name(daemons_.size() - 1));
  processes_.resize(daemons_.size());
}

void DaemonPair::start(std::size_t which) {
  processes_[which] = daemons_[which]->start({"run"});
}

bool DaemonPair::has_begun(std::size_t which) const {
  return processes_[which] && processes_[which]->err().find("started") != std::string::npos;
}

std::optional<int> DaemonPair::finish(std::size_t which, int signal) {
  processes_[which]->signal(signal);
  processes_[which]->signal(SIGCONT);
  const auto status = processes_[which]->wait_for(std::chrono::seconds{20});
  processes_[which].reset();
  return status;
}

bool DaemonPair::holds(std::size_t which, const TestDatabase& database) const {
  return processes_[which] && database.number(
                                  "SELECT count(*) FROM simsync.lease WHERE expires_at > clock_timestamp() "
                                  "AND split_part(holder, ' ', 2) = $1",
                                  {std::to_string(processes_[which]->id())}) > 0;
}

std::string DaemonPair::said() const {
  std::string all;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    const std::string err = processes_[i] ? processes_[i]->err() : "(does not run)";
    all += "\n-- " + name(i) + ":\n" + err.substr(err.size() > 3000 ? err.size() - 3000 : 0);
  }
  return all;
}

}  // namespace simsync::test
