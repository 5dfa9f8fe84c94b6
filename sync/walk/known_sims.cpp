#include "sync/walk/known_sims.h"

#include <algorithm>

namespace simsync {
namespace {

constexpr std::size_t kSmallest = 1024;
// Between 80 and 90 % full once it has grown: 36 to 40 bytes a SIM.
constexpr double kFullest = 0.9;
constexpr double kGrowth = 1.12;
constexpr double kReserved = 0.85;
constexpr std::size_t kLandmarks = 8192;
constexpr std::size_t kAhead = 16;  // entries to fetch into the cache ahead of their turn

constexpr TimePoint kEpoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

std::uint32_t seconds_of(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time - kEpoch).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, UINT32_MAX));
}

constexpr std::uint64_t kHighBits = (std::uint64_t{1} << 61U) - 1;

}  // namespace

KnownSims::KnownSims(std::uint64_t seed) : hasher_(seed), table_(kSmallest), created_(kSmallest) {}

std::size_t KnownSims::place_of(const IdKey& id) const {
  std::size_t place = home_of(id);
  const std::uint64_t high = id.high & kHighBits;
  while (!empty(table_[place]) && (table_[place].low != id.low || table_[place].high != high)) {
    if (++place == table_.size()) place = 0;
  }
  return place;
}

KnownSims::Entry& KnownSims::entry_of(const IdKey& id) {
  std::size_t place = place_of(id);
  if (!empty(table_[place])) return table_[place];
  if (static_cast<double>(used_ + 1) > static_cast<double>(table_.size()) * kFullest) {
    resize(static_cast<std::size_t>(static_cast<double>(table_.size()) * kGrowth));
    place = place_of(id);
  }
  ++used_;
  Entry& entry = table_[place];
  entry.low = id.low;
  entry.high = id.high & kHighBits;
  if (empty(entry)) entry.high = 1;  // one id in 2^125
  return entry;
}

void KnownSims::resize(std::size_t capacity) {
  std::vector<Entry> old(capacity);
  old.swap(table_);
  std::vector<std::uint32_t> old_created(capacity);
  old_created.swap(created_);
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (empty(old[i])) continue;
    const std::size_t place = place_of({old[i].low, old[i].high});
    table_[place] = old[i];
    created_[place] = old_created[i];
  }
  by_age_valid_ = false;
}

void KnownSims::reserve(std::uint64_t sims) {
  const auto capacity = static_cast<std::size_t>(static_cast<double>(sims) / kReserved);
  if (capacity > table_.size()) resize(capacity);
}

void KnownSims::set_present(Entry& entry, bool present) {
  if ((entry.present != 0) == present) return;
  entry.present = present ? 1 : 0;
  present ? ++present_ : --present_;
  if (entry.seen != 0) present ? ++seen_present_ : --seen_present_;
  by_age_stale_ = true;
}

void KnownSims::set_seen(Entry& entry, bool seen) {
  if ((entry.seen != 0) == seen) return;
  entry.seen = seen ? 1 : 0;
  seen ? ++seen_ : --seen_;
  if (entry.present != 0) seen ? ++seen_present_ : --seen_present_;
}

void KnownSims::load(const Sim& sim, bool seen) {
  const SimKey key = hasher_.of(sim);
  Entry& entry = entry_of(key.id);
  entry.content = key.content;
  entry.text = 0;
  created_of(entry) = seconds_of(sim.created_at);
  entry.on_its_way = 0;
  set_present(entry, true);
  set_seen(entry, seen);
  sample(key.id, sim);
}

void KnownSims::stored(const SimKey& key, const Sim& sim) {
  Entry& entry = entry_of(key.id);
  // Another reading of the SIM may have been sent since: what is stored then is known when that one is.
  if (entry.content == key.content) entry.on_its_way = 0;
  const std::uint32_t created = seconds_of(sim.created_at);
  if (created_of(entry) != created) by_age_stale_ = true;
  created_of(entry) = created;
  if (entry.present == 0) sample(key.id, sim);
  set_present(entry, true);
}

void KnownSims::doubt(const IdKey& id) {
  const std::size_t place = place_of(id);
  if (table_[place].present == 0) strangers_.emplace(id.low, id.high);
  if (empty(table_[place])) return;
  table_[place].content = 0;
  table_[place].text = 0;
  table_[place].on_its_way = 0;
}

void KnownSims::doubt_all() {
  for (Entry& entry : table_) {
    entry.content = 0;
    entry.text = 0;
    entry.on_its_way = 0;
  }
}

bool KnownSims::is_present(const IdKey& id) const {
  return table_[place_of(id)].present != 0;
}

void KnownSims::gone(const std::string& sim_id) {
  const IdKey id = hasher_.id(sim_id);
  const std::size_t place = place_of(id);
  if (empty(table_[place])) return;
  doubt(id);
  set_present(table_[place], false);
  sample_.erase(id.low);
}

void KnownSims::begin_walk() {
  if (by_age_stale_) by_age_valid_ = false;
  for (Entry& entry : table_) {
    entry.seen = 0;
    if (entry.on_its_way == 0) continue;
    entry.on_its_way = 0;  // it never arrived
    entry.content = 0;
    entry.text = 0;
  }
  seen_ = 0;
  seen_present_ = 0;
}

KnownSims::Sight KnownSims::see(const SimKey& key, TimePoint created_at) {
  Entry& entry = entry_of(key.id);
  Sight sight;
  sight.first = entry.seen == 0;
  set_seen(entry, true);
  if (key.same_text) {
    // It was not parsed. Should another reading of it be on its way by now, which is the newer one is not known.
    if (entry.text != key.text || entry.on_its_way != 0) doubt(key.id);
    return sight;
  }
  sight.to_write = entry.content != key.content || entry.on_its_way != 0;
  if (sight.to_write || key.text != 0) entry.text = key.text;
  if (sight.to_write) {
    entry.content = key.content;
    entry.on_its_way = 1;
    if (entry.present == 0) created_of(entry) = seconds_of(created_at);
  }
  return sight;
}

std::optional<TimePoint> KnownSims::created_if_same(const IdKey& id, std::uint64_t text) const {
  const std::size_t place = place_of(id);
  const Entry& entry = table_[place];
  if (entry.text != text || entry.on_its_way != 0 || entry.present == 0) return std::nullopt;
  return kEpoch + std::chrono::seconds{created_[place]};
}

bool KnownSims::seen(const IdKey& id) const {
  const Entry& entry = table_[place_of(id)];
  return !empty(entry) && entry.seen != 0;
}

// Made when first needed: a short walk never needs it.
void KnownSims::order() {
  if (by_age_valid_) return;
  std::vector<std::uint64_t> keys;
  keys.reserve(present_);
  for (std::size_t place = 0; place < table_.size(); ++place) {
    const Entry& entry = table_[place];
    if (entry.present != 0) keys.push_back((static_cast<std::uint64_t>(~created_[place]) << 32U) | place);
  }
  std::sort(keys.begin(), keys.end());
  by_age_.resize(keys.size());
  std::transform(keys.begin(), keys.end(), by_age_.begin(),
                 [](std::uint64_t key) { return static_cast<std::uint32_t>(key); });
  by_age_valid_ = true;
  by_age_stale_ = false;
}

void KnownSims::unseen_between(TimePoint from, TimePoint to, std::vector<IdKey>& out) {
  order();
  const std::uint32_t oldest = seconds_of(from);
  auto at = std::lower_bound(by_age_.begin(), by_age_.end(), seconds_of(to),
                             [this](std::uint32_t place, std::uint32_t time) { return created_[place] > time; });
  for (; at != by_age_.end() && created_[*at] >= oldest; ++at) {
    if (by_age_.end() - at > static_cast<std::ptrdiff_t>(kAhead)) __builtin_prefetch(&table_[at[kAhead]]);
    const Entry& entry = table_[*at];
    if (entry.seen == 0 && entry.present != 0) out.push_back({entry.low, entry.high});
  }
}

void KnownSims::unseen_strangers(std::vector<IdKey>& out) {
  std::erase_if(strangers_, [this](const auto& id) { return is_present({id.first, id.second}); });
  for (const auto& [low, high] : strangers_) {
    if (!seen({low, high})) out.push_back({low, high});
  }
}

void KnownSims::see_between(TimePoint from, TimePoint to) {
  const std::uint32_t oldest = seconds_of(from);
  const std::uint32_t newest = seconds_of(to);
  for (std::size_t place = 0; place < table_.size(); ++place) {
    Entry& entry = table_[place];
    if (entry.present != 0 && created_[place] >= oldest && created_[place] <= newest) set_seen(entry, true);
  }
}

void KnownSims::unsee(const IdKey& id) {
  Entry& entry = table_[place_of(id)];
  if (!empty(entry)) set_seen(entry, false);
}

// One in 2^shift by the fingerprint, which is chance: evenly spread over the list, whatever the ids look like.
void KnownSims::sample(const IdKey& id, const Sim& sim) {
  const auto taken = [this](std::uint64_t low) { return (low & ((std::uint64_t{1} << sample_shift_) - 1)) == 0; };
  if (!taken(id.low)) return;
  sample_[id.low] = {sim.id, sim.created_at};
  while (sample_.size() > kLandmarks) {
    ++sample_shift_;
    std::erase_if(sample_, [&taken](const auto& entry) { return !taken(entry.first); });
  }
}

std::vector<Landmark> KnownSims::landmarks() const {
  std::vector<Landmark> all;
  all.reserve(sample_.size());
  for (const auto& [low, landmark] : sample_) all.push_back(landmark);
  std::sort(all.begin(), all.end(), [](const Landmark& one, const Landmark& other) {
    return one.created_at != other.created_at ? one.created_at > other.created_at : one.id < other.id;
  });
  return all;
}

}  // namespace simsync
