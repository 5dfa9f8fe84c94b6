// A SIM as the mirror holds it: every field of the API's resource (sims-reference.txt, "The Sim resource"), text
// as it came, ready for PostgreSQL (no U+0000, no lone surrogate; product.md, promise 7).
#pragma once

#include <chrono>
#include <string>

namespace simsync {

// Wall-clock time in UTC with PostgreSQL's resolution.
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

inline TimePoint wall_clock() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

struct Sim {
  std::string id;  // never empty
  std::string iccid;
  std::string provider;
  std::string type;             // "eSIM", "pSIM", or a value that is new to us
  std::string status;           // "inactive", "active", "retired", or a value that is new to us
  std::string metadata = "{}";  // JSON text of an object; the database compares it by value, not by spelling
  std::string extra = "{}";     // JSON text of an object: the resource's fields that this version does not know
  TimePoint created_at{};

  bool operator==(const Sim&) const = default;
};

// A SIM and when it was like that. The API's answer was made at some moment between the two times, so the
// value is confirmed for asked_at and known by observed_at.
struct SimReading {
  Sim sim;
  TimePoint asked_at{};     // the request left
  TimePoint observed_at{};  // its answer was complete
};

}  // namespace simsync
