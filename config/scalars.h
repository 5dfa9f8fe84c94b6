// Reads single values: text in, a value of the right type and unit out. Pure but for the environment. Internal to
// config/, but for durations and the words of complaints, which the command line shares.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace simsync {

// What is wrong with a value and what to write instead, as the end of a sentence whose subject is the value. It
// never repeats the value: it may have come from the environment, and be a secret in the wrong place.
class BadValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Whether `name` can be an environment variable's: letters, digits and '_', no digit first.
bool is_variable_name(std::string_view name);

// All below throw BadValue.

// Replaces ${NAME} by the environment variable NAME and $$ by $. Any other $ stays. What comes from the environment
// is not looked at again.
std::string expand_environment(std::string_view text);

// "1h30m" and the like: whole numbers with ms, s, m, h or d, the larger unit first, at most 366d in all.
Milliseconds parse_duration(std::string_view text);

// "3y", "26w" or "400d": a whole number of years, weeks or days, from 1d to 100y. A year counts 366 days, so that none
// is cut short.
Milliseconds parse_keep(std::string_view text);

// A whole number in decimal digits, from `smallest` to `largest`.
std::uint64_t parse_count(std::string_view text, std::uint64_t smallest, std::uint64_t largest);

// A decimal number without exponent, from `smallest` to `largest`.
double parse_decimal(std::string_view text, double smallest, double largest);

// "5%" or "0.5%", from 0 to 100; or a count of SIMs.
DisappearanceLimit parse_disappearance_limit(std::string_view text);

// Only true and false: YAML 1.1's yes, no, on and off are text to YAML 1.2.
bool parse_bool(std::string_view text);

// A name for things of the configuration: 1–100 of letters, digits, '-', '_' and, if `dots`, '.'.
std::string parse_name(std::string_view text, bool dots);

// The largest number of SIMs that any count here may speak of.
inline constexpr std::uint64_t kMostSims = 1'000'000'000;

// The word of `known` that `word` was most likely meant to be; empty where none is near. One letter in three, and
// always one, may be wrong, missing, too many or swapped with its neighbour.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// "a, b, c"
std::string joined(const std::vector<std::string>& words);

// "; did you mean x?" where one is near, else "; known here: a, b, c".
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace simsync
