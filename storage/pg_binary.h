// Arrays in PostgreSQL's binary form (array_recv), for the parameters of the batch statements: no quoting here and no
// parsing there, which is a third of what a batch costs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/sim.h"

namespace simsync {

// The types' ids of pg_type, which are the same in every PostgreSQL.
enum class ElementType : std::uint32_t { int8 = 20, text = 25, timestamptz = 1184, jsonb = 3802 };

class BinaryArray {
 public:
  explicit BinaryArray(ElementType type);

  // Text or JSON. U+0000 becomes U+FFFD, since PostgreSQL cannot hold it.
  void append(std::string_view element);
  void append(TimePoint time);
  void append(std::int64_t number);
  // The parameter's bytes; the array is used up.
  [[nodiscard]] std::string take();

 private:
  ElementType type_;
  std::uint32_t count_ = 0;
  std::string bytes_;
};

// A single time in the same form.
std::string binary_time(TimePoint time);

}  // namespace simsync
