#include "daemon/person.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include "config/printable.h"

namespace simsync {

std::string calling_person() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const bool known = getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  const std::string name = known ? std::string{entry.pw_name} : "user " + std::to_string(getuid());
  return printable(name + "@" + host.data());
}

}  // namespace simsync
