// The options of `simsyncd sim metadata` and `simsyncd metadata import`.
#include <CLI/CLI.hpp>

#include "config/printable.h"
#include "config/scalars.h"
#include "daemon/option_groups.h"

namespace simsync {
namespace {

std::string not_empty(const std::string& text) {
  return text.empty() || !is_utf8(text) ? in_quotes(text) + " is none" : "";
}

std::string is_duration(const std::string& text) {
  try {
    parse_duration(text);
    return "";
  } catch (const BadValue& error) {
    return in_quotes(text) + " " + error.what();
  }
}

}  // namespace

void add_sim_metadata(CLI::App& sim, CommandLine& line) {
  MetadataLine& metadata = line.metadata;
  CLI::App* const command =
      sim.add_subcommand("metadata", "Have metadata of a SIM written to the API, and wait until it has them");
  command->add_option("sim", line.sim_line.sim, "The SIM's id or ICCID")
      ->required()
      ->check(not_empty)
      ->type_name("SIM|ICCID");
  command->add_option("changes", metadata.changes, "Set KEY to the text VALUE, or to a JSON value by KEY:=JSON")
      ->type_name("KEY=VALUE");
  command->add_option("--remove", metadata.remove, "Remove this key")
      ->allow_extra_args(false)
      ->check(not_empty)
      ->type_name("KEY");
  CLI::Option* const wait =
      command
          ->add_option_function<std::string>(
              "--wait", [&metadata](const std::string& text) { metadata.wait = parse_duration(text); },
              "How long to wait for the answer, such as 2m; otherwise 30s")
          ->check(is_duration)
          ->type_name("DURATION");
  command->add_flag("--no-wait", metadata.no_wait, "Ask for it, and leave")->excludes(wait);
  command->add_option("--project", line.project, "The SIM's project")->type_name("P");
  add_output_option(*command, line.output);
  command->callback([&line] {
    if (line.metadata.changes.empty() && line.metadata.remove.empty()) {
      throw CLI::ValidationError("give KEY=VALUE or --remove KEY; 'simsyncd sim get' shows the metadata there are");
    }
  });
}

CLI::App* add_metadata(CLI::App& app, CommandLine& line) {
  CLI::App* const metadata = app.add_subcommand("metadata", "Metadata of many SIMs");
  metadata->require_subcommand(1);
  CLI::App* const import = metadata->add_subcommand("import", "Have the metadata in a CSV file written to the API");
  import
      ->add_option("file", line.metadata.file,
                   "A CSV with a header: a column sim_id or iccid names the SIM, each other is a key; - is "
                   "standard input")
      ->required()
      ->check(not_empty)
      ->type_name("FILE");
  import->add_option("--key", line.metadata.keys, "Only this column is a key; may be given again")
      ->allow_extra_args(false)
      ->check(not_empty)
      ->type_name("COLUMN");
  import->add_flag("--dry-run", line.dry_run, "Say what would differ from the mirror, and ask for nothing");
  import->add_flag("--remove-empty", line.metadata.remove_empty,
                   "An empty cell removes the key; otherwise it leaves it as it is");
  import->add_option("--project", line.project, "Only SIMs of this project")->type_name("P");
  add_output_option(*import, line.output);
  return metadata;
}

}  // namespace simsync
