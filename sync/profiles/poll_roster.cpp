#include "sync/profiles/poll_roster.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace simsync {
namespace {

constexpr std::size_t kFewest = 64;
constexpr char kDeleted[] = "deleted";

// Milliseconds that fit into 48 bits; nullopt for any other time.
std::optional<std::uint64_t> milliseconds_of(TimePoint time) {
  const auto microseconds = time.time_since_epoch().count();
  if (microseconds < 0 || microseconds % 1000 != 0) return std::nullopt;
  const auto count = static_cast<std::uint64_t>(microseconds / 1000);
  if (count >> 48U != 0) return std::nullopt;
  return count;
}

constexpr std::uint64_t kKeptBits = (std::uint64_t{1} << 48U) - 1;

// updatedAt in milliseconds, or of an uncommon profile its fingerprint.
std::uint64_t kept_of(const PolledProfile& profile) {
  return std::uint64_t{profile.updated_high} << 32U | profile.updated_low;
}

std::uint64_t fingerprint_of(const EsimProfile& profile) {
  const auto updated = static_cast<std::uint64_t>(profile.updated_at.time_since_epoch().count());
  return std::hash<std::string>{}(profile.status) ^ (updated * 0x9E3779B97F4A7C15U);
}

}  // namespace

// By the short id where there is one: it need not be taken apart to find its place again.
PollRoster::Home PollRoster::home_of(std::string_view sim_id, const std::optional<ShortId>& id) const {
  const std::uint64_t fingerprint = hasher_.id(id ? id->bytes() : sim_id).low;
  return {((fingerprint >> 32U) * table_.size()) >> 32U, static_cast<Entry>(fingerprint) << kSlotBits};
}

PollRoster::Home PollRoster::home_of(Slot slot) const {
  const ShortId& id = profiles_[slot].id;
  const auto number = id.number();
  return number ? home_of(long_ids_[*number], std::nullopt) : home_of({}, id);
}

bool PollRoster::is(Slot slot, std::string_view sim_id, const std::optional<ShortId>& id) const {
  const ShortId& there = profiles_[slot].id;
  if (id) return there == *id;
  const auto number = there.number();
  return number && long_ids_[*number] == sim_id;
}

std::size_t PollRoster::place_of(std::string_view sim_id, const std::optional<ShortId>& id, Home home) const {
  const auto is_it = [&](Entry entry) {
    return (entry >> kSlotBits) == (home.tag >> kSlotBits) && is(slot_of(entry), sim_id, id);
  };
  while (table_[home.place] != 0 && !is_it(table_[home.place])) home.place = after(home.place);
  return home.place;
}

std::optional<PollRoster::Slot> PollRoster::find(std::string_view sim_id) const {
  if (table_.empty()) return std::nullopt;
  const std::optional<ShortId> id = ShortId::of(sim_id);
  const Entry found = table_[place_of(sim_id, id, home_of(sim_id, id))];
  return found == 0 ? std::nullopt : std::optional{slot_of(found)};
}

std::pair<PollRoster::Slot, bool> PollRoster::find_or_add(std::string_view sim_id) {
  if (used_ + 1 > table_.size() / 8 * 7) grow();
  const std::optional<ShortId> id = ShortId::of(sim_id);
  const Home home = home_of(sim_id, id);
  Entry& there = table_[place_of(sim_id, id, home)];
  if (there != 0) return {slot_of(there), false};
  const Slot slot = new_slot(sim_id, id);
  there = home.tag | (slot + 1);
  return {slot, true};
}

PollRoster::Slot PollRoster::new_slot(std::string_view sim_id, const std::optional<ShortId>& id) {
  Slot slot = end();
  if (free_.empty()) {
    if (slot + 1 >= 1U << kSlotBits) throw std::length_error("more eSIM profiles than can be polled");
    profiles_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
    profiles_[slot] = {};
  }
  PolledProfile& profile = profiles_[slot];
  profile.used = true;
  ++used_;
  if (id) {
    profile.id = *id;
  } else if (free_long_ids_.empty()) {
    profile.id = ShortId::elsewhere(static_cast<std::uint32_t>(long_ids_.size()));
    long_ids_.emplace_back(sim_id);
  } else {
    profile.id = ShortId::elsewhere(free_long_ids_.back());
    long_ids_[free_long_ids_.back()] = sim_id;
    free_long_ids_.pop_back();
  }
  return slot;
}

void PollRoster::remove(Slot slot) {
  std::size_t hole = home_of(slot).place;
  while (slot_of(table_[hole]) != slot) hole = after(hole);
  // Whoever stands behind moves up where the hole is on its way from home.
  for (std::size_t place = after(hole); table_[place] != 0; place = after(place)) {
    const std::size_t home = home_of(slot_of(table_[place])).place;
    const std::size_t from_home = (place + table_.size() - home) % table_.size();
    const std::size_t from_hole = (place + table_.size() - hole) % table_.size();
    if (from_home < from_hole) continue;
    table_[hole] = table_[place];
    hole = place;
  }
  table_[hole] = 0;
  if (const auto number = profiles_[slot].id.number()) {
    long_ids_[*number].clear();
    free_long_ids_.push_back(*number);
  }
  profiles_[slot] = {};
  free_.push_back(slot);
  --used_;
}

std::string PollRoster::id_of(Slot slot) const {
  const ShortId& id = profiles_[slot].id;
  const auto number = id.number();
  return number ? long_ids_[*number] : id.text();
}

void PollRoster::grow() {
  const std::size_t size = std::max(kFewest, table_.size() + table_.size() / 4);
  table_.assign(0, 0);
  table_.shrink_to_fit();
  table_.resize(size);
  for (Slot slot = 0; slot < end(); ++slot) {
    if (!profiles_[slot].used) continue;
    Home home = home_of(slot);
    while (table_[home.place] != 0) home.place = after(home.place);
    table_[home.place] = home.tag | (slot + 1);
  }
}

std::uint8_t PollRoster::number_of(const std::string& status) {
  const auto found = std::ranges::find(statuses_, status);
  if (found != statuses_.end()) return static_cast<std::uint8_t>(found - statuses_.begin() + 1);
  if (statuses_.size() + 1 == kUncommon) return kUncommon;
  statuses_.push_back(status);
  if (status == kDeleted) deleted_ = static_cast<std::uint8_t>(statuses_.size());
  return static_cast<std::uint8_t>(statuses_.size());
}

void PollRoster::know(Slot slot, const EsimProfile& profile) {
  PolledProfile& there = profiles_[slot];
  const auto updated = milliseconds_of(profile.updated_at);
  there.status = updated ? number_of(profile.status) : kUncommon;
  const std::uint64_t kept = there.status == kUncommon ? fingerprint_of(profile) : *updated;
  there.updated_low = static_cast<std::uint32_t>(kept);
  there.updated_high = static_cast<std::uint16_t>(kept >> 32U);
}

bool PollRoster::resembles(Slot slot, const EsimProfile& profile) const {
  if (profiles_[slot].status != kUncommon) return knows(slot, profile);
  return kept_of(profiles_[slot]) == (fingerprint_of(profile) & kKeptBits);
}

bool PollRoster::knows(Slot slot, const EsimProfile& profile) const {
  const PolledProfile& there = profiles_[slot];
  if (there.status == kUnknown || there.status == kUncommon) return false;
  return statuses_[there.status - 1U] == profile.status && milliseconds_of(profile.updated_at) == kept_of(there);
}

std::optional<EsimProfile> PollRoster::known(Slot slot) const {
  const PolledProfile& there = profiles_[slot];
  if (there.status == kUnknown || there.status == kUncommon) return std::nullopt;
  const TimePoint updated{std::chrono::milliseconds{static_cast<std::int64_t>(kept_of(there))}};
  return EsimProfile{id_of(slot), statuses_[there.status - 1U], updated};
}

}  // namespace simsync
