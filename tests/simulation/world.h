// The truth of a simulated life: the SIMs behind the API as they are and as they ever were, so that what the mirror
// says can be held against what the API said at some time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/profile.h"
#include "storage/sim.h"

namespace simsync::simulation {

// The world's own clock, which is right.
[[nodiscard]] TimePoint true_time();
inline constexpr TimePoint kBeginOfLife{std::chrono::seconds{1767225600}};  // as pthread_calls.cpp has it

// What something was, from when on; nullopt: it was not there.
class Past {
 public:
  void becomes(TimePoint now, std::optional<std::string> value) { values_.emplace_back(now, std::move(value)); }
  // Whether it was that at some moment of [from, to].
  [[nodiscard]] bool was(const std::optional<std::string>& value, TimePoint from, TimePoint to) const;
  // Whether it became `now` in [from, to], and was `before` earlier in that time.
  [[nodiscard]] bool went(const std::optional<std::string>& before, const std::optional<std::string>& now,
                          TimePoint from, TimePoint to) const;
  [[nodiscard]] bool ever_was(const std::optional<std::string>& value) const;
  // What it was in [from, to], one before and one after, for a person; with the microseconds of the life.
  [[nodiscard]] std::string around(TimePoint from, TimePoint to) const;

 private:
  std::vector<std::pair<TimePoint, std::optional<std::string>>> values_;
};

class World {
 public:
  explicit World(std::mt19937_64& random) : random_(random) {}

  void create(std::size_t count);
  // One change of any kind. `weight_of_ends`: of a hundred changes, how many are SIMs deleted. `metadata`: those, too.
  void change_something(unsigned weight_of_ends, bool metadata);
  // The oldest or newest ones, or any.
  void delete_many(std::size_t count);
  // A SIM that was deleted comes back with its id.
  void bring_one_back();

  // By the order of their creation, newest first.
  using List = std::map<std::uint64_t, Sim, std::greater<>>;
  [[nodiscard]] const List& sims() const { return sims_; }
  // What follows this SIM on the list; nullopt: there is no such SIM.
  [[nodiscard]] std::optional<List::const_iterator> behind(const std::string& id) const;
  [[nodiscard]] const Sim* find(const std::string& id) const;
  [[nodiscard]] std::optional<EsimProfile> profile(const std::string& id) const;
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  // `field` as simsync.sim_change has it, of a SIM; "profile" of its profile, as "status@time".
  [[nodiscard]] const Past& past(const std::string& id, const std::string& field) const;
  static std::string profile_text(const EsimProfile& profile);

  // Replaces the metadata. False: there is no such SIM.
  bool set_metadata(const std::string& id, const std::string& metadata);
  void set_status(const std::string& id, const std::string& status);

 private:
  void add(std::uint64_t place, const Sim& sim, const EsimProfile& profile);
  Sim& any_sim();
  void note(const Sim& sim, const std::string& field, std::optional<std::string> value);
  void note_all(const Sim& sim);
  void note_gone(const Sim& sim);
  void note_profile(const std::string& id);
  void change_profile(const Sim& sim);
  void erase(const std::string& id);
  std::size_t any(std::size_t count) { return random_() % count; }

  std::mt19937_64& random_;
  struct Deleted {
    std::uint64_t place;
    Sim sim;
    EsimProfile profile;
  };

  List sims_;
  std::unordered_map<std::string, std::uint64_t> places_;
  std::vector<std::string> ids_;  // to draw one of
  std::vector<Deleted> deleted_;
  std::map<std::string, EsimProfile> profiles_;
  std::map<std::pair<std::string, std::string>, Past> pasts_;
  std::uint64_t next_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace simsync::simulation
