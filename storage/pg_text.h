// Values in PostgreSQL's text form, for parameters (never for statements).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/sim.h"

namespace simsync {

// An array literal, built element by element: {"a","b"}. U+0000 becomes U+FFFD, since PostgreSQL cannot hold it and
// libpqxx 6 would cut the parameter there.
class TextArray {
 public:
  void append(std::string_view element);
  // The literal; the array is empty again.
  [[nodiscard]] std::string take();

 private:
  std::string text_ = "{";
};

// `2026-01-31 23:59:59.000001+00`; PostgreSQL reads it the same at any DateStyle and time zone.
std::string to_pg(TimePoint time);

// From the microseconds since 1970 that our statements return.
TimePoint from_epoch(std::int64_t microseconds);

}  // namespace simsync
