// The list operation's heart (facts.md, Lists): which SIMs stand on a page, and whether there are more on its sides.
#include <algorithm>

#include "tests/simulator/project.h"

namespace simsync::simulator {
namespace {

using Mask = std::bitset<256>;

Mask mask_of(const Names& names, const std::vector<std::string>& wanted) {
  Mask mask;
  for (const auto& name : wanted)
    if (const auto index = names.find(name)) mask.set(*index);
  return mask;
}

// Steps over the SIMs that a query shows, in either direction, at the cost of what lies between them.
class Walker {
 public:
  Walker(const Project& project, const ListQuery& query) : project_(project) {
    const Vocabulary& words = project.words();
    statuses_ = mask_of(words.statuses, query.statuses);
    for (std::size_t i = kRetired + 1; i < words.statuses.size(); ++i) statuses_.set(i);
    providers_ = query.providers ? mask_of(words.providers, *query.providers) : Mask().set();
    types_ = query.type ? mask_of(words.types, {*query.type}) : Mask().set();
    if (query.newest_half_only) floor_ = project.end() / 2;
    if (query.user) take_user(*query.user);
  }

  std::optional<Position> older(Position from) const {
    if (of_user_) {
      const auto above = std::lower_bound(candidates_.begin(), candidates_.end(), from);
      return above == candidates_.begin() ? std::nullopt : std::optional(*std::prev(above));
    }
    for (Position p = from - 1; p >= floor_; --p)
      if (matches(project_.at(p))) return p;
    return std::nullopt;
  }

  std::optional<Position> newer(Position from) const {
    if (of_user_) {
      const auto above = std::upper_bound(candidates_.begin(), candidates_.end(), from);
      return above == candidates_.end() ? std::nullopt : std::optional(*above);
    }
    for (Position p = std::max(from + 1, floor_); p < project_.end(); ++p)
      if (matches(project_.at(p))) return p;
    return std::nullopt;
  }

 private:
  bool matches(const Sim& sim) const {
    return sim.alive && statuses_[sim.status] && providers_[sim.provider] && types_[sim.type];
  }

  // A user has a handful of SIMs among a million: they are looked up, not scanned for.
  void take_user(const std::string& user) {
    of_user_ = true;
    const auto found = project_.users().find(user);
    if (found == project_.users().end()) return;
    for (const auto serial : found->second) {
      const auto position = project_.newest_below(std::uint64_t{serial} + 1);
      if (!position || project_.at(*position).serial != serial || *position < floor_) continue;
      if (matches(project_.at(*position))) candidates_.push_back(*position);
    }
  }

  const Project& project_;
  Mask statuses_, providers_, types_;
  Position floor_ = 0;
  bool of_user_ = false;
  std::vector<Position> candidates_;  // rising
};

}  // namespace

ListPage Project::list(const ListQuery& query) const {
  ListPage page;
  if (query.limit == 0) return page;
  const Walker walker(*this, query);
  std::vector<Position> positions;
  positions.reserve(query.limit);
  const bool towards_newer = query.before.has_value();
  Position at = towards_newer ? *query.before : query.after.value_or(end());
  std::optional<Position> next;
  while ((next = towards_newer ? walker.newer(at) : walker.older(at)) && positions.size() < query.limit) {
    at = *next;
    positions.push_back(at);
  }
  const bool more_ahead = next.has_value();
  if (positions.empty()) return page;
  const Position start = positions.front();
  const bool more_behind = (towards_newer ? walker.older(start) : walker.newer(start)).has_value();
  if (towards_newer) std::reverse(positions.begin(), positions.end());
  page.more_after = towards_newer ? more_behind : more_ahead;
  page.more_before = towards_newer ? more_ahead : more_behind;
  page.sims.reserve(positions.size());
  for (const Position position : positions) page.sims.push_back(&this->at(position));
  return page;
}

}  // namespace simsync::simulator
