#include "tests/simulation/invariants.h"

#include <algorithm>
#include <sstream>

namespace simsync::simulation {
namespace {

std::string shown(const std::optional<std::string>& value) {
  return value ? "'" + *value + "'" : "nothing";
}

// Microseconds of the life: it begins at 0.
std::string shown(TimePoint time) {
  return std::to_string((time - kBeginOfLife).count());
}

std::string shown(const HistoryRow& row) {
  return "row " + std::to_string(row.id) + ", " + row.kind + " " + row.field + " of " + row.sim_id + " from " +
         shown(row.old_value) + " to " + shown(row.new_value);
}

}  // namespace

void HistoryCheck::check(Faults& faults) {
  for (; checked_ < tables_.history.size(); ++checked_) check(tables_.history[checked_], faults);
  check_alerts(faults);
  check_mirror(faults);
}

void HistoryCheck::check(const HistoryRow& row, Faults& faults) {
  if (row.epoch != 0 && row.epoch < epoch_) {
    faults.push_back(shown(row) + ": written in epoch " + std::to_string(row.epoch) + " after " +
                     std::to_string(epoch_));
  }
  epoch_ = std::max(epoch_, row.epoch);
  check_chain(row, faults);
  check_truth(row, faults);
  expect_alert(row);
}

void HistoryCheck::check_chain(const HistoryRow& row, Faults& faults) {
  const auto key = std::pair{row.sim_id, row.field};
  const auto last = last_.find(key);
  if (last != last_.end() && last->second != row.old_value) {
    faults.push_back(shown(row) + ": the row before ended with " + shown(last->second));
  }
  if (row.old_value == row.new_value) faults.push_back(shown(row) + ": nothing differs");
  last_[key] = row.new_value;
  // A SIM's history never goes back in time, whatever its daemons' clocks did; nor does that of its profile.
  TimePoint& time = last_time_[(row.field == "profile" ? "profile " : "sim ") + row.sim_id];
  if (row.observed_at < time) faults.push_back(shown(row) + ": observed before the row before it");
  time = row.observed_at;
}

void HistoryCheck::check_truth(const HistoryRow& row, Faults& faults) {
  const Past& past = world_.past(row.sim_id, row.field);
  const std::string what = row.kind == "disappeared" ? ": it was never gone" : ": it was never that";
  if (!past.ever_was(row.new_value)) {
    faults.push_back(shown(row) + what);
  } else if (!clocks_.jump) {
    const TimePoint from = row.not_before.value_or(TimePoint::min() + std::chrono::hours{1});
    const TimePoint to = row.observed_at + clocks_.error;
    // Something that appears may have been there when a complete walk did not find it: an API can leave it out.
    const bool true_one = row.old_value ? past.went(row.old_value, row.new_value, from - clocks_.error, to)
                                        : past.was(row.new_value, from - clocks_.error, to);
    if (!true_one) {
      faults.push_back(shown(row) + ": the world did not do that between " + shown(from) + " and " +
                       shown(row.observed_at) + ", written at " + shown(row.written_at) + "; it became " +
                       past.around(from, row.observed_at));
    }
    if (row.not_before && *row.not_before > row.observed_at) faults.push_back(shown(row) + ": not_before is later");
    if (row.observed_at > row.written_at + clocks_.error) faults.push_back(shown(row) + ": observed in the future");
  }
}

void HistoryCheck::expect_alert(const HistoryRow& row) {
  if (row.field != "profile" || !row.old_value) return;
  const auto status = [](const std::string& text) { return text.substr(0, text.find('@')); };
  const std::string now = status(*row.new_value);
  if (status(*row.old_value) != now && (now == "disabled" || now == "deleted")) to_be_raised_.insert(row.id);
}

void HistoryCheck::check_alerts(Faults& faults) {
  for (; alerts_checked_ < tables_.alerts.size(); ++alerts_checked_) {
    const std::int64_t row = tables_.alerts[alerts_checked_].change;
    if (to_be_raised_.erase(row) == 0)
      faults.push_back("row " + std::to_string(row) + " raised an alert it should not");
  }
  for (const std::int64_t row : to_be_raised_) faults.push_back("row " + std::to_string(row) + " raised no alert");
  to_be_raised_.clear();
}

void HistoryCheck::check_end(const std::string& id, const std::string& field, const std::optional<std::string>& value,
                             Faults& faults) const {
  const auto found = last_.find({id, field});
  if (found != last_.end() && found->second != value) {
    faults.push_back(field + " of " + id + " is " + shown(value) + ", its history ends with " + shown(found->second));
  }
}

void HistoryCheck::check_mirror(Faults& faults) const {
  for (const auto& [id, row] : tables_.sims) {
    check_end(id, "status", row.missing_since ? std::nullopt : std::optional{row.sim.status}, faults);
    check_end(id, "iccid", row.sim.iccid, faults);
    check_end(id, "provider", row.sim.provider, faults);
    check_end(id, "metadata", row.sim.metadata, faults);
  }
  for (const auto& [id, row] : tables_.profiles) {
    check_end(id, "profile", World::profile_text(row.profile), faults);
  }
}

void check_equal(const World& world, const Tables& tables, const std::vector<std::string>& providers, Faults& faults) {
  for (const auto& [place, sim] : world.sims()) {
    const auto found = tables.sims.find(sim.id);
    if (found == tables.sims.end()) {
      faults.push_back(sim.id + " is not in the mirror");
      continue;
    }
    if (found->second.missing_since) faults.push_back(sim.id + " is marked missing, and exists");
    if (found->second.sim != sim) faults.push_back(sim.id + " is not as it is in the world");
    if (sim.type != "eSIM" || std::ranges::count(providers, sim.provider) == 0) continue;
    const auto profile = tables.profiles.find(sim.id);
    if (profile == tables.profiles.end() || profile->second.profile != *world.profile(sim.id)) {
      faults.push_back("the profile of " + sim.id + " is not as it is in the world");
    }
  }
  for (const auto& [id, row] : tables.sims) {
    if (!row.missing_since && world.find(id) == nullptr) faults.push_back(id + " is present, and does not exist");
  }
}

void check_disappearances(const Tables& tables, const DisappearanceLimit& limit, Faults& faults) {
  for (const WalkRecord& walk : tables.walks) {
    if (walk.disappeared == 0) continue;
    const std::string which = "walk " + std::to_string(walk.id) + " found " + std::to_string(walk.disappeared);
    const std::uint64_t believable = limit.of(tables.present_before.at(walk.id));
    if (tables.approved.empty() && walk.disappeared > believable) {
      faults.push_back(which + " missing, believable are " + std::to_string(believable));
    }
  }
}

void check_told(const Tables& tables, const std::map<std::string, std::vector<std::string>>& told, Faults& faults) {
  std::set<std::string> alerts;
  for (const auto& [id, texts] : told) {
    if (std::ranges::count(texts, texts.front()) != static_cast<std::ptrdiff_t>(texts.size())) {
      faults.push_back(id + " was told differently the second time");
    }
    std::istringstream words{texts.front()};
    for (std::string alert; words >> alert;) {
      if (!alerts.insert(alert).second) faults.push_back("alert " + alert + " was told in two messages");
    }
  }
  for (const AlertRow& alert : tables.alerts) {
    if (!alerts.contains(std::to_string(alert.change))) {
      faults.push_back("alert " + std::to_string(alert.change) + " was not told");
    }
  }
}

void check_requests(const World& world, const Tables& tables, Faults& faults) {
  // SIM, key -> the pairs, as they are written, of which it has one
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> asked;
  for (const RequestRow& row : tables.requests) {
    const std::string which = "request " + std::to_string(row.request.id) + " for " + row.request.sim_id;
    const std::string pair = row.request.metadata->substr(1, row.request.metadata->size() - 2);
    const auto key = std::pair{row.request.sim_id, pair.substr(0, pair.find(':'))};
    switch (row.state) {
      case MetadataState::applied:
        asked[key] = {pair};
        break;
      case MetadataState::pending:
        faults.push_back(which + " is pending");
        break;
      case MetadataState::conflict:
        faults.push_back(which + " is a conflict, and nobody else writes: " + row.error);
        break;
      case MetadataState::failed:
        if (!world.past(row.request.sim_id, "status").was(std::nullopt, row.asked_at, row.settled_at)) {
          faults.push_back(which + " failed, and the SIM was there: " + row.error);
        }
        // It was sent, and then the SIM went: should it come back, it may have them.
        if (const auto known = asked.find(key); known != asked.end() && row.request.attempts > 0) {
          known->second.push_back(pair);
        }
    }
  }
  for (const auto& [key, pairs] : asked) {
    const Sim* const sim = world.find(key.first);
    const auto has = [&](const std::string& pair) { return sim->metadata.find(pair) != std::string::npos; };
    if (sim != nullptr && std::ranges::none_of(pairs, has)) {
      faults.push_back(key.first + " has " + sim->metadata + ", asked for was " + pairs.front());
    }
    if (sim != nullptr && sim->metadata.find("fleet") == std::string::npos) {
      faults.push_back(key.first + " lost its fleet");
    }
  }
}

}  // namespace simsync::simulation
