#include "sync/process_identity.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

namespace simsync {
namespace {

std::string content_of(const std::string& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

// One running kernel, and in it the processes that have numbers in common: a container's are not the machine's. Empty
// where that is hidden.
std::string boot_id() {
  const std::string id = content_of("/proc/sys/kernel/random/boot_id");
  std::array<char, 64> numbers{};
  const ssize_t length = readlink("/proc/self/ns/pid", numbers.data(), numbers.size());
  if (id.empty() || length <= 0) return {};
  return id.substr(0, id.find('\n')) + '/' + std::string(numbers.data(), static_cast<std::size_t>(length));
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

std::string this_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::optional<bool> still_runs(const std::string& process) {
  std::istringstream parts{process};
  std::string boot, id, start;
  parts >> boot >> id >> start;
  if (boot.empty() || boot != boot_id()) return std::nullopt;
  // Where the processes of other users are hidden (proc(5), hidepid), one that is not seen may run.
  if (start_of("1").empty()) return std::nullopt;
  return !start.empty() && id.find_first_not_of("0123456789") == std::string::npos && start_of(id) == start;
}

}  // namespace simsync
