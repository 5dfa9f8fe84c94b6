// A provider's list for model tests: newest first, pages by cursor, SIMs born at its head and deleted anywhere. Fast
// enough for hundreds of thousands of lists: a SIM's number is in its id, and deleted ones are passed over in one step.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/api/sim_api.h"
#include "sync/walk/sim_key.h"

namespace simsync {

// What can change about a SIM: its status and its metadata.
inline constexpr std::uint8_t kContents = 12;

class SimulatedList {
 public:
  using Number = std::uint32_t;  // SIMs in the order of their creation

  explicit SimulatedList(std::uint64_t seed) : hasher_(seed) {}

  [[nodiscard]] const SimHasher& hasher() const { return hasher_; }
  [[nodiscard]] Number size() const { return static_cast<Number>(items_.size()); }  // the deleted ones included
  [[nodiscard]] bool exists(Number number) const { return items_[number].exists; }
  [[nodiscard]] std::uint8_t content(Number number) const { return items_[number].content; }
  [[nodiscard]] const Sim& sim(Number number) const { return items_[number].sim; }
  [[nodiscard]] const SimKey& key(Number number) const { return items_[number].key; }

  static Number number_of(const std::string& id) {
    Number number = 0;
    std::from_chars(id.data() + 4, id.data() + id.size(), number);
    return number;
  }
  static std::uint8_t content_of(const Sim& sim) {
    const auto status = std::find(kAllStatuses.begin(), kAllStatuses.end(), sim.status) - kAllStatuses.begin();
    return static_cast<std::uint8_t>(status + 3 * (sim.metadata[5] - '0'));
  }

  // At the head. `second` never decreases.
  void create(int second, unsigned chance) {
    Item item;
    item.sim.id = "sim_" + std::to_string(items_.size());
    item.sim.iccid = "894900";
    item.sim.provider = std::string{'p', static_cast<char>('0' + chance % 3)};
    item.sim.type = chance / 3 % 4 == 0 ? "pSIM" : "eSIM";
    item.sim.created_at = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} + std::chrono::seconds{second};
    items_.push_back(std::move(item));
    newer_.push_back(size());
    set(size() - 1, static_cast<std::uint8_t>(chance / 12 % kContents));
  }

  void set(Number number, std::uint8_t content) {
    Item& item = items_[number];
    item.content = content;
    fill(item.sim, content);
    item.key = hasher_.of(item.sim);
  }
  // The SIM as it is with that content.
  [[nodiscard]] Sim sim_with(Number number, std::uint8_t content) const {
    Sim sim = items_[number].sim;
    fill(sim, content);
    return sim;
  }

  void erase(Number number) {
    if (!exists(number)) return;
    items_[number].exists = false;
    newer_[number + 1] = number;
  }

  // False: the cursor's SIM does not exist.
  bool page(const ListQuery& query, std::size_t most, SimPage& page, std::vector<SimKey>& keys) {
    Number at = size();
    if (!query.after.empty()) {
      at = number_of(query.after);
      if (!exists(at)) return false;
    }
    const bool filtered = !query.type.empty();
    for (at = living_below(at); at > 0; at = living_below(at - 1)) {
      const Item& item = items_[at - 1];
      if (filtered && !listed(item.sim, query)) continue;
      if (page.sims.size() == most) {
        page.more_after = page.sims.back().id;
        break;
      }
      page.sims.push_back(item.sim);
      keys.push_back(item.key);
    }
    return true;
  }

 private:
  struct Item {
    Sim sim;
    SimKey key;
    std::uint8_t content = 0;
    bool exists = true;
  };

  static void fill(Sim& sim, std::uint8_t content) {
    static const std::array<std::string, 4> kMetadata = {R"({"n":0})", R"({"n":1})", R"({"n":2})", R"({"n":3})"};
    sim.status = kAllStatuses[content % 3];
    sim.metadata = kMetadata[content / 3];
  }
  static bool listed(const Sim& sim, const ListQuery& query) {
    return sim.type == query.type && sim.provider == query.providers[0] && sim.status == query.statuses[0];
  }
  // One more than the number of the newest SIM that exists and is older than `number`; 0: none.
  Number living_below(Number number) {
    while (newer_[number] != number) {
      newer_[number] = newer_[newer_[number]];
      number = newer_[number];
    }
    return number;
  }

  SimHasher hasher_;
  std::vector<Item> items_;
  std::vector<Number> newer_{0};  // place n: SIM n - 1, or on the way from it to the next older one that exists
};

}  // namespace simsync
