// The faults that a test has ordered, and which of them meets a request. A fault fires at most once for a request; the
// first rule in the order of their making wins. Refuses to carry them out: fault_effects.h does.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/random.h"
#include "tests/simulator/route.h"

namespace simsync::simulator {

enum class FaultKind {
  // Instead of the answer.
  status,
  html,
  redirect,
  gone_cursor,
  // The right answer, delivered wrongly.
  reset,
  close,
  truncate,
  half_json,
  hang,
  slow_body,
  slow_header,
  endless_body,
  wrong_object,
  // Another content.
  half_list,
  duplicate_item,
  empty_page,
  repeat_cursor,
  empty_list,
  bad_item,
  bad_utf8,
  deep_nesting,
  nul_and_surrogates,
  unknown_status,
};

std::optional<FaultKind> fault_named(std::string_view name);
std::string_view fault_name(FaultKind kind);

// What a test orders; immutable once added.
struct FaultOrder {
  FaultKind kind = FaultKind::status;
  std::optional<Endpoint> where;  // none: any
  std::string project;            // empty: any
  double probability = 1;
  std::optional<std::uint64_t> times;
  std::uint64_t skip = 0;
  // Parameters of single faults.
  int status = 500;
  std::string retry_after;
  std::string location = "http://127.0.0.1:1/elsewhere";
  std::string level;  // wrong_object: "item", else the answer's own
  double seconds = 3600;
  double interval_seconds = 0.5;
  double bytes_per_second = 10;
  std::uint64_t bytes = 1ULL << 30;
  std::uint64_t count = 1;
  std::uint64_t depth = 1000;
  bool applied = false;  // the operation takes effect although its answer is replaced
};

// What a rule is asked about.
struct FaultSubject {
  Endpoint endpoint = Endpoint::other;
  std::string_view project;
  bool has_cursor = false;
};

class Faults {
 public:
  using Chosen = std::shared_ptr<const FaultOrder>;
  struct Count {
    Chosen order;
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;
  };

  explicit Faults(std::uint64_t seed) : random_(seed) {}

  // All are thread-safe.
  void add(FaultOrder order);
  void clear();
  std::vector<Count> counts() const;
  bool any() const { return any_.load(std::memory_order_relaxed); }
  Chosen choose(const FaultSubject& subject);
  // The chosen fault could not be carried out (no item to break): it has not fired after all.
  void give_back(const Chosen& chosen);

 private:
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::vector<Count> rules_;
  Random random_;
};

}  // namespace simsync::simulator
