#include "sync/walk/walk_plan.h"

#include <algorithm>
#include <utility>

namespace simsync {
namespace {

constexpr std::uint64_t kPage = 200;        // SIMs; sims-reference.txt, "limit"
constexpr std::uint64_t kBarrenPages = 20;  // that bring no new SIM, beyond as many as did
constexpr std::uint64_t kYoungPages = 200;
constexpr std::size_t kSkippedIds = 10'000;
constexpr std::uint64_t kMeetingPages = 64;  // on which to meet the providers there are
constexpr std::size_t kAhead = 12;           // SIMs whose entries are fetched before their turn
constexpr unsigned kDetours = 4;             // in a row, with nothing read in between
constexpr unsigned kStartsOver = 2;
// Ten million SIMs on a first walk, then four times what is known: no inventory, but an API without end.
constexpr std::uint64_t kMostPages = 50'000;
constexpr TimePoint kLatest = std::chrono::sys_days{std::chrono::year{2200} / 1 / 1};

std::uint64_t most_pages(std::uint64_t known) {
  return kMostPages + 4 * known / kPage;
}

}  // namespace

WalkPlan::WalkPlan(KnownSims& known, unsigned parallel, const WalkGrain& grain)
    : known_(known), parallel_(std::max(1U, parallel)), grain_(grain), known_before_(known.present()) {
  known_.begin_walk();
  mark_landmarks(known_.landmarks());
  segments_.emplace_back("", kLatest);
  const std::uint64_t wanted = std::clamp<std::uint64_t>(known_before_ / grain_.segment_sims, 1, parallel_);
  for (const std::size_t landmark : landmarks_.spread(wanted - 1)) add_segment(landmark);
}

// ---- asking

PageRequest WalkPlan::ask(std::size_t number) {
  WalkSegment& segment = segments_[number];
  segment.asked();
  PageRequest request;
  request.number = ++requests_;
  request.segment = number;
  request.query.statuses = kAllStatuses;  // the API's default leaves retired ones out
  request.query.after = segment.position().after;
  request.query.limit = segment.limit();
  return request;
}

std::optional<PageRequest> WalkPlan::next() {
  if (finished_) return std::nullopt;
  std::size_t running = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].state() == WalkSegment::State::ready) return ask(i);
    running += segments_[i].running() ? 1 : 0;
  }
  if (running >= parallel_) return std::nullopt;
  if (!scouts_.out() && split()) return ask(segments_.size() - 1);
  PageRequest request;
  if (!send_scouts(request)) return std::nullopt;
  request.number = ++requests_;
  return request;
}

// ---- what came

// A page that cannot be right, or is right only by a rare coincidence: nothing on it though its predecessor promised
// more, or a cursor that leads back.
bool WalkPlan::suspicious(const PageRequest& request, const SimPage& page) const {
  if (page.more_after &&
      (*page.more_after == request.query.after || cursors_.contains(cursor_key(request.segment, *page.more_after)))) {
    return true;
  }
  return page.sims.empty() && page.skipped.empty();
}

// A SIM that was not parsed since its text was known, and of which another reading is on its way by now.
bool WalkPlan::outrun(const std::vector<SimKey>& keys) const {
  return std::any_of(keys.begin(), keys.end(),
                     [this](const SimKey& key) { return key.same_text && !known_.created_if_same(key.id, key.text); });
}

// Reading a stretch again may follow a cursor again.
std::uint64_t WalkPlan::cursor_key(std::size_t number, const std::string& cursor) const {
  const std::uint64_t pass = number < passes_.size() ? passes_[number] : 0;
  return known_.hasher().id(cursor).low ^ ((number << 40U) + (pass << 20U)) * 0x9e3779b97f4a7c15U;
}

// Where another segment begins, this one ends: at its cut, which still belongs here, or before a SIM of its first page,
// should the cut have been deleted since.
std::optional<std::int32_t> WalkPlan::find_end(std::size_t number, SimPage& page, std::vector<SimKey>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Mark* const found = marks_.find(keys[i].id);
    if (found == nullptr) continue;
    const Mark mark = *found;
    if (mark.kind == Mark::Kind::landmark) {
      landmarks_.use(mark.number);
      blind_pages_ = 0;
      continue;
    }
    if (mark.number == number || segments_[mark.number].state() == WalkSegment::State::lost) continue;
    const std::size_t kept = i + (mark.cut ? 1 : 0);
    page.sims.resize(kept);
    keys.resize(kept);
    return static_cast<std::int32_t>(mark.number);
  }
  if (page.more_after) return std::nullopt;
  return WalkSegment::kEndOfList;
}

void WalkPlan::leave_what_is_new(SimPage& page, std::vector<SimKey>& keys, bool& anything_new) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < page.sims.size(); ++i) {
    if (i + kAhead < keys.size()) known_.prefetch(keys[i + kAhead].id);
    const KnownSims::Sight sight = known_.see(keys[i], page.sims[i].created_at);
    anything_new |= sight.first;
    if (!sight.to_write) continue;
    if (kept != i) {
      std::swap(page.sims[kept], page.sims[i]);
      keys[kept] = keys[i];
    }
    ++kept;
  }
  page.sims.resize(kept);
  keys.resize(kept);
}

void WalkPlan::note_skipped(const SimPage& page) {
  for (const SkippedItem& item : page.skipped) {
    // Two segments may meet the same one.
    if (!item.id.empty() && skipped_ids_.contains(item.id)) continue;
    if (!item.id.empty() && skipped_ids_.size() < kSkippedIds) skipped_ids_.insert(item.id);
    skip("SIM " + (item.id.empty() ? "without a readable id" : item.id) + " skipped: " + item.reason);
  }
}

void WalkPlan::note_age(const SimPage& page) {
  const auto young = [this](const Sim& sim) { return sim.created_at > *newest_; };
  if (newest_ && !page.sims.empty() && std::all_of(page.sims.begin(), page.sims.end(), young)) ++young_pages_;
}

bool WalkPlan::endless(bool anything_new) {
  anything_new ? ++pages_with_news_ : ++barren_pages_;
  if (barren_pages_ > kBarrenPages + pages_with_news_) {
    finish(WalkOutcome::failed, "the list brought no new SIM on " + std::to_string(barren_pages_) + " pages");
  }
  if (young_pages_ > kYoungPages) finish(WalkOutcome::failed, "the list grows faster than it is read");
  if (pages_ > most_pages(known_before_)) {
    finish(WalkOutcome::failed, "the list does not end after " + std::to_string(pages_) + " pages");
  }
  return finished_;
}

// Of what was not parsed only the id is there.
void WalkPlan::meet(const SimPage& page, const std::vector<SimKey>& keys) {
  for (std::size_t i = 0; i < page.sims.size(); ++i) {
    if (!keys[i].same_text) scouts_.met(page.sims[i]);
  }
}

// Takes the segment on to its next page, or to its end. False: the walk is over.
bool WalkPlan::follow(std::size_t number, const SimPage& page, const std::vector<SimKey>& keys,
                      std::optional<std::int32_t> ended_at) {
  WalkSegment& segment = segments_[number];
  if (!ended_at && !cursors_.insert(cursor_key(number, *page.more_after)).second) {
    finish(WalkOutcome::failed, "the list's cursor " + *page.more_after + " leads back to where the walk has been");
    return false;
  }
  lost_cuts_ = 0;
  if (segment.untouched() && !segment.head()) {
    for (const SimKey& key : keys) {
      const Mark* const mark = marks_.find(key.id);
      const bool taken = mark != nullptr && mark->kind == Mark::Kind::segment &&
                         segments_[mark->number].state() != WalkSegment::State::lost;
      if (!taken) marks_.set(key.id, {Mark::Kind::segment, number});
    }
  }
  segment.read(page, ended_at);
  if (ended_at) may_split_ = true;
  return true;
}

bool WalkPlan::arrived(const PageRequest& request, SimPage& page, std::vector<SimKey>& keys) {
  const auto drop = [&page, &keys] {
    page.sims.clear();
    keys.clear();
  };
  if (request.segment == PageRequest::kScout) {
    scouts_.arrived(request, page);
    call_scouts_home();
    drop();
    return false;
  }
  if (finished_) {
    drop();
    return false;
  }
  WalkSegment& segment = segments_[request.segment];
  ++pages_;
  ++blind_pages_;
  note_skipped(page);
  if ((suspicious(request, page) || outrun(keys)) && segment.ask_again()) {
    // Its SIMs are read again with the next answer.
    drop();
    return false;
  }
  if (page.more_after && page.sims.empty() && page.skipped.empty()) {
    // The cursor is the id of the page's last SIM (sims-reference.txt, moreItemsAfter), so there were some.
    skip("the page after " + request.query.after + " was empty, but promised more");
  }
  if (!newest_ && request.query.after.empty() && !page.sims.empty()) {
    newest_ = std::max_element(page.sims.begin(), page.sims.end(), [](const Sim& one, const Sim& other) {
                return one.created_at < other.created_at;
              })->created_at;
  }
  const std::optional<std::int32_t> ended_at = find_end(request.segment, page, keys);
  note_age(page);
  if (request.number <= kMeetingPages) meet(page, keys);
  const bool going_on = follow(request.segment, page, keys, ended_at);
  bool anything_new = false;
  leave_what_is_new(page, keys, anything_new);
  if (anything_new) segment.made_headway();
  if (going_on && !ended_at) endless(anything_new);
  const bool to_write = !page.sims.empty();
  segment.wait_for_commit(to_write ? request.number : 0);
  if (!finished_) settle();
  return to_write;
}

void WalkPlan::committed(const std::vector<std::uint64_t>& numbers) {
  for (const std::uint64_t number : numbers) {
    for (WalkSegment& segment : segments_) segment.committed(number);
  }
}

// ---- what did not come

void WalkPlan::failed(const PageRequest& request, PageFailure failure, const std::string& reason) {
  if (finished_) return;
  if (request.segment == PageRequest::kScout) {
    scouts_.failed(request);
    call_scouts_home();
    if (failure == PageFailure::no_api) finish(WalkOutcome::failed, reason);
    return;
  }
  if (failure == PageFailure::cursor_gone && !request.query.after.empty()) {
    step_back(request.segment);
  } else if (failure == PageFailure::bad_page) {
    unreadable(request.segment, reason);
  } else {
    finish(WalkOutcome::failed, reason);
  }
  if (!finished_) settle();
}

void WalkPlan::step_back(std::size_t number) {
  WalkSegment& segment = segments_[number];
  passes_.resize(segments_.size());
  ++passes_[number];
  if (segment.step_back()) return;
  if (!segment.head()) {
    lose(number);
  } else if (starts_over_++ == kStartsOver) {
    finish(WalkOutcome::failed, "the API keeps saying that the cursor's SIM does not exist");
  } else {
    segment.start_over();
  }
}

// Whoever had met it goes on, over what the lost one has read as well: that is read again, and nothing is missed.
void WalkPlan::lose(std::size_t number) {
  if (segments_[number].untouched()) ++lost_cuts_;
  segments_[number].lose();
  passes_.resize(segments_.size());
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].state() != WalkSegment::State::ended) continue;
    if (segments_[i].position().ended_at != static_cast<std::int32_t>(number)) continue;
    ++passes_[i];
    segments_[i].reopen();
  }
  may_split_ = true;
}

// Smaller pages find out which SIM it is that makes a page unreadable; all before it are read.
void WalkPlan::unreadable(std::size_t number, const std::string& reason) {
  WalkSegment& segment = segments_[number];
  if (segment.shrink()) return;
  const std::string& after = segment.position().after;
  // Before anything was read the reason alone says it best: a wrong address, most likely.
  skip(after.empty() ? reason : "the page after " + after + " was skipped: " + reason);
  segment.want_detour();
  detour_told_.resize(segments_.size());
  detour_told_[number] = false;
  if (segment.detours() > kDetours) finish(WalkOutcome::failed, skip_reason_);
}

std::optional<DetourRequest> WalkPlan::next_detour() {
  if (finished_) return std::nullopt;
  for (std::size_t i = 0; i < detour_told_.size(); ++i) {
    const WalkSegment& segment = segments_[i];
    if (segment.state() != WalkSegment::State::detour || detour_told_[i]) continue;
    detour_told_[i] = true;
    return DetourRequest{i, segment.position().reached, segment.position().after, segment.detour_distance(),
                         known_before_ == 0};
  }
  return std::nullopt;
}

void WalkPlan::detour(std::size_t number, const std::optional<std::string>& beyond) {
  if (finished_) return;
  WalkSegment& segment = segments_[number];
  // Nothing is known further down: all that can be read was read.
  if (beyond && cursors_.insert(cursor_key(number, *beyond)).second) {
    segment.detour(*beyond);
  } else if (known_.seen() == 0) {
    finish(WalkOutcome::failed, skip_reason_);
  } else {
    segment.end_without_detour();
    settle();
  }
}

void WalkPlan::skip(const std::string& reason) {
  ++skipped_;
  if (skip_reason_.empty()) skip_reason_ = reason;
}

// ---- the end

// From the head, each segment's end leads to the next, until the end of the list.
bool WalkPlan::chain_is_whole() const {
  std::size_t at = 0;
  for (std::size_t steps = 0; steps <= segments_.size(); ++steps) {
    const std::int32_t next = segments_[at].position().ended_at;
    if (next == WalkSegment::kEndOfList) return true;
    if (next < 0) return false;
    at = static_cast<std::size_t>(next);
  }
  return false;
}

void WalkPlan::settle() {
  if (std::any_of(segments_.begin(), segments_.end(), [](const WalkSegment& segment) { return segment.running(); }))
    return;
  if (!chain_is_whole()) {
    finish(WalkOutcome::failed, "the list leads back to where the walk has been");
  } else {
    finish(skipped_ == 0 ? WalkOutcome::complete : WalkOutcome::incomplete, skip_reason_);
  }
}

void WalkPlan::finish(WalkOutcome outcome, const std::string& error) {
  if (finished_) return;
  finished_ = true;
  outcome_ = outcome;
  error_ = error;
}

}  // namespace simsync
