#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/commands/sim_commands.h"
#include "daemon/csv_reader.h"
#include "daemon/progress_line.h"
#include "daemon/sim_output.h"
#include "sync/iccid.h"

namespace simsync {
namespace {

constexpr std::size_t kTogether = 500;  // ICCIDs that are searched for, printed and recorded together
constexpr std::chrono::milliseconds kTellEvery{100};

std::vector<std::string> types_of(const SimLine& asked) {
  return asked.type.empty() ? std::vector<std::string>{} : std::vector{asked.type};
}

// What no other question to this project will fare better with.
bool ends_project(ApiFailure failure) {
  return failure == ApiFailure::unauthorized || failure == ApiFailure::unreachable || failure == ApiFailure::tls ||
         failure == ApiFailure::stopped;
}

struct Question {
  std::uint64_t line = 0;
  std::string iccid;
};

// In one project.
struct Result {
  std::vector<SimReading> readings;
  std::vector<SkippedItem> skipped;
  std::optional<ApiError> error;
};

// Asks all questions in all projects, several at a time.
class Asker {
 public:
  explicit Asker(SimTask& task) : task_(task), types_(types_of(task.asked)), giving_up_(task.projects.size()) {
    for (const ProjectConfig& project : task.projects) clients_.push_back(&task.clients.of(project));
    stop_with_ = std::make_unique<std::stop_callback<std::function<void()>>>(task.stop, [this] {
      for (std::stop_source& project : giving_up_) project.request_stop();
    });
  }

  using Progress = std::function<void(std::size_t answered, std::size_t found)>;

  // The results of a question stand side by side, in the order of the projects. `progress` hears now and then how many
  // have an answer.
  std::vector<Result> ask(const std::vector<Question>& questions, const Progress& progress) {
    std::vector<Result> results(questions.size() * clients_.size());
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> answered = 0;
    std::atomic<std::size_t> found = 0;
    std::mutex mutex;
    std::condition_variable all_answered;
    const auto work = [&] {
      for (std::size_t i = next++; i < results.size(); i = next++) {
        results[i] = ask_one(questions[i / clients_.size()].iccid, i % clients_.size());
        found += results[i].readings.empty() ? 0 : 1;
        if (++answered < results.size()) continue;
        const std::lock_guard lock{mutex};
        all_answered.notify_one();
      }
    };
    std::vector<std::jthread> workers;
    const std::size_t most = task_.config.api.connections * clients_.size();
    while (workers.size() < std::min(results.size(), most)) workers.emplace_back(work);
    std::unique_lock lock{mutex};
    while (!all_answered.wait_for(lock, kTellEvery, [&] { return answered == results.size(); })) {
      progress(answered / clients_.size(), found);
    }
    return results;
  }

  // On all projects.
  [[nodiscard]] bool gave_up() const {
    return std::ranges::all_of(giving_up_, [](const auto& project) { return project.stop_requested(); });
  }

 private:
  Result ask_one(const std::string& iccid, std::size_t project) {
    Result result;
    try {
      SimPage page = clients_[project]->search(iccid, types_, giving_up_[project].get_token());
      result.readings = readings_of(page);
      result.skipped = std::move(page.skipped);
    } catch (const ApiError& error) {
      result.error = error;
      if (ends_project(error.failure())) giving_up_[project].request_stop();
    }
    return result;
  }

  SimTask& task_;
  const std::vector<std::string> types_;
  std::vector<SimApi*> clients_;
  std::vector<std::stop_source> giving_up_;  // as the projects
  std::unique_ptr<std::stop_callback<std::function<void()>>> stop_with_;
};

// About how many rows a file has; 0: nobody knows.
std::uint64_t rows_of(const std::string& path) {
  std::error_code ignored;
  if (path == "-" || !std::filesystem::is_regular_file(path, ignored)) return 0;
  std::ifstream file{path, std::ios::binary};
  return static_cast<std::uint64_t>(std::count(std::istreambuf_iterator<char>{file}, {}, '\n'));
}

// Searches for what a file holds.
class FileSearch {
 public:
  explicit FileSearch(SimTask& task)
      : task_(task), asker_(task), printer_(std::cout, task.output), progress_("search") {}

  ExitCode run() {
    rows_ = rows_of(task_.asked.file);
    CsvReader file{task_.asked.file, {.stray_quotes = true}, task_.stop};
    iccid_column_ = file.column("iccid");
    try {
      file.read([this](const CsvRow& row) { take(row); },
                [this](const CsvFault& fault) { bad(fault.line, fault.why); });
      all_read_ = true;
      search_waiting();
    } catch (const Ended&) {
    } catch (const TextFileError& error) {
      // It broke off in the middle.
      tell(error.what());
      task_.worsen(ExitCode::failed);
    }
    printer_.finish();
    if (task_.stop.stop_requested()) {
      task_.failed(ApiError{ApiFailure::stopped, 0, "stopped"});
    } else if (asked_.empty() && task_.code == ExitCode::done) {
      tell(file.name() + " holds no ICCID" + (file.header().empty() ? "" : " below the names of its columns"));
      task_.worsen(ExitCode::failed);
      return task_.code;
    }
    sum_up();
    return task_.code;
  }

 private:
  struct Ended {};

  // Of the column with that name; otherwise the first field that is an ICCID.
  void take(const CsvRow& row) {
    std::string why;
    if (iccid_column_) {
      const std::string_view field = *iccid_column_ < row.fields.size() ? row.fields[*iccid_column_] : "";
      if (take_field(row.line, field, why)) return;
    } else {
      for (const std::string_view field : row.fields) {
        if (take_field(row.line, field, why)) return;
      }
    }
    bad(row.line, why);
  }

  bool take_field(std::uint64_t line, std::string_view field, std::string& why) {
    const auto read = read_iccid(field);
    const Iccid* const iccid = std::get_if<Iccid>(&read);
    const std::string text =
        iccid == nullptr || api_accepts_iccid(field) ? std::string{field} : std::string{iccid->digits()};
    if (iccid == nullptr || !api_accepts_iccid(text)) {
      if (why.empty()) {
        why = in_quotes(field) + " " +
              (iccid == nullptr ? std::get<IccidFault>(read).why : "has 18 digits, the API searches for all 19 or 20");
      }
      return false;
    }
    if (!iccid->check_digit_fits() && odd_++ == 0) first_odd_ = line;
    if (!asked_.insert(iccid->key()).second) {
      ++repeated_;
      return true;
    }
    waiting_.push_back({line, text});
    if (waiting_.size() == kTogether) search_waiting();
    return true;
  }

  void bad(std::uint64_t line, const std::string& why) {
    ++bad_;
    progress_.clear();
    tell("line " + std::to_string(line) + ": " + why);
    task_.worsen(ExitCode::failed);
  }

  void search_waiting() {
    const std::vector<Question> questions = std::exchange(waiting_, {});
    std::vector<Result> results = asker_.ask(questions, [this](std::size_t answered, std::size_t found) {
      progress_.searched(searched_ + answered, rows_, found_ + found);
    });
    progress_.clear();
    for (std::size_t i = 0; i < questions.size(); ++i) {
      take_results(questions[i], std::span{results}.subspan(i * task_.projects.size(), task_.projects.size()));
    }
    if (asker_.gave_up() || !task_.output_is_good()) throw Ended{};
  }

  void take_results(const Question& question, std::span<Result> results) {
    bool answered = true;
    bool found = false;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].error) {
        answered = false;
        tell_failure(question, *results[i].error);
        continue;
      }
      Result& result = results[i];
      found |= !result.readings.empty();
      answered &= result.skipped.empty();
      printer_.add(task_.projects[i].id, result.readings);
      task_.recorder.add(task_.projects[i].id, std::move(result.readings));
      task_.left_out(task_.projects[i].id, result.skipped);
    }
    searched_ += answered ? 1 : 0;
    found_ += found ? 1 : 0;
    if (!answered || found) return;
    ++missing_;
    tell("line " + std::to_string(question.line) + ": no SIM has the ICCID " + question.iccid);
    task_.worsen(ExitCode::failed);
  }

  void tell_failure(const Question& question, const ApiError& error) {
    if (error.failure() == ApiFailure::stopped) return;  // said once, at the end
    if (ends_project(error.failure())) {
      task_.failed(error);
    } else {
      tell("line " + std::to_string(question.line) + ": " + question.iccid + ": " + error.what());
      task_.worsen(ExitCode::api);
    }
  }

  void sum_up() const {
    if (odd_ > 0) {
      tell("warning: the check digit of " + std::to_string(odd_) + (odd_ == 1 ? " ICCID" : " ICCIDs") +
           " does not fit, first in line " + std::to_string(first_odd_));
    }
    if (repeated_ > 0) {
      tell("note: " + std::to_string(repeated_) + (repeated_ == 1 ? " line repeats" : " lines repeat") +
           " an ICCID; each was searched for once");
    }
    if (task_.code == ExitCode::done) return;
    tell("of " + std::to_string(asked_.size()) + " ICCIDs " + std::to_string(found_) + " were found and " +
         std::to_string(missing_) + " not" +
         (asked_.size() > found_ + missing_
              ? ", " + std::to_string(asked_.size() - found_ - missing_) + " have no answer"
              : "") +
         (bad_ > 0 ? "; " + std::to_string(bad_) + " lines hold none" : "") +
         (asker_.gave_up() && !all_read_ ? "; what else the file holds was not searched for" : ""));
  }

  SimTask& task_;
  Asker asker_;
  SimPrinter printer_;
  ProgressLine progress_;
  std::optional<std::size_t> iccid_column_;
  std::set<IccidKey> asked_;
  std::vector<Question> waiting_;
  std::uint64_t rows_ = 0;
  std::uint64_t first_odd_ = 0;
  bool all_read_ = false;
  std::size_t odd_ = 0, repeated_ = 0, bad_ = 0, searched_ = 0, found_ = 0, missing_ = 0;
};

ExitCode search_one(SimTask& task) {
  const std::string iccid = searchable_iccid(task.asked.iccid);
  if (const auto read = read_iccid(iccid); !std::get<Iccid>(read).check_digit_fits()) {
    tell("warning: the check digit of " + iccid + " does not fit; was it typed right?");
  }
  SimPrinter printer{std::cout, task.output};
  bool found = false;
  for (const ProjectConfig& project : task.projects) {
    try {
      SimPage page = task.clients.of(project).search(iccid, types_of(task.asked), task.stop);
      std::vector<SimReading> readings = readings_of(page);
      found |= !readings.empty();
      printer.add(project.id, readings);
      task.recorder.add(project.id, std::move(readings));
      task.left_out(project.id, page.skipped);
    } catch (const ApiError& error) {
      task.failed(error);
    }
  }
  printer.finish();
  if (found || task.code != ExitCode::done) return task.code;
  tell("no SIM has the ICCID " + iccid);
  return ExitCode::failed;
}

}  // namespace

ExitCode sim_search(SimTask& task) {
  return task.asked.file.empty() ? search_one(task) : FileSearch{task}.run();
}

}  // namespace simsync
