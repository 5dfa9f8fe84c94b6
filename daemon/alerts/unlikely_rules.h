// Rules that can never match as far as the API's reference goes: a misspelt status, a provider that is not polled. They
// are no errors, for the API may say tomorrow what it does not say today; whoever wrote them is told at the start.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace simsync {

struct UnlikelyRule {
  std::string rule;
  std::string why;  // one line, with the nearest known word
};

// In the order of the rules. Pure.
std::vector<UnlikelyRule> unlikely_rules(const Config& config);

}  // namespace simsync
