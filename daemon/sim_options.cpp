// The options of `simsyncd sim`.
#include <CLI/CLI.hpp>

#include "config/printable.h"
#include "daemon/option_groups.h"

namespace simsync {
namespace {

constexpr std::uint64_t kMostListed = 1'000'000'000;

std::string not_empty(const std::string& text) {
  if (text.empty()) return "must not be empty";
  return is_utf8(text) ? "" : in_quotes(text) + " is not UTF-8";
}

// `check` looks at the options when all are read.
CLI::App* add(CLI::App& sim, CommandLine& line, SimName name, const char* word, const char* description,
              void (*check)(const SimLine&) = nullptr) {
  CLI::App* const command = sim.add_subcommand(word, description);
  command->callback([&line, name, check] {
    line.sim_line.name = name;
    if (check != nullptr) check(line.sim_line);
  });
  return command;
}

void add_sim_argument(CLI::App& command, CommandLine& line) {
  command.add_option("sim", line.sim_line.sim, "The SIM's id or ICCID")
      ->required()
      ->check(not_empty)
      ->type_name("SIM|ICCID");
}

void add_project(CLI::App& command, CommandLine& line, const char* description) {
  command.add_option("--project", line.project, description)->type_name("P");
}

void add_no_record(CLI::App& command, CommandLine& line) {
  command.add_flag("--no-record", line.sim_line.no_record, "Do not write what the API says to the database");
}

CLI::Option* add_type(CLI::App& command, CommandLine& line) {
  return command.add_option("--type", line.sim_line.type, "Only SIMs of this type: eSIM or pSIM")
      ->transform(CLI::IsMember({"eSIM", "pSIM"}, CLI::ignore_case).description(""))
      ->type_name("TYPE");
}

CLI::Option* add_texts(CLI::App& command, const char* name, std::vector<std::string>& values, const char* description) {
  return command.add_option(name, values, description)->delimiter(',')->allow_extra_args(false)->check(not_empty);
}

void check_list(const SimLine& list) {
  if (!list.before.empty() && list.limit > 200) {
    throw CLI::ValidationError("--before takes a --limit of 200 at most; --after goes on as far as there are SIMs");
  }
}

void check_search(const SimLine& search) {
  if (search.iccid.empty() == search.file.empty()) throw CLI::ValidationError("give one ICCID, or a --file of them");
}

void add_list(CLI::App& sim, CommandLine& line) {
  SimLine& list = line.sim_line;
  CLI::App* const command =
      add(sim, line, SimName::list, "list", "SIMs as the API lists them, the newest first", check_list);
  add_project(*command, line, "Only this project");
  add_texts(*command, "--provider", list.providers, "Only SIMs of these providers")->type_name("ID");
  add_texts(*command, "--status", list.statuses, "Only SIMs in these: inactive, active, retired; otherwise in any")
      ->check(CLI::IsMember({"inactive", "active", "retired"}).description(""))
      ->type_name("STATUS");
  add_type(*command, line);
  command->add_option("--user", list.user, "Only SIMs of this user")->check(not_empty)->type_name("ID");
  CLI::Option* const limit = command->add_option("--limit", list.limit, "At most so many of each project");
  limit->check(CLI::Range(std::uint64_t{0}, kMostListed).description(""))->type_name("N")->default_str("10");
  CLI::Option* const all = command->add_flag("--all", list.all, "All of them, page by page")->excludes(limit);
  CLI::Option* const after =
      command->add_option("--after", list.after, "Only those that follow this SIM in the list: older ones");
  after->check(not_empty)->type_name("SIM");
  command->add_option("--before", list.before, "Only those just before this SIM, 200 at most: newer ones")
      ->check(not_empty)
      ->excludes(after)
      ->excludes(all)
      ->type_name("SIM");
  add_no_record(*command, line);
  add_output_option(*command, line.output);
}

void add_search(CLI::App& sim, CommandLine& line) {
  SimLine& search = line.sim_line;
  CLI::App* const command = add(sim, line, SimName::search, "search", "The SIMs that have an ICCID", check_search);
  command->add_option("iccid", search.iccid, "19 or 20 digits; an F may follow 19")->type_name("ICCID");
  command->add_option("--file", search.file, "Search for all in this file, one a line or a CSV; - is standard input")
      ->check(not_empty)
      ->type_name("FILE");
  add_type(*command, line);
  add_project(*command, line, "Only in this project");
  add_no_record(*command, line);
  add_output_option(*command, line.output);
}

void add_credentials(CLI::App& sim, CommandLine& line) {
  CLI::App* const command =
      add(sim, line, SimName::credentials, "credentials", "An eSIM's activation code, with a QR code to scan");
  add_sim_argument(*command, line);
  command
      ->add_option("--png", line.sim_line.png, "Write the QR code to this file, which only its owner may read, instead")
      ->check(not_empty)
      ->type_name("FILE");
  command->add_flag("--reveal", line.sim_line.reveal, "Print them although the output is no terminal");
  add_project(*command, line, "The SIM's project");
  add_output_option(*command, line.output);
}

}  // namespace

CLI::App* add_sim(CLI::App& app, CommandLine& line) {
  CLI::App* const sim = app.add_subcommand("sim", "Ask the API about SIMs, and write down what it says");
  sim->require_subcommand(1);
  add_list(*sim, line);
  CLI::App* const get = add(*sim, line, SimName::get, "get", "One SIM as it is now");
  CLI::App* const profile = add(*sim, line, SimName::profile, "profile", "The profile of an eSIM as it is now");
  for (CLI::App* const command : {get, profile}) {
    add_sim_argument(*command, line);
    add_project(*command, line, "The SIM's project");
    add_no_record(*command, line);
    add_output_option(*command, line.output);
  }
  add_search(*sim, line);
  add_credentials(*sim, line);
  add_sim_metadata(*sim, line);
  return sim;
}

}  // namespace simsync
