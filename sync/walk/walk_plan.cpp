#include "sync/walk/walk_plan.h"

#include <algorithm>
#include <limits>

namespace simsync {
namespace {

constexpr int kFullPage = 200;           // sims-reference.txt, "limit"
constexpr std::size_t kRecentIds = 400;  // two pages to step back over when a cursor's SIM is deleted
constexpr unsigned kAskAgain = 2;        // an empty page or repeating cursor may be a passing fault
constexpr unsigned kBarrenPages = 20;    // pages in a row that bring no new SIM
constexpr unsigned kDetours = 4;         // in a row, with nothing read in between
constexpr unsigned kStartsOver = 2;
constexpr std::uint64_t kRequests = 1'000'000;  // 200 million SIMs: no inventory, but an API without end

}  // namespace

std::optional<PageRequest> WalkPlan::next() {
  if (state_ != State::ready) return std::nullopt;
  if (requests_ == kRequests) {
    finish(WalkOutcome::failed, "the list does not end after " + std::to_string(kRequests) + " pages");
    return std::nullopt;
  }
  state_ = State::waiting;
  return PageRequest{++requests_, after_, limit_};
}

// A page that cannot be right, or is right only by a rare coincidence: nothing on it though its predecessor promised
// more, or a cursor that leads back.
bool WalkPlan::suspicious(const PageRequest& request, const SimPage& page) const {
  if (page.more_after && (*page.more_after == request.after || cursors_.contains(*page.more_after))) return true;
  return page.sims.empty() && page.skipped.empty();
}

void WalkPlan::remember(const SimPage& page, bool& anything_new) {
  for (const Sim& sim : page.sims) {
    anything_new |= seen_.insert(sim.id);
    recent_ids_.push_back(sim.id);
    if (!oldest_read_ || sim.created_at < *oldest_read_) oldest_read_ = sim.created_at;
  }
  while (recent_ids_.size() > kRecentIds) recent_ids_.pop_front();
}

void WalkPlan::arrived(const PageRequest& request, const SimPage& page) {
  ++pages_;
  bool anything_new = false;
  remember(page, anything_new);
  for (const SkippedItem& item : page.skipped) {
    skip("SIM " + (item.id.empty() ? "without a readable id" : item.id) + " skipped: " + item.reason);
  }
  state_ = State::ready;
  if (suspicious(request, page) && asked_again_ < kAskAgain) {
    ++asked_again_;
    return;
  }
  asked_again_ = 0;
  steps_back_ = 0;
  if (page.more_after && page.sims.empty() && page.skipped.empty()) {
    // The cursor is the id of the page's last SIM (sims-reference.txt, moreItemsAfter), so there were some.
    skip("the page after " + request.after + " was empty, but promised more");
  }
  if (!page.more_after) {
    finish(skipped_ == 0 ? WalkOutcome::complete : WalkOutcome::incomplete, skip_reason_);
    return;
  }
  if (!cursors_.insert(*page.more_after)) {
    finish(WalkOutcome::failed, "the list's cursor " + *page.more_after + " leads back to where the walk has been");
    return;
  }
  if (anything_new) detours_ = 0;
  barren_pages_ = anything_new ? 0 : barren_pages_ + 1;
  if (barren_pages_ > kBarrenPages) {
    finish(WalkOutcome::failed, "the list brought no new SIM on " + std::to_string(barren_pages_) + " pages in a row");
    return;
  }
  after_ = *page.more_after;
  limit_ = std::min(kFullPage, limit_ * 2);
}

void WalkPlan::failed(const PageRequest& request, PageFailure failure, const std::string& reason) {
  state_ = State::ready;
  if (failure == PageFailure::cursor_gone && !request.after.empty()) {
    step_back();
  } else if (failure == PageFailure::bad_page) {
    shrink(reason);
  } else {
    finish(WalkOutcome::failed, reason);
  }
}

// The SIM that the cursor named was deleted. Any SIM read before it does as well: what comes after that one is read
// again, and nothing is missed. Doubling steps pass over any number of deleted ones.
void WalkPlan::step_back() {
  const std::size_t back = std::size_t{1} << std::min<std::size_t>(steps_back_, 16);
  ++steps_back_;
  // Reading a stretch again may end on a cursor that was followed before; barren_pages_ still bounds the walk.
  cursors_.clear();
  if (back < recent_ids_.size()) {
    after_ = recent_ids_[recent_ids_.size() - 1 - back];
  } else {
    start_over();
  }
}

// Smaller pages find out which SIM it is that makes a page unreadable; all before it are read.
void WalkPlan::shrink(const std::string& reason) {
  if (limit_ > 1) {
    limit_ = std::max(1, limit_ / 8);
    return;
  }
  // Before anything was read the reason alone says it best: a wrong address, most likely.
  skip(after_.empty() ? reason : "the page after " + after_ + " was skipped: " + reason);
  ++detours_;
  if (detours_ > kDetours) {
    finish(WalkOutcome::failed, skip_reason_);
  } else {
    state_ = State::detour;
  }
}

void WalkPlan::skip(const std::string& reason) {
  ++skipped_;
  if (skip_reason_.empty()) skip_reason_ = reason;
}

std::size_t WalkPlan::detour_distance() const {
  // 0, 1, 8, 64, …: from the next known SIM to one well beyond a damaged stretch.
  return detours_ <= 1 ? 0 : std::size_t{1} << (3 * (detours_ - 2));
}

void WalkPlan::detour(const std::optional<std::string>& beyond) {
  if (!beyond || !cursors_.insert(*beyond)) {
    // Nothing is known further down: all that can be read was read.
    finish(seen_.size() > 0 ? WalkOutcome::incomplete : WalkOutcome::failed, skip_reason_);
    return;
  }
  after_ = *beyond;
  limit_ = kFullPage;
  state_ = State::ready;
}

void WalkPlan::start_over() {
  if (starts_over_ == kStartsOver) {
    finish(WalkOutcome::failed, "the API keeps saying that the cursor's SIM does not exist");
    return;
  }
  ++starts_over_;
  after_.clear();
  limit_ = kFullPage;
  seen_.clear();
  cursors_.clear();
  recent_ids_.clear();
  oldest_read_.reset();
  steps_back_ = 0;
  barren_pages_ = 0;
}

void WalkPlan::finish(WalkOutcome outcome, const std::string& error) {
  state_ = State::finished;
  outcome_ = outcome;
  error_ = error;
}

}  // namespace simsync
