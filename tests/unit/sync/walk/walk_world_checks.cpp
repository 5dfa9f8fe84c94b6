// What must be true at the end of a world.
#include "tests/unit/sync/walk/walk_world.h"

namespace simsync {

void WalkWorld::check() {
  if (report_.outcome != WalkOutcome::complete) {
    report_.gave_up = report_.faultless && honest_reason();
    if (report_.faultless && !report_.gave_up) fail("not complete, though nothing failed: " + report_.reason);
    return;
  }
  std::uint64_t present = 0;
  std::uint64_t unseen = 0;
  for (Number sim = 0; sim < list_.size(); ++sim) {
    check_sim(sim);
    if (!mirror_[sim].present) continue;
    ++present;
    unseen += known_->seen(list_.key(sim).id) ? 0 : 1;
  }
  if (known_->present() != present) fail("KnownSims counts other SIMs as present than the mirror holds");
  if (known_->unseen() != unseen) fail("KnownSims counts the unseen wrongly");
  if (!deleted_ && report_.faultless && disorder_ == 0) check_effort();
  ask_for_missing();
}

// The only ones for which a walk may end without the API having failed: rare, and the next walk is right again. What is
// deleted under its feet makes it read again what it has read, as does a crash when where it is cannot be stored; and
// in a list out of order the first page does not say what is young.
bool WalkWorld::honest_reason() const {
  const auto says = [this](const char* words) { return report_.reason.find(words) != std::string::npos; };
  const bool unstored = report_.resumed > 0 && grain_.most_unseen < WalkGrain{}.most_unseen;
  return (deleted_ && says("keeps saying that the cursor's SIM")) ||
         ((deleted_ || unstored) && says("brought no new SIM")) || (disorder_ > 0 && says("grows faster"));
}

void WalkWorld::check_sim(Number number) {
  const Story& story = stories_[number];
  const Row& row = mirror_[number];
  const std::string& id = list_.sim(number).id;
  const bool seen = known_->seen(list_.key(number).id);
  if (story.always) {
    // What is read of a list out of order is not always known after a crash; it is asked for.
    if (!seen && disorder_ == 0) fail(id + " existed all the time and was not seen");
    if (!row.present) return fail(id + " existed all the time and is not in the mirror");
    if (story.contents == 0) return fail(id + " existed all the time and was on no page");
    if ((story.contents >> row.content & 1U) == 0) fail(id + " is not in the mirror as it was read");
  }
  if (story.gone_before && seen) fail(id + " did not exist any more and counts as seen");
}

// Without deletions each SIM is read once; again only the rest of a page in which a segment ends, and what was not
// stored yet when a crash came.
void WalkWorld::check_effort() {
  const std::uint64_t most = list_.size() + read_again_ + report_.segments * page_cap_;
  if (sims_read_ > most) fail(std::to_string(sims_read_) + " SIMs were read, more than " + std::to_string(most));
}

void WalkWorld::ask_for_missing() {
  for (Number sim = 0; sim < list_.size(); ++sim) {
    Row& row = mirror_[sim];
    if (row.present && !known_->seen(list_.key(sim).id)) {
      ++clock_;
      if (list_.exists(sim)) {
        known_->see(list_.key(sim), list_.sim(sim).created_at);
        write(row, list_.content(sim), clock_);
        known_->stored(list_.key(sim), list_.sim(sim));
      } else {
        row.present = false;
        known_->gone(list_.sim(sim).id);
      }
    }
    const Story& story = stories_[sim];
    if (story.always && story.steady && (!row.present || row.content != list_.content(sim))) {
      fail(list_.sim(sim).id + " is not in the mirror as it was all the time");
    }
    if (story.gone_before && row.present) fail(list_.sim(sim).id + " is in the mirror, and was gone all the time");
  }
}

// The next walk, of a list at rest and with what is known from before: whatever was wrongly taken for stored shows.
void WalkWorld::walk_quietly() {
  const WorldReport before = report_;
  manners_ = {};
  queue_ = {};
  batch_.reset();
  pending_.clear();
  walk();
  if (report_.outcome != WalkOutcome::complete) fail("the next walk is not complete: " + report_.reason);
  for (Number sim = 0; sim < list_.size() && report_.error.empty(); ++sim) {
    check_sim(sim);
    const Row& row = mirror_[sim];
    if (row.present && list_.exists(sim) != known_->seen(list_.key(sim).id))
      fail("the next walk saw what is not there");
    if (list_.exists(sim) && (!row.present || row.content != list_.content(sim))) {
      fail(list_.sim(sim).id + " is not in the mirror after the next walk");
    }
  }
  const std::string error = report_.error;
  report_ = before;
  report_.error = error;
}

}  // namespace simsync
