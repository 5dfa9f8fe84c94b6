#include <iostream>

#include "daemon/commands/commands.h"
#include "storage/migrator.h"
#include "storage/postgres_inventory.h"

namespace simsync {

ExitCode approve_command(const CommandLine& line, const Config& config) {
  require_current_schema(config.database.url);
  const std::unique_ptr<InventoryStore> store = make_postgres_store_factory(config.database.url)->open();
  const std::string walk = "walk " + std::to_string(line.walk);
  switch (store->approve(line.walk)) {
    case ApproveOutcome::approved:
      std::cout << walk << " approved: the next complete walk of its project carries it out, once\n";
      return ExitCode::done;
    case ApproveOutcome::no_such_walk:
      std::cerr << "simsyncd: there is no " << walk << "; 'simsyncd status' shows which one held something back\n";
      break;
    case ApproveOutcome::nothing_held_back:
      std::cerr << "simsyncd: " << walk << " held nothing back, so there is nothing to approve\n";
      break;
    case ApproveOutcome::outdated:
      std::cerr << "simsyncd: " << walk << " is settled: a later walk was complete; nothing is held back any more\n";
      break;
  }
  return ExitCode::failed;
}

}  // namespace simsync
