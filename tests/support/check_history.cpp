#include <algorithm>
#include <array>

#include "tests/support/compare.h"
#include "tests/support/report_invariants.h"

namespace simsync::test {
namespace {

// Of the database, as text with times in micros.
constexpr char kChanges[] = R"(
SELECT sim_id, field, kind, old_value, new_value, (extract(epoch FROM not_before) * 1000000)::bigint,
       (extract(epoch FROM observed_at) * 1000000)::bigint, NULL
FROM simsync.sim_change WHERE project = $1 ORDER BY sim_id, field, change_id)";
constexpr char kTransitions[] = R"(
SELECT sim_id, 'profile', 'transition', from_status, to_status, (extract(epoch FROM not_before) * 1000000)::bigint,
       (extract(epoch FROM observed_at) * 1000000)::bigint, (extract(epoch FROM reported_at) * 1000000)::bigint
FROM simsync.esim_profile_transition WHERE project = $1 ORDER BY sim_id, transition_id)";
constexpr char kSims[] = R"(
SELECT sim_id, (extract(epoch FROM first_seen_at) * 1000000)::bigint, iccid, provider, type,
       CASE WHEN missing_since IS NULL THEN status END, metadata::text, extra::text
FROM simsync.sim WHERE project = $1)";
constexpr std::array kFields = {"iccid", "provider", "type", "status", "metadata", "extra"};
constexpr char kProfiles[] = R"(
SELECT sim_id, status, (extract(epoch FROM updated_at) * 1000000)::bigint,
       (extract(epoch FROM status_since) * 1000000)::bigint FROM simsync.esim_profile WHERE project = $1)";

// The answer that first showed a SIM may have been asked for this long before; longer than any time limit here.
constexpr Micros kLongestAnswer = 20'000'000;

struct Record {
  std::string sim;
  std::string field;
  std::string kind;
  std::optional<std::string> old_value;
  std::optional<std::string> new_value;
  std::optional<Micros> not_before;
  Micros observed_at = 0;
  std::optional<Micros> reported_at;

  [[nodiscard]] std::string text() const {
    return sim + "." + field + " " + kind + " " + old_value.value_or("(none)") + " -> " + new_value.value_or("(none)") +
           " in " + (not_before ? std::to_string(*not_before) : "…") + "…" + std::to_string(observed_at);
  }
};

std::optional<Micros> micros(const std::optional<std::string>& text) {
  return text ? std::optional<Micros>{std::stoll(*text)} : std::nullopt;
}

std::optional<std::string> canonical(const std::string& field, const std::optional<std::string>& value) {
  const bool is_json = field == "metadata" || field == "extra";
  return value && is_json ? canonical_json(*value) : value;
}

using Chain = std::vector<Record>;
using Chains = std::map<std::pair<std::string, std::string>, Chain>;  // by SIM and field

Chains chains_of(const TestDatabase& database, const std::string& project) {
  Chains chains;
  for (const char* query : {kChanges, kTransitions}) {
    for (const DatabaseRow& row : database.rows(query, {project})) {
      chains[{*row[0], *row[1]}].push_back({*row[0], *row[1], *row[2], canonical(*row[1], row[3]),
                                            canonical(*row[1], row[4]), micros(row[5]), *micros(row[6]),
                                            micros(row[7])});
    }
  }
  return chains;
}

class HistoryCheck {
 public:
  HistoryCheck(const World& world, const TestDatabase& database, const HistoryRules& rules)
      : world_(world), database_(database), rules_(rules), chains_(chains_of(database, world.project())) {}

  Differences find() {
    for (const auto& [key, chain] : chains_) {
      if (rules_.leave_out.contains(key.first)) continue;
      check_links(chain);
      const Timeline timeline = world_.timeline(key.first, key.second);
      for (const Record& record : chain) check_truth(record, timeline);
    }
    check_sims();
    check_profiles();
    for (const DatabaseRow& row : database_.rows(kReportFaults)) blame(*row[0]);
    return std::move(found_);
  }

 private:
  void blame(const std::string& what) {
    if (found_.size() < 30) found_.push_back(what);
  }

  void check_links(const Chain& chain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      const Record& record = chain[i];
      if (record.not_before && *record.not_before > record.observed_at)
        blame(record.text() + ": ends before it begins");
      if (record.kind != "transition" && record.old_value == record.new_value) blame(record.text() + ": no change");
      if (record.kind == "transition" && record.old_value.has_value() == (i == 0)) {
        blame(record.text() + ": exactly the first sight comes from nothing");
      }
      if (i == 0) continue;
      const Record& before = chain[i - 1];
      if (before.new_value != record.old_value) blame(record.text() + ": the chain is broken after " + before.text());
      if (before.observed_at > record.observed_at) blame(record.text() + ": seen before " + before.text());
      if (!record.not_before || *record.not_before < before.not_before.value_or(kAlways)) {
        blame(record.text() + ": the old value was confirmed by the row before it");
      }
      const bool again = record.kind == "transition" && record.old_value == record.new_value;
      if (again && *record.reported_at <= *before.reported_at) blame(record.text() + ": twice in the history");
    }
  }

  [[nodiscard]] bool is_lie(const Record& record, const std::optional<std::string>& value) const {
    return value && rules_.lie && rules_.lie(record.field, *value);
  }

  static bool says(const Span& span, const std::optional<std::string>& value) {
    return span.unknown ? value.has_value() : span.value == value;
  }

  // The world went from the old value to the new one between the two times.
  void check_truth(const Record& record, const Timeline& timeline) {
    const bool too_late = rules_.left_out_at_first && record.kind == "appeared";
    const Micros begin = too_late ? kAlways : record.not_before.value_or(kAlways);
    bool old_was = is_lie(record, record.old_value) || too_late || (record.kind == "transition" && !record.old_value);
    const bool old_is_free = old_was;
    for (const Span& span : timeline) {
      if (span.from > record.observed_at) break;
      if (span.to < begin) continue;
      const bool right_time = !record.reported_at || !span.updated_at || *span.updated_at == *record.reported_at;
      if (old_was && (is_lie(record, record.new_value) || (says(span, record.new_value) && right_time))) return;
      if (!old_is_free && says(span, record.old_value)) old_was = true;
      if (old_was && is_lie(record, record.new_value)) return;
    }
    blame(record.text() + ": the world did not do that");
  }

  // The value at the first sight: the old one of the first row, or the present one where there is no row.
  void check_first(const std::string& sim, const std::string& field, Micros first_seen,
                   const std::optional<std::string>& value) {
    if (value && rules_.lie && rules_.lie(field, *value)) return;
    for (const Span& span : world_.timeline(sim, field)) {
      if (says(span, value) && span.from <= first_seen && span.to >= first_seen - kLongestAnswer) return;
    }
    blame(sim + "." + field + ": a change was lost: its history begins with " + value.value_or("(none)") +
          ", which was not so when it was first seen at " + std::to_string(first_seen));
  }

  void check_sims() {
    for (const DatabaseRow& row : database_.rows(kSims, {world_.project()})) {
      if (rules_.leave_out.contains(*row[0])) continue;
      for (std::size_t i = 0; i < kFields.size(); ++i) {
        const std::string field = kFields[i];
        const std::optional<std::string> now = canonical(field, row[i + 2]);
        const auto found = chains_.find({*row[0], field});
        if (found == chains_.end()) {
          check_first(*row[0], field, *micros(row[1]), now);
          continue;
        }
        const Chain& chain = found->second;
        if (chain.back().new_value != now) {
          blame(chain.back().text() + ": the last row, but the column says " + now.value_or("(missing)"));
        }
        if (chain.front().old_value) check_first(*row[0], field, *micros(row[1]), chain.front().old_value);
      }
    }
  }

  void check_profiles() {
    std::size_t known = 0;
    for (const DatabaseRow& row : database_.rows(kProfiles, {world_.project()})) {
      const auto found = chains_.find({*row[0], "profile"});
      if (found == chains_.end()) {
        blame(*row[0] + ": a profile without its first sight");
        continue;
      }
      ++known;
      const Chain& chain = found->second;
      const std::string present = *row[1] + " of " + *row[2];
      const std::string last = *chain.back().new_value + " of " + std::to_string(*chain.back().reported_at);
      if (present != last) blame(chain.back().text() + ": the last row, but the profile is " + present);
      const auto changed = std::find_if(chain.rbegin(), chain.rend(),
                                        [](const Record& record) { return record.old_value != record.new_value; });
      if (*changed->reported_at != *micros(row[3])) blame(changed->text() + ": but status_since is " + *row[3]);
    }
    const auto is_profile = [](const auto& entry) { return entry.first.second == "profile"; };
    if (known != static_cast<std::size_t>(std::count_if(chains_.begin(), chains_.end(), is_profile))) {
      blame("there are transitions of profiles that are not in esim_profile");
    }
  }

  const World& world_;
  const TestDatabase& database_;
  const HistoryRules& rules_;
  Chains chains_;
  Differences found_;
};

}  // namespace

Differences history_faults(const World& world, const TestDatabase& database, const HistoryRules& rules) {
  return HistoryCheck{world, database, rules}.find();
}

}  // namespace simsync::test
