// One simulated project: its SIMs in list order, the two ways to find one, and the log of every change ever made.
// The order is total: SIMs are kept in the order of insertion, creation times never go back along it, and a list
// reads it from the end, so a cursor is exact. Refuses to lock: whoever calls holds mutex().
#pragma once

#include <bitset>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/simulator/position_index.h"
#include "tests/simulator/sim.h"

namespace simsync::simulator {

// Where a SIM stands in the order of insertion. Signed, so that "before the first" has a value. Any create() or
// destroy() may move SIMs: a position does not outlive the lock it was found under.
using Position = std::int64_t;

// Everything a new SIM is made of.
struct SimDraft {
  std::string id;
  std::string metadata = "{}";
  std::string iccid;
  std::string user;  // empty: of nobody
  std::string provider = "p1";
  std::string status = "inactive";
  std::string type = "eSIM";
  std::string profile_status = "unknown";
  Seconds created_at{};
  Seconds profile_updated_at{};
  bool fraction = false;
};

struct ListQuery {
  // Absent: any. A status that the reference does not know passes every filter, or no test could see it in a list.
  std::optional<std::vector<std::string>> providers;
  std::vector<std::string> statuses{"inactive", "active"};
  std::optional<std::string> type;
  std::optional<std::string> user;
  std::optional<Position> after;
  std::optional<Position> before;
  std::size_t limit = 10;
  bool newest_half_only = false;  // the fault half_list
};

struct ListPage {
  std::vector<const Sim*> sims;  // newest first
  bool more_after = false;
  bool more_before = false;
};

enum class Field { status, provider, type, iccid, metadata };

class Project {
 public:
  Project(std::string id, std::string token, std::size_t expected_sims);

  std::mutex& mutex() const { return mutex_; }
  const std::string& id() const { return id_; }
  const std::string& token() const { return token_; }
  void set_token(std::string token) { token_ = std::move(token); }
  const Vocabulary& words() const { return words_; }

  std::size_t living() const { return living_; }
  // One past the newest position; between 0 and it also lie the dead.
  Position end() const { return static_cast<Position>(sims_.size()); }
  const Sim& at(Position position) const { return sims_[static_cast<std::size_t>(position)]; }
  std::optional<Position> find(std::string_view sim_id) const;
  // Newest first. A 19-digit ICCID and the same with a trailing F are one.
  std::vector<Position> find_iccid(std::string_view iccid) const;
  // The newest living SIM whose serial is below this one; how a reader goes on after it let go of the lock.
  std::optional<Position> newest_below(std::uint64_t serial) const;
  const std::unordered_map<std::string, std::vector<std::uint32_t>>& users() const { return users_; }

  ListPage list(const ListQuery& query) const;

  // The generator's way in: as create(), but nothing is logged.
  Position load(const SimDraft& draft);
  // At the head. A creation time before the newest SIM's is raised to it: the order must stay total.
  Position create(SimDraft draft);
  void destroy(Position position);
  // `value` is plain text; for metadata and extras it is JSON text. Equal values change and log nothing.
  void set_field(Position position, Field field, std::string_view value);
  void set_profile(Position position, std::string_view status, Seconds updated_at, std::string_view spelled = {});
  void set_extra(Position position, std::string_view members);
  Peculiar& peculiar(Position position) { return sims_[static_cast<std::size_t>(position)].make_peculiar(); }

  // One JSON line for each change, without the line's end; the n-th has seq n+1.
  const std::deque<std::string>& log() const { return log_; }

 private:
  void record(const Sim& sim, std::string_view what, std::string_view field, std::string_view old_value,
              std::string_view new_value, bool with_updated_at = false);
  std::string_view value_of(const Sim& sim, Field field) const;
  void assign(Position position, Field field, std::string_view value);
  void index(Position position);
  void drop_the_dead();

  mutable std::mutex mutex_;
  const std::string id_;
  // Guarded by mutex_, all of the following.
  std::string token_;
  Vocabulary words_;
  std::vector<Sim> sims_;
  std::size_t living_ = 0;
  std::uint32_t next_serial_ = 1;
  PositionIndex by_id_;
  PositionIndex by_iccid_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> users_;  // serials, rising
  std::deque<std::string> log_;
};

std::string_view field_name(Field field);

}  // namespace simsync::simulator
