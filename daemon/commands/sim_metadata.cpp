// `simsyncd sim metadata`.
#include <chrono>
#include <iostream>
#include <set>

#include "config/load_config.h"
#include "config/printable.h"
#include "daemon/commands/commands.h"
#include "daemon/person.h"
#include "daemon/sim_address.h"
#include "storage/metadata_requests.h"
#include "storage/migrator.h"
#include "sync/api/json_text.h"
#include "sync/stopping.h"

namespace simsync {
namespace {

constexpr std::chrono::milliseconds kLookEvery{200};

[[noreturn]] void refuse(const std::string& change, const std::string& why) {
  throw ConfigError(in_quotes(change) + " " + why);
}

// Appends "KEY": VALUE, and returns the key.
std::string append_change(const std::string& change, std::string& object) {
  const std::size_t equals = change.find('=');
  if (equals == std::string::npos) refuse(change, "is no change; write KEY=VALUE, or KEY:=JSON");
  if (!is_utf8(change)) refuse(change, "is not UTF-8");
  const bool is_json = equals > 0 && change[equals - 1] == ':';
  const std::string key = change.substr(0, is_json ? equals - 1 : equals);
  const std::string value = change.substr(equals + 1);
  if (key.empty()) refuse(change, "has no key before its '='");
  object += object.empty() ? "{" : ",";
  json::append_quoted(key, object);
  object += ':';
  if (!is_json) {
    json::append_quoted(value, object);
    return key;
  }
  std::string clean;
  json::append_clean(value, clean);
  if (json::check(value).verdict != json::Verdict::ok) refuse(change, "has no JSON value behind ':='");
  if (clean != value) refuse(change, "holds a character that the database cannot hold");
  object += value;
  return key;
}

MetadataWish wish_of(const MetadataLine& line) {
  MetadataWish wish;
  std::set<std::string> keys;
  for (const std::string& change : line.changes) {
    const std::string key = append_change(change, wish.metadata);
    if (!keys.insert(key).second) refuse(key, "is set twice; give each key once");
  }
  wish.metadata += wish.metadata.empty() ? "{}" : "}";
  wish.remove = "[";
  for (const std::string& key : line.remove) {
    if (!keys.insert(key).second) refuse(key, "is to be removed and is given before as well; give each key once");
    if (wish.remove.size() > 1) wish.remove += ',';
    json::append_quoted(key, wish.remove);
  }
  wish.remove += ']';
  if (wish.metadata.size() + wish.remove.size() > kMostRequestBytes) {
    throw ConfigError("these metadata are larger than " + std::to_string(kMostRequestBytes / 1024) +
                      " KiB; ask for less at once");
  }
  return wish;
}

// Until it is settled, or the time is up.
MetadataAnswer wait_for(MetadataRequests& requests, const MetadataWish& wish, std::int64_t request,
                        std::chrono::milliseconds patience, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + patience;
  MetadataAnswer answer{request, MetadataState::pending, ""};
  while (true) {
    const auto found = requests.answer(wish, request);
    if (!found) return {request, MetadataState::failed, "somebody has deleted the request"};
    answer = *found;
    const bool time_is_up = std::chrono::steady_clock::now() >= until;
    if (answer.state != MetadataState::pending || time_is_up || !sleep_for(kLookEvery, stop)) return answer;
  }
}

void say(const std::string& what) {
  std::cerr << "simsyncd: " << printable(what) << '\n';
}

std::string why_pending(MetadataRequests& requests, const MetadataWish& wish, const MetadataAnswer& answer) {
  if (!answer.error.empty()) return ": " + answer.error;
  return requests.is_served(wish.project)
             ? ""
             : ": no service works on project " + wish.project + "; 'simsyncd run' or 'simsyncd sync' carries it out";
}

}  // namespace

ExitCode sim_metadata_command(const CommandLine& line, const Config& config, const std::stop_token& stop) {
  MetadataWish wish = wish_of(line.metadata);
  const std::vector<ProjectConfig> projects = chosen_projects(line, config);
  require_current_schema(config.database.url);
  ApiClients clients{config.api};
  const SimAddress address = find_sim({line.sim_line.sim, projects, true}, config.database, clients, stop);
  wish.project = address.project.id;
  wish.sim_id = address.sim_id;
  const std::unique_ptr<MetadataRequests> requests = open_metadata_requests(config.database.url);
  const std::int64_t request = requests->ask({wish}, calling_person()).at(0);
  const MetadataAnswer answer =
      wait_for(*requests, wish, request, line.metadata.no_wait ? Milliseconds{0} : line.metadata.wait, stop);
  print(std::cout,
        {{"project", "sim_id", "request_id", "state", "error"},
         {{wish.project, wish.sim_id, request, std::string{to_text(answer.state)},
           answer.error.empty() ? Cell{} : Cell{answer.error}}}},
        line.output);
  if (answer.state == MetadataState::applied) return ExitCode::done;
  if (answer.state == MetadataState::pending) {
    say("request " + std::to_string(request) + " is queued" +
        (line.metadata.no_wait ? "" : " and not carried out yet") + why_pending(*requests, wish, answer));
    return line.metadata.no_wait ? ExitCode::done : ExitCode::failed;
  }
  say("request " + std::to_string(request) + " " +
      (answer.state == MetadataState::conflict ? "is a conflict: " : "failed: ") + answer.error);
  return ExitCode::failed;
}

}  // namespace simsync
