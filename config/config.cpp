#include "config/config.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace simsync {

std::uint64_t DisappearanceLimit::of(std::uint64_t present) const {
  if (!(value > 0)) return 0;  // also for a NaN: believe nothing
  if (!is_percent) {
    // 2^64 is the first double that no longer fits, and casting it would be undefined.
    constexpr double kTooLarge = 18446744073709551616.0;
    return value >= kTooLarge ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(value);
  }
  if (value >= 100) return present;
  // Multiplied before divided, and with a hair less: 7% of 100 is 7, not 8 because of 7.0000000000000009.
  const long double share = static_cast<long double>(present) * value / 100;
  const long double rounded_up = std::ceil(share * (1 - 1e-12L));
  return std::min(present, static_cast<std::uint64_t>(rounded_up));
}

}  // namespace simsync
