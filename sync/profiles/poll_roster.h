// Who is polled, and what is known of each profile: some 60 bytes a profile with the table that finds it by its SIM's
// id. Refuses to know when somebody is due (poll_schedule.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/profile.h"
#include "sync/profiles/poll_clock.h"
#include "sync/profiles/poll_intervals.h"
#include "sync/profiles/short_id.h"
#include "sync/walk/sim_key.h"

namespace simsync {

struct PolledProfile {
  ShortId id;
  std::uint16_t updated_high = 0;  // the API's updatedAt in milliseconds: 16 bits, and 32 further down
  Tick due = 0;
  Tick confirmed = 0;  // when the last answer was asked for (wall clock); 0: none yet
  Tick moved = 0;      // when something last happened to it, as far as is known (wall clock)
  std::uint32_t updated_low = 0;
  std::uint32_t status : 8 = 0;    // PollRoster::kUnknown, kUncommon, or a number of its table
  std::uint32_t step : 6 = 0;      // of `due`
  std::uint32_t natural : 6 = 0;   // what the step would be if the budget were as small as can be
  std::uint32_t failures : 4 = 0;  // in a row
  std::uint32_t used : 1 = 0;
  std::uint32_t asked : 1 = 0;    // given out, and not answered yet
  std::uint32_t leaving : 1 = 0;  // not on the roster any more; kept until its answer comes
  std::uint32_t unsaved : 1 = 0;  // confirmed since the database was told
  std::uint32_t listed : 1 = 0;   // the roster that is being read named it
  std::uint32_t fresh : 1 = 0;    // came with that roster
  std::uint32_t active : 1 = 0;   // its SIM is
  std::uint32_t retired : 1 = 0;  // its SIM is
};

static_assert(sizeof(PolledProfile) == 44);

class PollRoster {
 public:
  using Slot = std::uint32_t;
  static constexpr std::uint8_t kUnknown = 0;     // not known what the database holds
  static constexpr std::uint8_t kUncommon = 255;  // not kept: a status beyond those that are numbered, an odd updatedAt

  [[nodiscard]] PolledProfile& at(Slot slot) { return profiles_[slot]; }
  [[nodiscard]] const PolledProfile& at(Slot slot) const { return profiles_[slot]; }
  [[nodiscard]] std::size_t size() const { return used_; }
  // Slots are below this; those whose `used` is false are free.
  [[nodiscard]] Slot end() const { return static_cast<Slot>(profiles_.size()); }

  [[nodiscard]] std::optional<Slot> find(std::string_view sim_id) const;
  // Its slot, and whether it is new. Throws std::length_error beyond 67 million.
  std::pair<Slot, bool> find_or_add(std::string_view sim_id);
  void remove(Slot slot);
  [[nodiscard]] std::string id_of(Slot slot) const;

  // What is known: status and updatedAt, exactly. What cannot be kept exactly (an updatedAt that is no whole
  // millisecond) is not known.
  void know(Slot slot, const EsimProfile& profile);
  [[nodiscard]] bool knows(Slot slot, const EsimProfile& profile) const;
  // The same by a fingerprint of 48 bits where it cannot be kept exactly: enough to say how often to ask.
  [[nodiscard]] bool resembles(Slot slot, const EsimProfile& profile) const;
  // nullopt where it is not known.
  [[nodiscard]] std::optional<EsimProfile> known(Slot slot) const;
  [[nodiscard]] bool is_deleted(Slot slot) const { return at(slot).status != kUnknown && at(slot).status == deleted_; }

 private:
  // Of an entry of the table: the slot, counted from 1, and above it some bits of the fingerprint, so that hardly any
  // profile is looked at but the one that is wanted. 0: empty.
  using Entry = std::uint32_t;
  static constexpr unsigned kSlotBits = 26;

  struct Home {
    std::size_t place = 0;
    Entry tag = 0;
  };
  static Slot slot_of(Entry entry) { return (entry & ((1U << kSlotBits) - 1)) - 1; }
  [[nodiscard]] Home home_of(std::string_view sim_id, const std::optional<ShortId>& id) const;
  [[nodiscard]] Home home_of(Slot slot) const;
  [[nodiscard]] std::size_t after(std::size_t place) const { return place + 1 == table_.size() ? 0 : place + 1; }
  // Where it stands in the table, or would.
  [[nodiscard]] std::size_t place_of(std::string_view sim_id, const std::optional<ShortId>& id, Home home) const;
  Slot new_slot(std::string_view sim_id, const std::optional<ShortId>& id);
  [[nodiscard]] bool is(Slot slot, std::string_view sim_id, const std::optional<ShortId>& id) const;
  void grow();
  std::uint8_t number_of(const std::string& status);

  SimHasher hasher_{random_seed()};
  std::vector<PolledProfile> profiles_;
  std::vector<Slot> free_;
  std::vector<Entry> table_;  // open addressing, by the id's fingerprint
  std::vector<std::string> long_ids_;
  std::vector<std::uint32_t> free_long_ids_;
  std::vector<std::string> statuses_;  // number - 1
  std::uint8_t deleted_ = kUnknown;    // number of `deleted`, once it was seen
  std::size_t used_ = 0;
};

}  // namespace simsync
