#include "tests/faults/campaign/verdict.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>

#include "tests/faults/api_faults.h"
#include "tests/faults/writers.h"

namespace simsync::test {
namespace {

using std::chrono::minutes;

bool is_lie(const std::string& value) {
  static const std::vector<ApiFault> all = every_api_fault();
  return std::any_of(all.begin(), all.end(), [&](const ApiFault& fault) {
    return !fault.lie.empty() && value.find(fault.lie) != std::string::npos;
  });
}

void append(Differences& all, const Differences& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// All alerts told, each in one message, and a message's id says one thing only.
Differences alert_faults(const Stage& stage, Figures& figures) {
  Differences found;
  std::map<std::string, std::string> bodies;
  long told = 0;
  for (const ReceivedHook& hook : stage.receiver_.received()) {
    if (hook.answer != 204) continue;
    const auto [at, is_new] = bodies.emplace(hook.id, hook.body);
    if (at->second != hook.body) found.push_back("the message " + hook.id + " says two things");
    const auto data = hook.event().at("data");
    if (is_new && data.at("event") == "raised") told += data.at("alerts").get<long>();
  }
  figures.alerts = stage.database_.number("SELECT count(*) FROM simsync.alert");
  if (told != figures.alerts) {
    found.push_back(std::to_string(figures.alerts) + " alerts, but " + std::to_string(told) + " were told");
  }
  const long counted = stage.database_.number("SELECT coalesce(sum(count), 0) FROM simsync.alert WHERE rule = 'moved'");
  const long moved =
      stage.database_.number("SELECT count(*) FROM simsync.esim_profile_transition WHERE from_status IS NOT NULL");
  if (counted != moved) {
    found.push_back(std::to_string(moved) + " profiles moved, but alerts count " + std::to_string(counted));
  }
  return found;
}

Differences metadata_faults(const Stage& stage, Figures& figures) {
  Differences found = stage.metadata_->faults();
  figures.requests = stage.database_.number("SELECT count(*) FROM simsync.metadata_request");
  figures.applied = stage.database_.number("SELECT count(*) FROM simsync.metadata_request WHERE state = 'applied'");
  // Only a SIM that is gone is a reason.
  for (const DatabaseRow& row : stage.database_.rows(
           "SELECT request_id, sim_id, r.state, r.error FROM simsync.metadata_request r LEFT JOIN simsync.sim s "
           "USING (project, sim_id) WHERE r.state <> 'applied' AND s.missing_since IS NULL LIMIT 20")) {
    found.push_back("request " + *row[0] + " of " + *row[1] + " is " + *row[2] + ": " + row[3].value_or(""));
  }
  return found;
}

void count_changes(const Stage& stage, Figures& figures) {
  figures.changes = static_cast<long>(stage.simulator_.log().size());
  for (const DatabaseRow& row : stage.database_.rows(
           "SELECT old_value, new_value FROM simsync.sim_change UNION ALL SELECT from_status, to_status "
           "FROM simsync.esim_profile_transition WHERE from_status IS NOT NULL")) {
    ++(is_lie(row[0].value_or("")) || is_lie(row[1].value_or("")) ? figures.lies : figures.recorded);
  }
  figures.takes = stage.database_.number("SELECT coalesce(max(epoch), 0) FROM simsync.lease");
}

}  // namespace

Differences verdict(Stage& stage, Figures& figures) {
  stage.simulator_.clear_faults();
  Differences all;
  const bool up = eventually(
      [&] {
        stage.supervise();
        return stage.has_begun(0) && stage.has_begun(1) && stage.held();
      },
      minutes{2});
  if (!up) all.push_back("nobody works any more: " + stage.said());
  stage.simulator_.pause();
  const auto settled = [&](const std::string& what) {
    return stage.database_.number("SELECT count(*) FROM simsync." + what) == 0;
  };
  const bool equal = eventually(
      [&] {
        bool now = false;
        stage.with_database([&] {
          now = settled("metadata_request WHERE state = 'pending'") && stage.mirror_differences().empty() &&
                settled("alert_delivery WHERE state <> 'delivered'");
        });
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        return now;
      },
      minutes{3});
  if (!equal) all.push_back("not all is settled three minutes after the faults" + stage.said());
  for (std::size_t i = 0; i < 2; ++i) {
    if (!stage.processes_[i]) continue;
    if (stage.finish(i, SIGTERM) != std::optional<int>{0}) all.push_back(DaemonPair::name(i) + " did not end well");
  }
  append(all, stage.complaints_);
  append(all, stage.mirror_differences());
  HistoryRules rules;
  rules.lie = [](const std::string&, const std::string& value) { return is_lie(value); };
  append(all, history_faults(World{stage.simulator_, stage.simulator_.first_project()}, stage.database_, rules));
  append(all, writer_faults(stage.database_));
  append(all, alert_faults(stage, figures));
  append(all, metadata_faults(stage, figures));
  count_changes(stage, figures);
  figures.differences = static_cast<long>(all.size());
  return all;
}

void keep_logs(const Stage& stage, const std::string& folder) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  for (std::size_t i = 0; i < 2; ++i) {
    fs::copy(stage.daemons_[i]->directory().path(), folder + "/" + DaemonPair::name(i), fs::copy_options::recursive);
  }
  std::string log;
  for (const auto& line : stage.simulator_.log()) log += line.dump() + "\n";
  write_file(folder + "/world.ndjson", log);
}

}  // namespace simsync::test
