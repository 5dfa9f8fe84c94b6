#include <algorithm>
#include <csignal>
#include <iostream>

#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "daemon/progress_line.h"
#include "daemon/project_ids.h"
#include "daemon/sim_address.h"
#include "daemon/sim_recorder.h"
#include "daemon/stocktake/card_search.h"
#include "daemon/stocktake/scan_file.h"
#include "daemon/stocktake/stocktake_output.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"

namespace simsync {
namespace {

void say(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

class StocktakeRun {
 public:
  StocktakeRun(const CommandLine& line, const Config& config, std::stop_token stop)
      : line_(line),
        config_(config),
        stop_(std::move(stop)),
        projects_(chosen_projects(line, config)),
        stocktake_({ids_of(projects_), line.stocktake.provider, line.stocktake.type}) {}

  ExitCode run() {
    ScanFile file{line_.stocktake.file, line_.stocktake.column, stop_};
    require_current_schema(config_.database.url);
    // Of all projects: a card of another one is told as such.
    read_cards(config_.database.url, ids_of(config_.projects), [this](const Card& card) {
      stocktake_.cards().add(card);
      return !stop_.stop_requested();
    });
    stocktake_.cards().seal();
    file.read([this](std::uint64_t line, std::string_view text) { stocktake_.scan(line, text); },
              [this](std::uint64_t line, std::string_view why) { stocktake_.damaged(line, {}, why); });
    if (stop_.stop_requested()) {
      say("stopped before all was read; nothing was compared");
      return ExitCode::failed;
    }
    if (stocktake_.scans() == 0) throw TextFileError(file.name() + " holds no line to compare");
    if (!file.doubtful_header().empty()) {
      say("note: the first line is taken for a header: " + in_quotes(file.doubtful_header()));
    }
    warn_of_unwalked();
    stocktake_.finish_scans();
    search();
    stocktake_.count_unscanned();
    return print();
  }

 private:
  // What is not in the inventory yet would look like cards that nobody knows.
  void warn_of_unwalked() const {
    const std::unique_ptr<InventoryStore> store = make_postgres_store_factory(config_.database.url)->open();
    for (const ProjectConfig& project : projects_) {
      if (store->ever_complete(project.id)) continue;
      say("note: no walk of project " + project.id + " has been complete yet; what is known of it is not all");
    }
  }

  void search() {
    std::vector<Stocktake::Unknown> unknown = stocktake_.unknown();
    const std::size_t most = line_.stocktake.no_search ? 0 : line_.stocktake.most_searches;
    for (std::size_t i = most; i < unknown.size(); ++i) {
      stocktake_.failed(unknown[i], line_.stocktake.no_search ? "--no-search"
                                                              : "the API is asked for " + std::to_string(most) +
                                                                    " at the most, unless --most-searches says more");
    }
    if (unknown.size() > most) unknown.erase(unknown.begin() + static_cast<std::ptrdiff_t>(most), unknown.end());
    if (unknown.empty()) return;
    const std::vector<CardAnswer> answers = ask(unknown);
    record(answers);
    for (std::size_t i = 0; i < unknown.size(); ++i) settle(unknown[i], answers[i]);
  }

  std::vector<CardAnswer> ask(const std::vector<Stocktake::Unknown>& unknown) {
    std::vector<Iccid> iccids;
    iccids.reserve(unknown.size());
    for (const Stocktake::Unknown& each : unknown) iccids.push_back(each.iccid);
    ApiClients clients{config_.api};
    std::vector<SearchedProject> searched;
    for (const ProjectConfig& project : projects_) searched.push_back({project.id, &clients.of(project)});
    ProgressLine progress{"stocktake"};
    CardSearch search{searched, config_.api.connections,
                      [&](std::size_t asked, std::size_t found) { progress.searched(asked, iccids.size(), found); }};
    std::vector<CardAnswer> answers = search.ask(iccids, stop_);
    progress.clear();
    for (const auto& [project, why] : search.failures()) {
      say(project + ": the search was given up: " + why);
    }
    const auto unanswered = std::ranges::count(answers, false, &CardAnswer::complete);
    if (unanswered > 0 && !stop_.stop_requested()) {
      say(std::to_string(unanswered) + " of " + std::to_string(answers.size()) +
          " ICCIDs were not answered by the API in full; the notes say why");
      code_ = ExitCode::api;
    }
    if (stop_.stop_requested()) {
      say("the search was stopped before its end; the rest was not asked");
      code_ = ExitCode::failed;
    }
    return answers;
  }

  // A count is worth hours of somebody's work: it is printed also where this fails.
  void record(const std::vector<CardAnswer>& answers) {
    SimRecorder recorder{config_, !line_.stocktake.no_record, stop_};
    for (const CardAnswer& answer : answers) {
      for (const CardHit& hit : answer.hits) recorder.add(hit.project, {hit.reading});
    }
    code_ = recorder.finish(code_);
  }

  void settle(const Stocktake::Unknown& asked, const CardAnswer& answer) {
    if (!answer.complete && answer.hits.empty()) {
      stocktake_.failed(asked, answer.why.empty() ? "stopped" : answer.why);
      return;
    }
    std::vector<SearchHit> hits;
    for (const CardHit& hit : answer.hits) {
      const Sim& sim = hit.reading.sim;
      hits.push_back({hit.project, sim.id, sim.iccid, sim.provider, sim.type, sim.status});
    }
    stocktake_.answered(asked, hits);
  }

  ExitCode print() {
    std::signal(SIGPIPE, SIG_DFL);  // `simsyncd stocktake … | head` ends as soon and as silently as other programs
    print_stocktake(std::cout, stocktake_, line_.output, line_.all);
    std::cout.flush();
    if (!std::cout.good()) {
      say("the output could not be written; what was written is not all");
      return ExitCode::failed;
    }
    if (code_ == ExitCode::done && stocktake_.count(Verdict::damaged) > 0) {
      say(std::to_string(stocktake_.count(Verdict::damaged)) + " of " + std::to_string(stocktake_.scans()) +
          " lines have no ICCID; scan those cards again");
      code_ = ExitCode::failed;
    }
    return code_;
  }

  const CommandLine& line_;
  const Config& config_;
  const std::stop_token stop_;
  const std::vector<ProjectConfig> projects_;
  Stocktake stocktake_;
  ExitCode code_ = ExitCode::done;
};

}  // namespace

ExitCode stocktake_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  return StocktakeRun{line, config, stop}.run();
}

}  // namespace simsync
