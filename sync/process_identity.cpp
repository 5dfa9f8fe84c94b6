#include "sync/process_identity.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace simsync {
namespace {

std::string content_of(const std::string& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string boot_id() {
  const std::string id = content_of("/proc/sys/kernel/random/boot_id");
  return id.substr(0, id.find('\n'));
}

// proc(5): the 22nd field of stat; the second one, a name in parentheses, may hold anything. Empty: no such process.
std::string start_of(const std::string& process_id) {
  const std::string stat = content_of("/proc/" + process_id + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields{stat.substr(name_end + 1)};
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return field;
}

}  // namespace

std::string this_process() {
  const std::string id = std::to_string(getpid());
  return boot_id() + ' ' + id + ' ' + start_of(id);
}

std::optional<bool> still_runs(const std::string& process) {
  std::istringstream parts{process};
  std::string boot, id, start;
  parts >> boot >> id >> start;
  if (boot.empty() || boot != boot_id()) return std::nullopt;
  return !start.empty() && id.find_first_not_of("0123456789") == std::string::npos && start_of(id) == start;
}

}  // namespace simsync
