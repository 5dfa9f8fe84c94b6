// What is known of each SIM without asking the database: a fingerprint of its id and of the content that is stored, in
// a flat table of at most 40 bytes a SIM. Beside the content's stands that of the JSON text in which the API last said
// it, so that an unchanged SIM need not even be parsed. It spares the database what did not change, and remembers which
// SIMs the present walk has read. It only ever spares work: a SIM that it does not know, or knows otherwise, is
// compared by the database.
//
// A content counts as stored once its transaction is committed, never when it is merely sent: while a reading is on its
// way, further readings of that SIM are sent, too. Not safe from several threads at once.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sync/walk/sim_key.h"

namespace simsync {

// A SIM that can serve as a cursor.
struct Landmark {
  std::string id;
  TimePoint created_at{};
};

class KnownSims {
 public:
  explicit KnownSims(std::uint64_t seed = random_seed());

  [[nodiscard]] const SimHasher& hasher() const { return hasher_; }

  // ---- what is stored

  // Room for so many SIMs.
  void reserve(std::uint64_t sims);
  // A row of the database, of a SIM that is present.
  void load(const Sim& sim, bool seen = false);
  // A reading was committed: of a SIM that is new here, or with another content than before.
  void stored(const SimKey& key, const Sim& sim);
  // Whatever is stored of the SIM, it is not known here any more; or, where it is none of the present ones, somebody
  // else may have stored it.
  void doubt(const IdKey& id);
  void doubt_all();
  // The SIM was marked missing.
  void gone(const std::string& sim_id);
  // How many SIMs are stored and present.
  [[nodiscard]] std::uint64_t present() const { return present_; }
  [[nodiscard]] bool is_present(const IdKey& id) const;

  // ---- the present walk

  // Forgets what was read.
  void begin_walk();
  struct Sight {
    bool first = false;     // of this walk
    bool to_write = false;  // differs from what is stored, or that is not known
  };
  // The SIM was read. What is to be written counts as on its way until stored() or doubt() says otherwise.
  Sight see(const SimKey& key, TimePoint created_at);
  // Fetches into the cache what see() will look at, some SIMs ahead of its turn.
  void prefetch(const IdKey& id) const {
    const std::size_t home = home_of(id);
    __builtin_prefetch(&table_[home]);
    __builtin_prefetch(&created_[home]);
  }
  // When the SIM was created, to the second, if this is the text of what is stored of it; nullopt where it is not, or
  // where a reading of it is on its way.
  [[nodiscard]] std::optional<TimePoint> created_if_same(const IdKey& id, std::uint64_t text) const;
  [[nodiscard]] bool seen(const IdKey& id) const;
  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  // How many present SIMs were not read.
  [[nodiscard]] std::uint64_t unseen() const { return present_ - seen_present_; }

  // Present SIMs whose creation lies in [from, to], to the second, and that were not read: appended.
  void unseen_between(TimePoint from, TimePoint to, std::vector<IdKey>& out);
  // Those that somebody else may have stored, which are none of the present ones here, and that were not read:
  // appended.
  void unseen_strangers(std::vector<IdKey>& out);
  // All present SIMs created in [from, to] count as read.
  void see_between(TimePoint from, TimePoint to);
  void unsee(const IdKey& id);

  // Some thousand present SIMs, spread evenly over the list as far as chance goes, newest first.
  [[nodiscard]] std::vector<Landmark> landmarks() const;

  // Of the table, for the bench and tests.
  [[nodiscard]] std::size_t bytes() const { return table_.capacity() * sizeof(Entry); }

 private:
  // 32 bytes; `low` and `high` both 0: empty.
  struct Entry {
    std::uint64_t low = 0;
    std::uint64_t high : 61 = 0;
    std::uint64_t present : 1 = 0;
    std::uint64_t on_its_way : 1 = 0;  // `content` was sent, not committed
    std::uint64_t seen : 1 = 0;
    std::uint64_t content = 0;  // 0: not known
    std::uint64_t text = 0;     // 0: not known
  };

  std::uint32_t& created_of(const Entry& entry) { return created_[static_cast<std::size_t>(&entry - table_.data())]; }
  static bool empty(const Entry& entry) { return entry.low == 0 && entry.high == 0; }
  // The upper bits pick the place, so a larger table keeps the order of a smaller one.
  [[nodiscard]] std::size_t home_of(const IdKey& id) const { return ((id.low >> 32U) * table_.size()) >> 32U; }
  [[nodiscard]] std::size_t place_of(const IdKey& id) const;
  Entry& entry_of(const IdKey& id);  // made where there is none
  void resize(std::size_t capacity);
  void set_present(Entry& entry, bool present);
  void set_seen(Entry& entry, bool seen);
  void order();
  void sample(const IdKey& id, const Sim& sim);

  SimHasher hasher_;
  std::vector<Entry> table_;
  std::vector<std::uint32_t> created_;  // of the entry in the same place: seconds since 2000
  std::size_t used_ = 0;
  std::uint64_t present_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t seen_present_ = 0;

  std::vector<std::uint32_t> by_age_;  // places of present SIMs, newest first; empty: to be made
  bool by_age_valid_ = false;
  bool by_age_stale_ = false;                           // SIMs came or went since: made anew for the next walk
  std::unordered_map<std::uint64_t, Landmark> sample_;  // by the id's low fingerprint
  unsigned sample_shift_ = 0;                           // one in 2^shift is taken
  // Ids that were doubted, and not present here then.
  std::set<std::pair<std::uint64_t, std::uint64_t>> strangers_;
};

}  // namespace simsync
