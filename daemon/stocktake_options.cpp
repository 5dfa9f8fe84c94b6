// The options of `simsyncd stocktake`.
#include <CLI/CLI.hpp>

#include "config/printable.h"
#include "daemon/option_groups.h"

namespace simsync {
namespace {

constexpr std::uint64_t kMostSearches = 1'000'000;

std::string some_text(const std::string& text) {
  return text.empty() || !is_utf8(text) ? in_quotes(text) + " is none" : "";
}

}  // namespace

CLI::App* add_stocktake(CLI::App& app, CommandLine& line) {
  StocktakeLine& count = line.stocktake;
  CLI::App* const command =
      app.add_subcommand("stocktake", "Compare scanned ICCIDs with the inventory: what lies there, what should");
  command->add_option("file", count.file, "The ICCIDs, one a line or a CSV; - is standard input")
      ->required()
      ->check([](const std::string& text) { return text.empty() ? "a file's name is not empty" : ""; })
      ->type_name("FILE");
  command->add_option("--column", count.column, "The column with the ICCIDs, by name or number; otherwise it is found")
      ->check(some_text)
      ->type_name("NAME");
  command->add_option("--project", line.project, "Count the SIMs of this project only")->type_name("P");
  command->add_option("--provider", count.provider, "Count the SIMs of this provider only")
      ->check(some_text)
      ->type_name("ID");
  command->add_option("--type", count.type, "Count the SIMs of this type only: eSIM or pSIM")
      ->transform(CLI::IsMember({"eSIM", "pSIM"}, CLI::ignore_case).description(""))
      ->type_name("TYPE");
  CLI::Option* const no_search =
      command->add_flag("--no-search", count.no_search, "Do not ask the API for ICCIDs that the inventory lacks");
  command->add_option("--most-searches", count.most_searches, "Ask the API for so many ICCIDs at the most")
      ->check(CLI::Range(std::uint64_t{1}, kMostSearches).description(""))
      ->excludes(no_search)
      ->type_name("N")
      ->default_str("1000");
  command->add_flag("--no-record", count.no_record, "Do not write what the API says to the database");
  command->add_flag("--all", line.all, "List what matched, too; CSV always does");
  add_output_option(*command, line.output);
  command->footer(
      "A SIM is in stock while it is inactive. Without --type, eSIMs may lie there, but only pSIMs are\n"
      "missed. An ICCID matches by its digits: an F at its end, blanks, dashes and quotes do not count.\n"
      "Where no SIM has the same digits, one matches that has a check digit more or less.\n"
      "Examples:\n"
      "  simsyncd stocktake shelf7.txt\n"
      "  simsyncd stocktake count.csv --column ICCID --provider p9\n"
      "  simsyncd stocktake - --no-search --output csv <scans.txt >compared.csv\n"
      "Exit codes: 0 compared, whatever differs; 1 some lines have no ICCID, the others are compared;\n"
      "2 FILE cannot be read or has no ICCIDs; 3 the API was asked and did not answer; 4 the database.");
  return command;
}

}  // namespace simsync
