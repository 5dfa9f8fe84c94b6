#include "daemon/lpa_code.h"

#include <array>

namespace simsync {

// LPA:1$ADDRESS$MATCHING-ID, and then optionally $OID-OF-THE-SM-DP+$1.
std::optional<LpaCode> parts_of_lpa(std::string_view text) {
  constexpr std::string_view kBegin = "LPA:1$";
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  std::array<std::string_view, 4> fields;
  std::size_t count = 0;
  while (true) {
    const std::size_t end = text.find('$');
    if (count == fields.size()) return std::nullopt;
    fields[count++] = text.substr(0, end);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (count < 2 || fields[0].empty()) return std::nullopt;
  return LpaCode{fields[0], fields[1], fields[3] == "1"};
}

}  // namespace simsync
