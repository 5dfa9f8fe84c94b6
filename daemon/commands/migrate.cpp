#include <iostream>

#include "daemon/commands/commands.h"
#include "storage/migrator.h"

namespace simsync {

ExitCode migrate_command(const Config& config) {
  const std::vector<std::string> applied = migrate(config.database.url);
  for (const std::string& name : applied) std::cout << "applied " << name << '\n';
  std::cout << "schema is at version " << schema_state(config.database.url).version << '\n';
  const std::string advice = reader_advice(config.database.url);
  if (!advice.empty()) std::cout << advice << '\n';
  return ExitCode::done;
}

}  // namespace simsync
