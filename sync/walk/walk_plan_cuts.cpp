// Of the WalkPlan: where the list is cut, and what to do where nothing is known to cut it at.
#include <algorithm>
#include <utility>

#include "sync/walk/walk_plan.h"

namespace simsync {
namespace {

constexpr unsigned kOutings = 4;  // of the scouts

}  // namespace

// What was read already is no place to begin at.
void WalkPlan::mark_landmarks(std::vector<Landmark> landmarks) {
  std::erase_if(landmarks, [this](const Landmark& landmark) {
    const IdKey id = known_.hasher().id(landmark.id);
    return landmark.id.empty() || marks_.find(id) != nullptr || known_.seen(id);
  });
  if (landmarks.empty()) return;
  std::vector<IdKey> keys;
  for (const Landmark& landmark : landmarks) keys.push_back(known_.hasher().id(landmark.id));
  const std::size_t first = landmarks_.add(std::move(landmarks));
  for (std::size_t i = 0; i < keys.size(); ++i) marks_.set(keys[i], {Mark::Kind::landmark, first + i});
  may_split_ = true;
}

std::size_t WalkPlan::add_segment(std::size_t landmark) {
  const Landmark& cut = landmarks_[landmark];
  landmarks_.use(landmark);
  segments_.emplace_back(cut.id, cut.created_at);
  marks_.set(known_.hasher().id(cut.id), {Mark::Kind::segment, segments_.size() - 1, true});
  return segments_.size() - 1;
}

// The running segment with the most landmarks before the next cut.
std::optional<std::size_t> WalkPlan::longest_stretch(Landmarks::Stretch& stretch) const {
  std::optional<std::size_t> longest;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (!segments_[i].running()) continue;
    const TimePoint from = segments_[i].position().reached;
    TimePoint to{TimePoint::duration::min()};
    for (const WalkSegment& other : segments_) {
      if (&other != &segments_[i] && other.state() != WalkSegment::State::lost && other.cut_created() <= from) {
        to = std::max(to, other.cut_created());
      }
    }
    const Landmarks::Stretch ahead = landmarks_.between(to, from);
    if (ahead.count <= stretch.count) continue;
    stretch = ahead;
    longest = i;
  }
  return longest;
}

bool WalkPlan::worth_splitting(const Landmarks::Stretch& stretch) const {
  const std::uint64_t sims = known_before_ > landmarks_.size() ? known_before_ : known_.seen();
  const std::uint64_t marks = known_before_ > landmarks_.size() ? landmarks_.size() : landmarks_.used() + 1;
  return stretch.count * sims / std::max<std::uint64_t>(1, marks) >= grain_.split_sims;
}

bool WalkPlan::split() {
  // An API that knows none of the SIMs it once listed shall not be asked for each of them.
  if (lost_cuts_ > 2 * std::size_t{parallel_}) return false;
  while (may_split_) {
    Landmarks::Stretch stretch;
    if (!longest_stretch(stretch) || !worth_splitting(stretch)) {
      may_split_ = false;
    } else if (known_.seen(known_.hasher().id(landmarks_[stretch.middle].id))) {
      // Created in the same second as what lies ahead, or found by a scout where a segment has been since.
      landmarks_.use(stretch.middle);
    } else {
      add_segment(stretch.middle);
      return true;
    }
  }
  return false;
}

bool WalkPlan::send_scouts(PageRequest& request) {
  if (!scouts_.out()) {
    if (parallel_ == 1 || blind_pages_ < grain_.blind_pages || scouts_.times() == kOutings) return false;
    const WalkSegment* furthest = nullptr;
    for (const WalkSegment& segment : segments_) {
      if (!segment.running()) continue;
      if (furthest == nullptr || segment.position().reached < furthest->position().reached) furthest = &segment;
    }
    if (furthest == nullptr) return false;
    scouts_.set_out(furthest->position().after);
    call_scouts_home();  // where nothing was met that a list could be filtered by
  }
  return scouts_.next(request);
}

void WalkPlan::call_scouts_home() {
  // As many landmarks as make even halves of what is left, for each of the workers.
  if (!scouts_.out() || !scouts_.home(std::size_t{8} * parallel_)) return;
  mark_landmarks(scouts_.take());
  blind_pages_ = 0;
}

}  // namespace simsync
