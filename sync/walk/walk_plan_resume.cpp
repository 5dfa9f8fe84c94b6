// Of the WalkPlan: what has to be stored for a walk to be gone on with, and going on with it.
#include <algorithm>
#include <cstring>

#include "sync/walk/walk_plan.h"

namespace simsync {

WalkPlan::WalkPlan(KnownSims& known, unsigned parallel, const WalkProgress& progress, const WalkGrain& grain)
    : known_(known), parallel_(std::max(1U, parallel)), grain_(grain), known_before_(known.present()) {
  for (const SegmentProgress& segment : progress.segments) {
    segments_.emplace_back(segment);
    unseen_.emplace_back();
    if (segment.after != segment.cut) {
      known_.see_between(segment.reached, segment.cut_created);
      unseen_.back() = {std::chrono::floor<std::chrono::seconds>(segment.reached), true, {}};
    }
    if (segment.cut.empty()) continue;
    marks_.set(known_.hasher().id(segment.cut), {Mark::Kind::segment, segments_.size() - 1, true});
  }
  for (std::size_t at = 0; at + sizeof(IdKey) <= progress.unseen.size(); at += sizeof(IdKey)) {
    IdKey id;
    std::memcpy(&id, progress.unseen.data() + at, sizeof id);
    known_.unsee(id);
    unseen_before_.push_back(id);
  }
  mark_landmarks(known_.landmarks());
  pages_ = progress.record.pages;
  pages_with_news_ = pages_;
  skipped_ = progress.record.skipped;
  skip_reason_ = progress.record.error;
  settle();
}

namespace {

// By whoever goes on from there, unless it is named.
bool will_count_as_seen(const SegmentProgress& stored, TimePoint created_at) {
  // To the second, as KnownSims has them.
  const auto second = [](TimePoint time) { return std::chrono::floor<std::chrono::seconds>(time); };
  return stored.after != stored.cut && second(created_at) >= second(stored.reached) &&
         second(created_at) <= second(stored.cut_created);
}

}  // namespace

// Known SIMs that lie between the segment's cut and what is stored of it, and that were not read, by creation time to
// the second: with them it is known of each SIM there whether the walk has read it, whatever the list's order.
void WalkPlan::look_for_unseen(std::size_t number, const SegmentProgress& stored) {
  Unseen& unseen = unseen_[number];
  std::erase_if(unseen.sims, [this](const IdKey& id) { return known_.seen(id); });
  if (stored.after == stored.cut) return;  // nothing was read yet
  const TimePoint from = std::chrono::floor<std::chrono::seconds>(stored.reached);
  if (unseen.any && from >= unseen.down_to) return;
  const TimePoint to = unseen.any ? unseen.down_to - std::chrono::seconds{1} : stored.cut_created;
  known_.unseen_between(from, to, unseen.sims);
  unseen.any = true;
  unseen.down_to = from;
}

std::optional<WalkProgress> WalkPlan::progress(const std::vector<std::uint64_t>& numbers,
                                               const FetchedSims& uncommitted) {
  WalkProgress progress;
  progress.seed = known_.hasher().seed();
  unseen_.resize(segments_.size());
  std::erase_if(unseen_before_, [this](const IdKey& id) { return known_.seen(id); });
  std::vector<IdKey> unseen = unseen_before_;
  // Whoever goes on finds them present, and where this walk has been.
  known_.unseen_strangers(unseen);
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    progress.segments.push_back(segments_[i].progress(numbers));
    if (known_before_ == 0) continue;
    look_for_unseen(i, progress.segments.back());
    unseen.insert(unseen.end(), unseen_[i].sims.begin(), unseen_[i].sims.end());
    // The others of them lie where whoever goes on will read.
    const SegmentProgress& stored = progress.segments.back();
    for (std::size_t k = 0; k < uncommitted.keys.size(); ++k) {
      if (will_count_as_seen(stored, uncommitted.readings[k].sim.created_at)) unseen.push_back(uncommitted.keys[k].id);
    }
    if (unseen.size() > grain_.most_unseen) return std::nullopt;
  }
  progress.unseen.resize(unseen.size() * sizeof(IdKey));
  if (!unseen.empty()) std::memcpy(progress.unseen.data(), unseen.data(), progress.unseen.size());
  progress.record.error = skip_reason_;
  return progress;
}

}  // namespace simsync
