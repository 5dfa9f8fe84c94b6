#include "tests/simulation/world.h"

#include <algorithm>

#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {
namespace {

const std::vector<std::string> kStatuses = {"inactive", "active", "retired"};
const std::vector<std::string> kProviders = {"p3", "p9", "p14", "p15"};
const std::vector<std::string> kProfileStatuses = {"installed", "enabled", "disabled", "deleted", "unknown"};

}  // namespace

TimePoint true_time() {
  return kBeginOfLife + std::chrono::floor<std::chrono::microseconds>(now());
}

bool Past::was(const std::optional<std::string>& value, TimePoint from, TimePoint to) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const bool begun = values_[i].first <= to;
    const bool over = i + 1 < values_.size() && values_[i + 1].first < from;
    if (begun && !over && values_[i].second == value) return true;
  }
  return false;
}

bool Past::went(const std::optional<std::string>& before, const std::optional<std::string>& now, TimePoint from,
                TimePoint to) const {
  bool was_before = !before && (values_.empty() || values_.front().first >= from);  // it did not exist yet
  for (std::size_t i = 0; i < values_.size() && values_[i].first <= to; ++i) {
    if (was_before && values_[i].second == now) return true;
    const bool over = i + 1 < values_.size() && values_[i + 1].first < from;
    was_before |= !over && values_[i].second == before;
  }
  return false;
}

bool Past::ever_was(const std::optional<std::string>& value) const {
  return std::ranges::any_of(values_, [&](const auto& one) { return one.second == value; });
}

std::string Past::around(TimePoint from, TimePoint to) const {
  std::string text;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const bool over = i + 1 < values_.size() && values_[i + 1].first < from;
    if (over && i + 2 < values_.size() && values_[i + 2].first < from) continue;
    text += (text.empty() ? "" : ", ") + values_[i].second.value_or("nothing") + " at " +
            std::to_string((values_[i].first - kBeginOfLife).count());
    if (values_[i].first > to) break;
  }
  return text;
}

void World::create(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Sim sim;
    // No order in the ids; they are as long as the API's.
    const std::string number = std::to_string(next_++);
    sim.id = "sim_" + std::to_string(random_() % 900'000 + 100'000) + std::string(10 - number.size(), '0') + number;
    sim.iccid = "89883070000" + std::string(8 - std::min<std::size_t>(8, number.size()), '0') + number;
    sim.provider = kProviders[any(kProviders.size())];
    sim.type = any(4) == 0 ? "pSIM" : "eSIM";
    sim.status = kStatuses[any(kStatuses.size())];
    // Whole seconds, so several share one; never before an older one.
    sim.created_at = TimePoint{std::chrono::floor<std::chrono::seconds>(true_time())};
    if (!sims_.empty()) sim.created_at = std::max(sim.created_at, sims_.begin()->second.created_at);
    sim.metadata = "{\"fleet\":\"" + std::to_string(any(50)) + "\"}";
    add(next_, sim, {sim.id, "installed", sim.created_at});
  }
}

void World::add(std::uint64_t place, const Sim& sim, const EsimProfile& profile) {
  sims_[place] = sim;
  places_[sim.id] = place;
  ids_.push_back(sim.id);
  profiles_[sim.id] = profile;
  note_all(sim);
  note_profile(sim.id);
}

Sim& World::any_sim() {
  return sims_.at(places_.at(ids_[any(ids_.size())]));
}

void World::change_something(unsigned weight_of_ends, bool metadata) {
  if (sims_.empty()) return create(1);
  Sim& sim = any_sim();
  if (any(100) < weight_of_ends) return erase(sim.id);
  switch (any(10)) {
    case 0:
      return create(1 + any(3));
    case 1:
      if (!metadata) return;
      sim.metadata = "{\"fleet\":\"" + std::to_string(any(50)) + "\"}";
      return note(sim, "metadata", sim.metadata);
    case 2:
      sim.iccid = "89883070000" + std::to_string(10'000'000 + any(80'000'000));
      return note(sim, "iccid", sim.iccid);
    case 3:
      if (any(4) != 0) return change_profile(sim);
      sim.provider = kProviders[any(kProviders.size())];
      return note(sim, "provider", sim.provider);
    case 4:
    case 5:
    case 6:
      return change_profile(sim);
    default:
      sim.status = kStatuses[any(kStatuses.size())];
      return note(sim, "status", sim.status);
  }
}

void World::delete_many(std::size_t count) {
  for (std::size_t i = 0; i < count && !sims_.empty(); ++i) erase(any_sim().id);
}

void World::bring_one_back() {
  if (deleted_.empty()) return;
  const std::size_t which = any(deleted_.size());
  const Deleted back = deleted_[which];
  deleted_.erase(deleted_.begin() + static_cast<std::ptrdiff_t>(which));
  add(back.place, back.sim, back.profile);
}

std::optional<World::List::const_iterator> World::behind(const std::string& id) const {
  const auto place = places_.find(id);
  if (place == places_.end()) return std::nullopt;
  return std::next(sims_.find(place->second));
}

const Sim* World::find(const std::string& id) const {
  const auto place = places_.find(id);
  return place == places_.end() ? nullptr : &sims_.at(place->second);
}

bool World::set_metadata(const std::string& id, const std::string& metadata) {
  const auto place = places_.find(id);
  if (place == places_.end()) return false;
  Sim& sim = sims_.at(place->second);
  if (sim.metadata != metadata) {
    sim.metadata = metadata;
    note(sim, "metadata", metadata);
  }
  return true;
}

void World::set_status(const std::string& id, const std::string& status) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  Sim& sim = sims_.at(place->second);
  if (sim.status == status) return;
  sim.status = status;
  note(sim, "status", status);
}

std::optional<EsimProfile> World::profile(const std::string& id) const {
  const Sim* const sim = find(id);
  if (sim == nullptr || sim->type != "eSIM") return std::nullopt;
  EsimProfile profile = profiles_.at(id);
  if (sim->provider == "p9") profile.status = "unknown";
  return profile;
}

const Past& World::past(const std::string& id, const std::string& field) const {
  static const Past none;
  const auto found = pasts_.find({id, field});
  return found == pasts_.end() ? none : found->second;
}

std::string World::profile_text(const EsimProfile& profile) {
  return profile.status + "@" + std::to_string(profile.updated_at.time_since_epoch().count());
}

void World::note(const Sim& sim, const std::string& field, std::optional<std::string> value) {
  ++changes_;
  pasts_[{sim.id, field}].becomes(true_time(), std::move(value));
  // Which provider it has decides what its profile says.
  if (field == "provider") note_profile(sim.id);
}

void World::note_all(const Sim& sim) {
  note(sim, "iccid", sim.iccid);
  note(sim, "type", sim.type);
  note(sim, "status", sim.status);
  note(sim, "metadata", sim.metadata);
  note(sim, "provider", sim.provider);
}

void World::note_gone(const Sim& sim) {
  for (const char* field : {"iccid", "type", "status", "metadata", "provider"}) note(sim, field, std::nullopt);
}

void World::note_profile(const std::string& id) {
  const std::optional<EsimProfile> now = profile(id);
  pasts_[{id, "profile"}].becomes(true_time(), now ? std::optional{profile_text(*now)} : std::nullopt);
}

// Sometimes it is told late: its time is then before what could be seen.
void World::change_profile(const Sim& sim) {
  EsimProfile& profile = profiles_[sim.id];
  profile.status = kProfileStatuses[any(kProfileStatuses.size())];
  const TimePoint moment{std::chrono::floor<std::chrono::seconds>(true_time())};
  const TimePoint told = any(4) == 0 ? moment - std::chrono::seconds{any(3600)} : moment;
  profile.updated_at = std::max(profile.updated_at, told);
  ++changes_;
  note_profile(sim.id);
}

void World::erase(const std::string& id) {
  const auto place = places_.find(id);
  const Sim sim = sims_.at(place->second);
  deleted_.push_back({place->second, sim, profiles_.at(sim.id)});
  sims_.erase(place->second);
  places_.erase(place);
  *std::ranges::find(ids_, sim.id) = ids_.back();
  ids_.pop_back();
  note_gone(sim);
  pasts_[{sim.id, "profile"}].becomes(true_time(), std::nullopt);
}

}  // namespace simsync::simulation
