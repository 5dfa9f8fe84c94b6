#include "daemon/status_line.h"

#include <algorithm>
#include <chrono>

namespace simsync {
namespace {

constexpr std::size_t kMostByName = 4;

std::string ago(const std::optional<TimePoint>& time, TimePoint now) {
  if (!time) return "never walked";
  const auto seconds = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - *time).count(), 0);
  if (seconds < 120) return "walked " + std::to_string(seconds) + " s ago";
  if (seconds < 7200) return "walked " + std::to_string(seconds / 60) + " min ago";
  return "walked " + std::to_string(seconds / 3600) + " h ago";
}

std::string counts(const ProjectFigures& one) {
  std::string text = std::to_string(one.profiles) + " profiles";
  if (one.overdue > 0) text += ", " + std::to_string(one.overdue) + " overdue";
  if (one.held_back > 0) text += ", " + std::to_string(one.held_back) + " disappearances held back";
  return text;
}

std::string line_of(const ProjectFigures& one, const std::string& this_host, TimePoint now) {
  const std::string name = one.project + ": ";
  if (!one.host.empty() && one.host != this_host) return name + "with " + one.host;
  return name + std::to_string(one.sims) + " SIMs, " + ago(one.last_complete_walk, now) + ", " + counts(one);
}

}  // namespace

std::string status_line(const std::vector<ProjectFigures>& projects, const std::string& this_host, TimePoint now) {
  std::string text;
  if (projects.size() <= kMostByName) {
    for (const ProjectFigures& one : projects) text += (text.empty() ? "" : "; ") + line_of(one, this_host, now);
    return text;
  }
  ProjectFigures sum;
  std::size_t elsewhere = 0;
  bool all_walked = true;
  for (const ProjectFigures& one : projects) {
    if (!one.host.empty() && one.host != this_host) {
      ++elsewhere;
      continue;
    }
    sum.sims += one.sims;
    sum.profiles += one.profiles;
    sum.overdue += one.overdue;
    sum.held_back += one.held_back;
    all_walked = all_walked && one.last_complete_walk.has_value();
    if (one.last_complete_walk) {
      sum.last_complete_walk =
          std::min(sum.last_complete_walk.value_or(*one.last_complete_walk), *one.last_complete_walk);
    }
  }
  if (!all_walked) sum.last_complete_walk.reset();
  text = std::to_string(projects.size() - elsewhere) + " projects: " + std::to_string(sum.sims) + " SIMs, " +
         (all_walked ? "each " + ago(sum.last_complete_walk, now) + " or later" : "some never walked") + ", " +
         counts(sum);
  if (elsewhere > 0) text += "; " + std::to_string(elsewhere) + " with other machines";
  return text;
}

}  // namespace simsync
