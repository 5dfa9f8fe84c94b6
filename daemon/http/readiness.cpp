#include "daemon/http/readiness.h"

#include <algorithm>

#include "config/printable.h"

namespace simsync {
namespace {

using std::chrono::milliseconds;

std::string fault_of(const ProjectFigures& project, milliseconds interval, TimePoint now) {
  if (!project.last_complete_walk) return project.project + ": no walk over all SIMs was complete yet";
  const auto age = std::chrono::floor<milliseconds>(now - *project.last_complete_walk);
  if (age <= 2 * interval) return {};
  std::string text = project.project + ": the last complete walk ended " + rough_time(age) + " ago, walk.interval is " +
                     rough_time(interval);
  if (project.host.empty()) text += ", and no daemon works on it";
  if (project.last_walk && !project.last_walk->error.empty()) text += "; last walk: " + project.last_walk->error;
  return text;
}

}  // namespace

std::string rough_time(milliseconds time) {
  const auto seconds = std::max<std::int64_t>(std::chrono::floor<std::chrono::seconds>(time).count(), 0);
  if (seconds < 100) return std::to_string(seconds) + " s";
  if (seconds < 100 * 60) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::vector<std::string> unready_because(const Figures& figures, const std::vector<std::string>& projects,
                                         milliseconds walk_interval, TimePoint now) {
  std::vector<std::string> reasons;
  const auto say = [&reasons](const std::string& reason) { reasons.push_back(printable(reason)); };
  if (!figures.error.empty()) {
    say("database: " + figures.error);
  } else if (!figures.age) {
    say("database: it has not answered yet");
  } else if (*figures.age > kPresent) {
    say("database: it has not answered for " + rough_time(*figures.age));
  }
  if (!figures.age) return reasons;
  for (const std::string& id : projects) {
    const auto found = std::ranges::find(figures.projects, id, &ProjectFigures::project);
    const std::string fault =
        found == figures.projects.end() ? id + ": nothing is known of it yet" : fault_of(*found, walk_interval, now);
    if (!fault.empty()) say(fault);
  }
  return reasons;
}

}  // namespace simsync
