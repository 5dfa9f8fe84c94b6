// Of the Walker: the SIMs that a walk did not read.
#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/walk/missing_sims.h"
#include "sync/walk/walker.h"

namespace simsync {
namespace {

constexpr std::size_t kSkippedSims = 500;   // read one by one after an incomplete walk
constexpr std::size_t kWrittenSims = 2000;  // at once, of those that were read one by one

}  // namespace

// A page that cannot be had, or a way around it, leaves out SIMs that can be read one by one. They are few; that some
// of them are gone is for a complete walk to find out.
void Walker::read_what_was_skipped(WalkRecord& record, const std::stop_token& stop) {
  const UnseenSims unseen = lock_retry_(stop, [&] { return unseen_sims(*store_, project_, known_, kSkippedSims); });
  ask(unseen.ids, record, stop);
}

// Mirrors those that answer, and returns those that the API says are gone.
std::vector<Disappearance> Walker::ask(const std::vector<std::string>& ids, WalkRecord& record,
                                       const std::stop_token& stop) {
  MissingSims found = ask_for_missing(api_, ids, stop, pulse_);
  record.requests += found.requests;
  record.retries += found.retries;
  for (auto next = found.still_there.begin(); next != found.still_there.end();) {
    const auto begin = next;
    next += std::min<std::ptrdiff_t>(kWrittenSims, found.still_there.end() - begin);
    write_one_by_one({std::move_iterator{begin}, std::move_iterator{next}}, record, stop);
  }
  if (record.outcome != WalkOutcome::complete) return {};
  if (found.unanswered > 0) {
    record.error = stop.stop_requested()
                       ? kStopped
                       : std::to_string(found.unanswered) + " SIMs were not on the list and could not be asked for";
  }
  // Only a complete walk can find a SIM missing (product.md, promise 2); the next one will.
  if (!record.error.empty()) record.outcome = WalkOutcome::incomplete;
  return record.outcome == WalkOutcome::complete ? std::move(found.gone) : std::vector<Disappearance>{};
}

// How many may disappear at once: what is configured, and what an operator approved beyond it.
std::uint64_t Walker::believable(std::uint64_t present, std::uint64_t unlisted, const std::stop_token& stop) {
  const std::uint64_t configured = config_.max_disappeared.of(present);
  if (unlisted <= configured) return configured;
  const auto approved = lock_retry_(stop, [&] { return store_->approval(project_); });
  if (!approved) return configured;
  if (unlisted <= configured + approved->held_back) {
    log::info("an approved mass disappearance is carried out",
              {{"project", project_}, {"walk", approved->walk_id}, {"sims", unlisted}});
  }
  return configured + approved->held_back;
}

// Whether rows that were stored are there no more: a standby was promoted that lacked them. SIMs that another program
// found missing meanwhile (`simsyncd sync` beside the service) still have theirs.
bool Walker::have_vanished(std::uint64_t present, const WalkRecord& record, const std::stop_token& stop) {
  if (present >= known_.present()) return false;
  constexpr std::chrono::minutes kClocks{1};  // of two machines, apart
  const std::uint64_t gone =
      lock_retry_(stop, [&] { return store_->gone_since(project_, record.started_at - kClocks); });
  return present + gone < known_.present();
}

std::vector<Disappearance> Walker::find_missing(WalkRecord& record, const std::stop_token& stop) {
  const std::uint64_t present = lock_retry_(stop, [&] { return store_->present_count(project_); });
  // Somebody else has written to the table: the database is right, and is read anew.
  if (present != known_.present()) learnt_ = false;
  if (record.id != 0 && have_vanished(present, record, stop)) {
    record.outcome = WalkOutcome::incomplete;
    record.error = "the database holds fewer SIMs than were stored: the next walk writes them again";
    return {};
  }
  if (learnt_ && known_.unseen() == 0) return {};
  const auto unseen_up_to = [&](std::uint64_t most) {
    return lock_retry_(stop, [&] { return unseen_sims(*store_, project_, known_, most); });
  };
  UnseenSims unseen = unseen_up_to(config_.max_disappeared.of(present));
  if (unseen.total == 0) return {};
  const std::uint64_t allowed = believable(present, unseen.total, stop);
  if (unseen.total > allowed) {
    record.outcome = WalkOutcome::incomplete;
    record.held_back = unseen.total;
    record.error = "the list left out " + std::to_string(unseen.total) +
                   " SIMs, more than walk.max_disappeared allows (" + std::to_string(allowed) +
                   "): none was taken for missing; if they are gone for good: simsyncd approve " +
                   std::to_string(record.id);
    return {};
  }
  if (unseen.total > unseen.ids.size()) unseen = unseen_up_to(unseen.total);
  return ask(unseen.ids, record, stop);
}

}  // namespace simsync
