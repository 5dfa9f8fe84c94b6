// `simsyncd metadata import`: rows of a CSV become requests, some thousand in a transaction. A bad row is told with its
// line and stops no other.
#include <algorithm>
#include <iostream>
#include <unordered_map>
#include <utility>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "daemon/csv_reader.h"
#include "daemon/person.h"
#include "daemon/project_ids.h"
#include "storage/metadata_requests.h"
#include "storage/migrator.h"
#include "sync/api/json_text.h"
#include "sync/api/metadata_map.h"
#include "sync/iccid.h"

namespace simsync {
namespace {

constexpr std::size_t kBatchRows = 20'000;
constexpr std::size_t kBatchBytes = 16U << 20U;

// Which column names the SIM, and which are keys.
struct Columns {
  std::size_t sim = 0;
  bool may_be_id = true;
  bool may_be_iccid = true;
  std::vector<std::pair<std::size_t, std::string>> keys;  // place and name
};

[[noreturn]] void refuse(const CsvReader& file, const std::string& why) {
  throw ConfigError(file.name() + ": " + why);
}

Columns columns_of(const CsvReader& file, const std::vector<std::string>& wanted) {
  Columns columns;
  std::vector<std::size_t> naming;
  for (const char* name : {"sim", "sim_id", "id", "iccid"}) {
    if (const auto place = file.column(name)) naming.push_back(*place);
  }
  if (naming.empty()) refuse(file, "no column names the SIM; call one sim_id or iccid");
  const std::string& first = file.header()[naming.front()];
  std::erase_if(naming, [&](std::size_t place) { return std::ranges::count(wanted, file.header()[place]) > 0; });
  if (naming.empty()) refuse(file, "column " + in_quotes(first) + " names the SIM and is no key (--key)");
  if (naming.size() > 1 && wanted.empty()) {
    refuse(file, "more than one column names the SIM; say with --key which columns are keys");
  }
  columns.sim = naming.front();
  const std::vector<std::string>& header = file.header();
  columns.may_be_id = file.column("iccid") != columns.sim;
  columns.may_be_iccid = file.column("iccid") == columns.sim || file.column("sim") == columns.sim;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i == columns.sim) continue;
    if (!wanted.empty() && std::ranges::count(wanted, header[i]) == 0) continue;
    if (header[i].empty())
      refuse(file, "column " + std::to_string(i + 1) + " has no name; its cells would be of no key");
    const auto same = std::ranges::find(columns.keys, header[i], &std::pair<std::size_t, std::string>::second);
    if (same != columns.keys.end() || file.column(header[i]) == columns.sim)
      refuse(file, "two columns are called " + in_quotes(header[i]));
    columns.keys.emplace_back(i, header[i]);
  }
  for (const std::string& key : wanted) {
    if (std::ranges::count(header, key) == 0) refuse(file, "there is no column " + in_quotes(key) + " (--key)");
  }
  if (columns.keys.empty()) refuse(file, "no column is a key");
  return columns;
}

// What a row asks for; the SIM is not looked up yet.
struct Row {
  std::uint64_t line = 0;
  std::string name;  // an id, or an ICCID's digits
  bool is_iccid = false;
  MetadataWish wish;
};

// Old and new are shown as texts; JSON has them as they are.
Cell shown(const std::optional<std::string>& value, OutputFormat format) {
  if (!value) return std::monostate{};
  if (format == OutputFormat::json) return JsonText{*value};
  if (!value->starts_with('"')) return *value;
  std::string text;
  json::append_decoded(std::string_view{*value}.substr(1, value->size() - 2), text);
  return text;
}

class Import {
 public:
  Import(const CommandLine& line, const Config& config, const std::stop_token& stop)
      : line_(line),
        stop_(stop),
        file_(line.metadata.file, {.header = CsvHeader::required, .only_utf8 = true}, stop),
        columns_(columns_of(file_, line.metadata.keys)),
        projects_(ids_of(chosen_projects(line, config))),
        requests_(open_metadata_requests(config.database.url)),
        differences_(std::cout, {"line", "project", "sim_id", "key", "old_value", "new_value"}, line.output) {}

  ExitCode run() {
    try {
      file_.read([this](const CsvRow& row) { take(row); },
                 [this](const CsvFault& fault) { bad(fault.line, fault.why); });
      if (!stop_.stop_requested()) carry_out();
    } catch (...) {
      // What comes now says why.
      if (asked_ > 0) std::cerr << "simsyncd: not all is read; " << asked_ << " requests are queued already\n";
      throw;
    }
    if (line_.dry_run) {
      differences_.finish();
    } else {
      print(std::cout,
            {{"requests", "unchanged", "bad"}, {{count_cell(asked_), count_cell(unchanged_), count_cell(bad_)}}},
            line_.output);
    }
    if (stop_.stop_requested()) {
      std::cerr << "simsyncd: stopped before its end; what was asked for until then is queued\n";
    }
    return bad_ > 0 || stop_.stop_requested() ? ExitCode::failed : ExitCode::done;
  }

 private:
  void bad(std::uint64_t line, const std::string& why) {
    ++bad_;
    std::cerr << "simsyncd: " << printable(file_.name()) << ": line " << line << ": " << printable(why) << '\n';
  }

  void take(const CsvRow& fields) {
    Row row;
    row.line = fields.line;
    if (fields.fields.size() != file_.header().size()) {
      bad(row.line, "there are " + std::to_string(fields.fields.size()) + " fields, the header has " +
                        std::to_string(file_.header().size()));
      return;
    }
    if (!read_name(fields.fields[columns_.sim], row)) return;
    std::string& remove = row.wish.remove;
    remove = "[";
    for (const auto& [place, key] : columns_.keys) {
      const std::string_view value = fields.fields[place];
      if (value.empty() && !line_.metadata.remove_empty) continue;
      std::string& into = value.empty() ? remove : row.wish.metadata;
      into += into.empty() ? "{" : into.size() > 1 ? "," : "";
      json::append_quoted(key, into);
      if (value.empty()) continue;
      into += ':';
      json::append_quoted(value, into);
    }
    remove += ']';
    row.wish.metadata += row.wish.metadata.empty() ? "{}" : "}";
    if (row.wish.metadata.size() + remove.size() > kMostRequestBytes) {
      bad(row.line, "its metadata are larger than " + std::to_string(kMostRequestBytes / 1024) + " KiB");
      return;
    }
    bytes_ += row.name.size() + row.wish.metadata.size() + remove.size();
    rows_.push_back(std::move(row));
    if (rows_.size() >= kBatchRows || bytes_ >= kBatchBytes) carry_out();
  }

  bool read_name(std::string_view text, Row& row) {
    if (text.empty()) {
      bad(row.line, "no SIM is named");
      return false;
    }
    row.name = text;
    if (!columns_.may_be_iccid) return true;
    const auto read = read_iccid(text);
    if (const Iccid* iccid = std::get_if<Iccid>(&read)) {
      row.name = iccid->digits();
      row.is_iccid = true;
    } else if (!columns_.may_be_id) {
      bad(row.line, in_quotes(text) + " " + std::get<IccidFault>(read).why);
      return false;
    }
    return true;
  }

  // Looks the SIMs of the rows up, all at once, and asks for what differs.
  void carry_out() {
    const std::vector<Row> rows = std::exchange(rows_, {});
    bytes_ = 0;
    const std::vector<std::vector<NamedSim>> sims = look_up(rows);
    std::vector<MetadataWish> wishes;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const NamedSim* sim = only_one(rows[i], sims[i]);
      if (sim == nullptr) continue;
      const auto change = MetadataChange::read(rows[i].wish.metadata, rows[i].wish.remove);
      const auto differing = change ? change->differences(sim->metadata) : std::vector<MetadataChange::Difference>{};
      if (line_.dry_run) {
        tell(rows[i], *sim, differing);
      } else if (differing.empty() && !sim->pending) {
        ++unchanged_;
      } else {
        wishes.push_back({sim->project, sim->sim_id, rows[i].wish.metadata, rows[i].wish.remove});
      }
    }
    if (!wishes.empty()) asked_ += requests_->ask(wishes, calling_person()).size();
  }

  std::vector<std::vector<NamedSim>> look_up(const std::vector<Row>& rows) {
    std::vector<std::string> ids, iccids;
    std::vector<std::size_t> of_ids, of_iccids;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      (rows[i].is_iccid ? iccids : ids).push_back(rows[i].name);
      (rows[i].is_iccid ? of_iccids : of_ids).push_back(i);
    }
    std::vector<std::vector<NamedSim>> sims(rows.size());
    for (NamedSim& sim : requests_->by_id(projects_, ids)) sims[of_ids[sim.place]].push_back(std::move(sim));
    for (NamedSim& sim : requests_->by_iccid(projects_, iccids)) sims[of_iccids[sim.place]].push_back(std::move(sim));
    return sims;
  }

  // nullptr, and told, where the row does not name one.
  const NamedSim* only_one(const Row& row, const std::vector<NamedSim>& sims) {
    const auto present = std::ranges::find(sims, true, &NamedSim::present);
    if (present == sims.end()) {
      bad(row.line, sims.empty() ? "no SIM of the mirror is " + in_quotes(row.name) +
                                       "; 'simsyncd status' shows how fresh the mirror is"
                                 : "SIM " + sims.front().sim_id + " is gone from the API");
      return nullptr;
    }
    if (std::ranges::count(sims, true, &NamedSim::present) > 1) {
      bad(row.line, "more than one SIM is " + in_quotes(row.name) +
                        (row.is_iccid ? "; name it by its id" : "; say with --project which one"));
      return nullptr;
    }
    const auto [seen, is_first] = lines_.emplace(present->project + '\n' + present->sim_id, row.line);
    if (is_first) return &*present;
    bad(row.line, "SIM " + present->sim_id + " stands in line " + std::to_string(seen->second) + " already");
    return nullptr;
  }

  void tell(const Row& row, const NamedSim& sim, const std::vector<MetadataChange::Difference>& differing) {
    std::vector<std::vector<Cell>> lines;
    for (const MetadataChange::Difference& one : differing) {
      lines.push_back({count_cell(row.line), sim.project, sim.sim_id, one.key, shown(one.found, line_.output),
                       shown(one.asked, line_.output)});
    }
    if (!lines.empty()) differences_.add(std::move(lines));
  }

  const CommandLine& line_;
  const std::stop_token stop_;
  CsvReader file_;
  const Columns columns_;
  const std::vector<std::string> projects_;
  const std::unique_ptr<MetadataRequests> requests_;
  RowPrinter differences_;
  std::vector<Row> rows_;                                 // not carried out yet
  std::size_t bytes_ = 0;                                 // of them
  std::unordered_map<std::string, std::uint64_t> lines_;  // where each SIM stands first
  std::uint64_t asked_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t bad_ = 0;
};

}  // namespace

ExitCode metadata_import_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  require_current_schema(config.database.url);
  return Import{line, config, stop}.run();
}

}  // namespace simsync
