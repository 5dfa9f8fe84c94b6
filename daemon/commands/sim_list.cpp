#include <algorithm>
#include <iostream>
#include <unordered_set>

#include "config/load_config.h"
#include "daemon/commands/sim_commands.h"
#include "daemon/sim_output.h"

namespace simsync {
namespace {

constexpr std::uint64_t kPage = 200;       // the most that the API takes as a limit
constexpr std::size_t kOtherCursors = 10;  // SIMs of a page that are tried where the one at its end is gone
constexpr std::uint64_t kWithoutEnd = UINT64_MAX;

// Lists the projects, one after the other.
class SimLister {
 public:
  explicit SimLister(SimTask& task) : task_(task), printer_(std::cout, task.output) {}

  ExitCode run() {
    for (const ProjectConfig& project : task_.projects) {
      try {
        if (!list(project)) break;
      } catch (const ApiError& error) {
        // What came until then is printed, and so are the other projects.
        task_.failed(error);
      }
    }
    printer_.finish();
    for (const std::string& note : notes_) tell(note);
    return task_.code;
  }

 private:
  // False: nobody reads what is printed any more.
  bool list(const ProjectConfig& project) {
    const std::uint64_t most = task_.asked.all ? kWithoutEnd : task_.asked.limit;
    ListQuery query = question();
    cursors_.clear();
    last_page_.clear();
    for (std::uint64_t left = most;;) {
      query.limit = static_cast<int>(std::min(left, kPage));
      SimPage page = read(project, query);
      left -= std::min<std::uint64_t>(left, page.sims.size() + page.skipped.size());
      const std::optional<std::string> next = query.before.empty() ? page.more_after : std::nullopt;
      const char* const wrong = astray(page);
      if (!take(project.id, page)) return false;
      if (!next) return true;
      if (left == 0) {
        if (task_.output == OutputFormat::table && most > 0) {
          notes_.push_back("note: project " + project.id + " has more; --after " + *next + " goes on, --all lists all");
        }
        return true;
      }
      if (wrong != nullptr) {
        throw ApiError(ApiFailure::malformed, 200,
                       "GET /projects/" + project.id + "/sims: " + wrong + "; report it to the provider");
      }
      query.after = *next;
    }
  }

  // Why it makes no sense to ask for what follows this page, which might then never end; nullptr where it does.
  const char* astray(const SimPage& page) {
    if (!page.more_after) return nullptr;
    if (page.sims.empty() && page.skipped.empty()) return "a page without SIMs says that more follow";
    const auto seen = [this](const Sim& sim) { return std::ranges::count(last_page_, sim.id) > 0; };
    const bool again = !page.sims.empty() && std::ranges::all_of(page.sims, seen);
    return again || !cursors_.insert(*page.more_after).second ? "the pages lead in a circle" : nullptr;
  }

  [[nodiscard]] ListQuery question() const {
    const SimLine& asked = task_.asked;
    ListQuery query;
    query.providers = asked.providers;
    query.statuses = asked.statuses.empty() ? kAllStatuses : asked.statuses;
    query.type = asked.type;
    query.user = asked.user;
    query.after = asked.after;
    query.before = asked.before;
    return query;
  }

  // The SIM at the end of the last page may be gone from the API by now, and is no cursor then; those before it are.
  SimPage read(const ProjectConfig& project, const ListQuery& query) {
    SimApi& api = task_.clients.of(project);
    try {
      return api.list(query, task_.stop);
    } catch (const ApiError& error) {
      if (error.failure() != ApiFailure::rejected && error.failure() != ApiFailure::not_found) throw;
      if (last_page_.size() < 2) throw;
      std::optional<SimPage> page = read_from_earlier(api, query);
      if (!page) throw;
      return std::move(*page);
    }
  }

  std::optional<SimPage> read_from_earlier(SimApi& api, ListQuery query) {
    const auto wanted = static_cast<std::size_t>(query.limit);
    const std::size_t tries = std::min(last_page_.size() - 1, kOtherCursors);
    for (std::size_t back = 1; back <= tries; ++back) {
      query.after = last_page_[last_page_.size() - 1 - back];
      query.limit = static_cast<int>(kPage);
      try {
        SimPage page = api.list(query, task_.stop);
        page.sims.erase_if([this](const Sim& sim) { return std::ranges::count(last_page_, sim.id) > 0; });
        if (page.sims.size() > wanted) {
          page.sims.resize(wanted);
          page.more_after = page.sims.back().id;
        }
        return page;
      } catch (const ApiError& error) {
        if (error.failure() != ApiFailure::rejected && error.failure() != ApiFailure::not_found) throw;
      }
    }
    return std::nullopt;
  }

  bool take(const std::string& project, SimPage& page) {
    last_page_.clear();
    for (const Sim& sim : page.sims) last_page_.push_back(sim.id);
    std::vector<SimReading> readings = readings_of(page);
    printer_.add(project, readings);
    task_.recorder.add(project, std::move(readings));
    task_.left_out(project, page.skipped);
    return task_.output_is_good();
  }

  SimTask& task_;
  SimPrinter printer_;
  std::unordered_set<std::string> cursors_;
  std::vector<std::string> last_page_;  // ids
  std::vector<std::string> notes_;
};

}  // namespace

ExitCode sim_list(SimTask& task) {
  if (task.projects.size() > 1 && !(task.asked.after.empty() && task.asked.before.empty())) {
    throw ConfigError("--after and --before name a SIM of one project; say which one with --project");
  }
  return SimLister{task}.run();
}

}  // namespace simsync
