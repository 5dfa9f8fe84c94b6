#include "sync/walk/walk_segment.h"

#include <algorithm>
#include <utility>

namespace simsync {
namespace {

constexpr int kFullPage = 200;         // sims-reference.txt, "limit"
constexpr std::size_t kReadAhead = 1;  // pages not yet committed while the next one is fetched
constexpr unsigned kAskAgain = 2;      // an empty page or repeating cursor may be a passing fault

}  // namespace

WalkSegment::WalkSegment(std::string cut, TimePoint cut_created)
    : cut_(std::move(cut)),
      cut_created_(cut_created),
      position_{cut_, cut_created, kRunning},
      stored_(position_),
      limit_(kFullPage) {}

WalkSegment::WalkSegment(const SegmentProgress& progress)
    : cut_(progress.cut),
      cut_created_(progress.cut_created),
      position_{progress.after, progress.reached, progress.ended_at},
      stored_(position_),
      limit_(kFullPage),
      untouched_(progress.after == progress.cut && progress.ended_at == kRunning) {
  if (progress.ended_at == kLost) {
    state_ = State::lost;
  } else if (progress.ended_at != kRunning) {
    state_ = State::ended;
  }
}

void WalkSegment::read(const SimPage& page, std::optional<std::int32_t> ended_at) {
  untouched_ = false;
  asked_again_ = 0;
  forget_what_is_gone();
  note_way_back(page.sims);
  if (!page.sims.empty()) position_.reached = std::min(position_.reached, page.sims.back().created_at);
  limit_ = std::min(kFullPage, limit_ * 2);
  if (ended_at) {
    // From here it would go on if the segment that it met were lost.
    if (!page.sims.empty()) position_.after = page.sims.back().id;
    position_.ended_at = *ended_at;
    state_ = State::ended;
  } else {
    position_.after = *page.more_after;
    state_ = State::ready;
  }
}

// What it has stepped back over does not exist any more.
void WalkSegment::forget_what_is_gone() {
  if (cut_tried_) {
    way_back_.clear();
    sims_read_ = 0;
  } else if (steps_back_ > 0) {
    way_back_.erase(way_back_.begin(), way_back_.begin() + static_cast<std::ptrdiff_t>(steps_back_ - 1));
    sims_read_ = way_back_.front().place + 1;
  }
  steps_back_ = 0;
  cut_tried_ = false;
}

// Of the page the last SIM but one, but two, but four, …, and the first; of those before ever fewer, the further back
// they are, as far as the segment's beginning: so however many SIMs are deleted at once, about as many are read again.
void WalkSegment::note_way_back(const SimList& sims) {
  if (sims.empty()) return;
  const std::size_t size = sims.size();
  sims_read_ += size;
  std::vector<WayBack> way;
  for (std::size_t back = 1; back < size; back *= 2) way.push_back({sims[size - 1 - back].id, sims_read_ - 1 - back});
  if (way.empty() || way.back().id != sims.front().id) way.push_back({sims.front().id, sims_read_ - size});
  for (std::size_t i = 0; i < way_back_.size(); ++i) {
    const bool close =
        i + 1 < way_back_.size() && sims_read_ - way_back_[i + 1].place < 2 * (sims_read_ - way.back().place);
    if (!close) way.push_back(std::move(way_back_[i]));
  }
  way_back_ = std::move(way);
}

bool WalkSegment::ask_again() {
  state_ = State::ready;
  return asked_again_++ < kAskAgain;
}

std::size_t WalkSegment::unwritten() const {
  return static_cast<std::size_t>(
      std::count_if(awaited_.begin(), awaited_.end(), [](const Awaited& page) { return page.number != 0; }));
}

void WalkSegment::wait_for_commit(std::uint64_t number) {
  if (number == 0 && awaited_.empty()) {
    stored_ = position_;
    return;
  }
  awaited_.push_back({number, position_});
  if (state_ == State::ready && unwritten() > kReadAhead) state_ = State::written;
}

// Pages are committed in the order in which they were read.
void WalkSegment::committed(std::uint64_t number) {
  const auto found =
      std::find_if(awaited_.begin(), awaited_.end(), [number](const Awaited& page) { return page.number == number; });
  if (found == awaited_.end()) return;
  awaited_.erase(awaited_.begin(), found);
  do {
    stored_ = awaited_.front().position;
    awaited_.pop_front();
  } while (!awaited_.empty() && awaited_.front().number == 0);
  if (state_ == State::written && unwritten() <= kReadAhead) state_ = State::ready;
}

// The last one tried is the cut.
bool WalkSegment::step_back() {
  state_ = State::ready;
  while (steps_back_ < way_back_.size()) {
    const std::string& earlier = way_back_[steps_back_++].id;
    if (earlier == position_.after) continue;
    position_.after = earlier;
    return true;
  }
  if (head() || cut_tried_ || position_.after == cut_) return false;
  cut_tried_ = true;
  position_.after = cut_;
  return true;
}

void WalkSegment::start_over() {
  position_.after.clear();
  limit_ = kFullPage;
  way_back_.clear();
  sims_read_ = 0;
  steps_back_ = 0;
  state_ = State::ready;
}

void WalkSegment::lose() {
  position_.ended_at = kLost;
  state_ = State::lost;
}

void WalkSegment::reopen() {
  position_.ended_at = kRunning;
  // Its last SIM may be the lost cut itself: if it is gone, the one before it is tried.
  state_ = unwritten() <= kReadAhead ? State::ready : State::written;
}

bool WalkSegment::shrink() {
  state_ = State::ready;
  if (limit_ == 1) return false;
  limit_ = std::max(1, limit_ / 8);
  return true;
}

void WalkSegment::want_detour() {
  ++detours_;
  state_ = State::detour;
}

std::size_t WalkSegment::detour_distance() const {
  // 0, 1, 8, 64, …: from the next known SIM to one well beyond a damaged stretch.
  return detours_ <= 1 ? 0 : std::size_t{1} << (3 * (detours_ - 2));
}

void WalkSegment::detour(const std::string& beyond) {
  position_.after = beyond;
  limit_ = kFullPage;
  state_ = State::ready;
}

void WalkSegment::end_without_detour() {
  position_.ended_at = kEndOfList;
  state_ = State::ended;
}

SegmentProgress WalkSegment::progress(const std::vector<std::uint64_t>& numbers) const {
  const Position* position = awaited_.empty() ? &position_ : &stored_;
  for (const Awaited& page : awaited_) {
    if (page.number != 0 && std::find(numbers.begin(), numbers.end(), page.number) == numbers.end()) break;
    position = &page.position;
  }
  SegmentProgress progress{cut_, cut_created_, position->after, position->reached, position->ended_at};
  // It may have been reopened, or lost, since: where it ended before that is of no account.
  const bool latest = awaited_.empty() || position == &awaited_.back().position;
  if (running() || !latest) progress.ended_at = kRunning;
  if (state_ == State::lost) progress.ended_at = kLost;
  return progress;
}

}  // namespace simsync
