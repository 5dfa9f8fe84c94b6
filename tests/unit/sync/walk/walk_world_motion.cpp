// How a world comes to be, and what happens to its SIMs while they are read.
#include <algorithm>

#include "tests/unit/sync/walk/walk_world.h"

namespace simsync {
namespace {

constexpr std::uint64_t kMostBorn = 150;  // during a walk: more would be a list that grows too fast

}  // namespace

std::uint64_t WalkWorld::roll() {
  std::uint64_t mixed = (random_ += 0x9e3779b97f4a7c15U);
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

std::uint32_t WalkWorld::skewed(std::uint32_t most) {
  return number(0, number(0, most));
}

// ---- the making of a world

WalkWorld::WalkWorld(std::uint64_t seed) : seed_(seed), random_(seed * 0x2545f4914f6cdd1dU), list_(seed ^ 0x5eedU) {
  choose_manners();
  make_list();
  make_mirror();
}

void WalkWorld::choose_manners() {
  parallel_ = chance(0.15) ? 1 : 1 + skewed(31);
  page_cap_ = chance(0.5) ? number(1, 5) : chance(0.5) ? number(1, 20) : number(1, 200);
  grain_ = {1 + skewed(40), 1 + skewed(40), 1 + skewed(7)};
  if (chance(0.1)) grain_ = {};
  if (chance(0.1)) grain_.most_unseen = skewed(30);
  tie_ = static_cast<int>(chance(0.3) ? 1 : chance(0.2) ? 100'000 : number(2, 60));
  if (chance(0.7)) {
    manners_.motion = fraction() * (chance(0.3) ? 0.5 : 0.1);
    manners_.deletes = chance(0.2) ? 0 : fraction();
  }
  if (chance(0.05)) disorder_ = number(1, 5);
  if (chance(0.3)) manners_.faults = fraction() * (chance(0.2) ? 0.3 : 0.05);
  if (chance(0.5)) {
    manners_.crashes_left = 1 + skewed(chance(0.3) ? 40 : 8);
    manners_.crash = fraction() * 0.15;
  }
  if (chance(0.1)) manners_.stop = fraction() * 0.1;
  if (chance(0.3)) manners_.short_page = fraction() * 0.5;
  manners_.write = chance(0.3) ? 0.9 : 0.02 + fraction() * 0.5;
  manners_.save = chance(0.3) ? 0 : fraction() * 0.2;
  manners_.stale = fraction() * 0.6;
  report_.faultless = manners_.faults == 0;
}

void WalkWorld::make_list() {
  std::uint32_t size = skewed(200);
  if (chance(0.1)) size = skewed(1500);
  if (chance(0.004)) size = number(1500, 5000);
  if (size > 800) page_cap_ = std::max<std::size_t>(page_cap_, 10);
  for (std::uint32_t i = 0; i < size; ++i) {
    if (chance(1.0 / tie_)) second_ += static_cast<int>(number(1, 3));
    create();
  }
  stories_.resize(size);
  mirror_.resize(size);
}

void WalkWorld::create() {
  const int second = disorder_ == 0 ? second_ : second_ - static_cast<int>(number(0, disorder_));
  list_.create(second, static_cast<unsigned>(roll() >> 40U));
}

// An older state of the list, or nothing.
void WalkWorld::make_mirror() {
  const double gone = chance(0.5) ? fraction() * 0.2 : 0;
  const double unknown = chance(0.5) ? fraction() * 0.3 : 0;
  const bool first = chance(0.25);
  for (Number sim = 0; sim < list_.size(); ++sim) {
    Row& row = mirror_[sim];
    row.stored = row.present = !first && !chance(unknown);
    row.content = chance(0.1) ? static_cast<std::uint8_t>(number(0, kContents - 1)) : list_.content(sim);
  }
  if (gone == 0) return;
  while (chance(0.5)) erase_stretch(number(0, list_.size()), skewed(list_.size() / 2));
  for (Number sim = 0; sim < list_.size(); ++sim) {
    if (chance(gone)) list_.erase(sim);
  }
}

// ---- what moves

std::optional<WalkWorld::Number> WalkWorld::somewhere() {
  if (list_.size() == 0) return std::nullopt;
  return number(0, list_.size() - 1);
}

void WalkWorld::move() {
  if (chance(manners_.deletes)) return erase_some();
  if (chance(0.5) && born_ < kMostBorn) {
    for (std::uint32_t count = number(1, 3); count > 0; --count, ++born_) {
      if (chance(1.0 / tie_)) ++second_;
      create();
      stories_.emplace_back();
      mirror_.emplace_back();
    }
    return;
  }
  const auto sim = somewhere();
  if (!sim || !list_.exists(*sim)) return;
  list_.set(*sim, static_cast<std::uint8_t>(number(0, kContents - 1)));
  Story& story = stories_[*sim];
  story.steady = false;
  if (story.contents != 0) story.contents |= static_cast<std::uint16_t>(1U << list_.content(*sim));
}

void WalkWorld::erase(Number number) {
  list_.erase(number);
  stories_[number].always = false;
  deleted_ = true;
}

// Towards the older end.
void WalkWorld::erase_stretch(Number newest, std::uint32_t count) {
  for (Number sim = std::min(newest, list_.size()); sim > 0 && count > 0; --sim, --count) erase(sim - 1);
}

// Anything, and most of all what the walk leans on: cursors it asks for or asked for, cuts, what was read last.
void WalkWorld::erase_some() {
  std::optional<Number> target = somewhere();
  if (!target) return;
  const std::uint32_t kind = number(0, 99);
  if (kind < 30 && !pending_.empty()) {
    const std::string& cursor = pending_[roll() % pending_.size()].request.query.after;
    if (!cursor.empty()) target = SimulatedList::number_of(cursor);
  } else if (kind < 50 && !cursors_.empty()) {
    target = cursors_[roll() % cursors_.size()];
  } else if (kind < 75 && stored_progress_) {
    const SegmentProgress& segment = stored_progress_->segments[roll() % stored_progress_->segments.size()];
    const std::string& id = chance(0.7) ? segment.cut : segment.after;
    if (!id.empty()) target = SimulatedList::number_of(id);
  }
  const std::uint32_t around = chance(0.1) ? skewed(list_.size() / 4) : chance(0.3) ? number(1, 10) : 0;
  erase_stretch(*target + 1 + number(0, around), around + 1);
  if (kind == 99 && chance(0.2)) erase_stretch(list_.size(), list_.size());
}

}  // namespace simsync
