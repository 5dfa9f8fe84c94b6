#include "sync/walk/landmarks.h"

#include <algorithm>
#include <utility>

namespace simsync {

std::size_t Landmarks::add(std::vector<Landmark> landmarks) {
  const std::size_t first = all_.size();
  for (Landmark& landmark : landmarks) {
    newest_first_.push_back(all_.size());
    all_.push_back({std::move(landmark)});
    ++left_;
  }
  std::stable_sort(newest_first_.begin(), newest_first_.end(), [this](std::size_t one, std::size_t other) {
    return all_[one].landmark.created_at > all_[other].landmark.created_at;
  });
  return first;
}

void Landmarks::use(std::size_t number) {
  if (std::exchange(all_[number].used, true)) return;
  --left_;
}

Landmarks::Stretch Landmarks::between(TimePoint from, TimePoint to) const {
  const auto begin = std::partition_point(newest_first_.begin(), newest_first_.end(),
                                          [&](std::size_t number) { return all_[number].landmark.created_at > to; });
  const auto end = std::partition_point(begin, newest_first_.end(),
                                        [&](std::size_t number) { return all_[number].landmark.created_at >= from; });
  Stretch stretch;
  for (auto at = begin; at != end; ++at) stretch.count += all_[*at].used ? 0 : 1;
  std::size_t before = 0;
  for (auto at = begin; at != end && stretch.count > 0; ++at) {
    if (all_[*at].used) continue;
    stretch.middle = *at;
    if (before++ == stretch.count / 2) break;
  }
  return stretch;
}

std::vector<std::size_t> Landmarks::spread(std::size_t count) const {
  std::vector<std::size_t> chosen;
  count = std::min(count, newest_first_.size());
  for (std::size_t i = 1; i <= count; ++i) chosen.push_back(newest_first_[i * newest_first_.size() / (count + 1)]);
  return chosen;
}

}  // namespace simsync
