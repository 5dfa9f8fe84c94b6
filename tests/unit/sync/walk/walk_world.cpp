#include "tests/unit/sync/walk/walk_world.h"

#include <algorithm>
#include <utility>

namespace simsync {

void WalkWorld::fail(const std::string& what) {
  if (report_.error.empty()) report_.error = what;
}

// ---- a walk, its crashes and its second lives

WorldReport WalkWorld::run() {
  known_.emplace(list_.hasher().seed());
  load(std::nullopt);
  walk();
  if (report_.error.empty()) check();
  if (report_.error.empty() && disorder_ == 0 && chance(0.3)) walk_quietly();
  return report_;
}

void WalkWorld::load(std::optional<std::uint64_t> since) {
  known_->reserve(mirror_.size());
  for (Number sim = 0; sim < mirror_.size(); ++sim) {
    const Row& row = mirror_[sim];
    if (!row.present) continue;
    const bool seen = since && row.confirmed >= *since;
    row.content == list_.content(sim) ? known_->load(list_.sim(sim), seen)
                                      : known_->load(list_.sim_with(sim, row.content), seen);
  }
}

void WalkWorld::begin_walk() {
  walk_started_ = ++clock_;
  for (Number sim = 0; sim < list_.size(); ++sim) {
    stories_[sim] = {list_.exists(sim), !list_.exists(sim), true, 0};
  }
  stored_progress_.reset();
  deleted_ = false;
  sims_read_ = read_again_ = 0;
  unstored_.clear();
  plan_.emplace(*known_, parallel_, grain_);
}

void WalkWorld::resume() {
  ++report_.resumed;
  if (chance(0.2)) parallel_ = 1 + skewed(31);
  plan_.emplace(*known_, parallel_, *stored_progress_, grain_);
}

// All that is in memory is lost.
void WalkWorld::crash() {
  --manners_.crashes_left;
  for (const auto& pages : unstored_) {
    for (const Unstored& page : pages) read_again_ += page.sims;
  }
  unstored_.clear();
  pending_.clear();
  queue_ = {};
  batch_.reset();
  plan_.reset();
  ++clock_;
  known_.emplace(list_.hasher().seed());
  load(stored_progress_ ? std::optional{walk_started_} : std::nullopt);
  stored_progress_ ? resume() : begin_walk();
}

// Nothing more is written, and the next walk begins with what is known.
void WalkWorld::stop() {
  manners_.stop = 0;
  if (batch_) {
    if (!batch_->applied) apply_batch();
    end_batch();
  }
  queue_ = {};
  pending_.clear();
  begin_walk();
}

void WalkWorld::walk() {
  begin_walk();
  std::uint64_t pages = 200 + std::uint64_t{40} * (list_.size() / page_cap_ + 2 * parallel_);
  pages += std::uint64_t{4} * (list_.size() / page_cap_) * manners_.crashes_left;
  const std::uint64_t most = 40 * pages + std::uint64_t{400} * list_.size();
  for (steps_ = 0; report_.error.empty(); ++steps_) {
    if (steps_ > most) return fail("the walk does not end");
    if (manners_.crashes_left > 0 && chance(manners_.crash)) crash();
    if (chance(manners_.stop)) stop();
    if (!plan_->finished()) {
      step();
    } else if (!write_step()) {
      break;
    }
  }
  pending_.clear();
  report_.outcome = plan_->outcome();
  report_.reason = plan_->error();
  report_.segments = plan_->segments();
}

void WalkWorld::step() {
  ++clock_;
  if (chance(manners_.motion)) move();
  if (chance(manners_.save) && !batch_) save();
  if (chance(manners_.write) && write_step()) return;
  if (chance(0.5) && ask()) return;
  if (answer_one() || ask() || write_step()) return;
  fail("nothing is left to do, and the walk is not finished");
}

bool WalkWorld::ask() {
  if (pending_.size() >= parallel_) return false;
  Pending pending;
  pending.asked = clock_;
  pending.detour = plan_->next_detour();
  if (!pending.detour) {
    std::optional<PageRequest> request = plan_->next();
    if (!request) return false;
    if (!request->query.after.empty()) cursors_.push_back(SimulatedList::number_of(request->query.after));
    pending.request = std::move(*request);
  }
  pending_.push_back(std::move(pending));
  return true;
}

// ---- answers

bool WalkWorld::answer_one() {
  if (pending_.empty()) return false;
  std::swap(pending_[roll() % pending_.size()], pending_.back());
  Pending& chosen = pending_.back();
  if (!chosen.detour && !chosen.answered) {
    make_answer(chosen);
    if (chance(manners_.stale)) return true;
  }
  Pending arrived = std::move(chosen);
  pending_.pop_back();
  if (arrived.detour) {
    answer_detour(*arrived.detour);
  } else {
    deliver(arrived);
  }
  return true;
}

void WalkWorld::make_answer(Pending& pending) {
  pending.answered = true;
  std::size_t most = std::min(page_cap_, static_cast<std::size_t>(pending.request.query.limit));
  if (chance(manners_.short_page)) most = number(1, static_cast<std::uint32_t>(most));
  pending.gone = !list_.page(pending.request.query, most, pending.page, pending.keys);
  if (pending.request.segment == PageRequest::kScout) return;
  for (const Sim& sim : pending.page.sims) {
    const Number number = SimulatedList::number_of(sim.id);
    Story& story = stories_[number];
    if (story.contents == 0) story.contents = static_cast<std::uint16_t>(1U << list_.content(number));
  }
}

void WalkWorld::deliver(Pending& pending) {
  if (chance(manners_.faults) && spoil(pending)) return;
  if (pending.gone) return plan_->failed(pending.request, PageFailure::cursor_gone, "gone");
  deliver_page(pending);
}

// True: it is no page any more.
bool WalkWorld::spoil(Pending& pending) {
  const std::uint32_t kind = number(0, 999);
  SimPage& page = pending.page;
  if (kind >= 900 && kind < 925 && lies_left_ > 0) {
    // Once, or twice, it may seem as if the list were at its end.
    --lies_left_;
    page = {};
    pending.keys.clear();
  } else if (kind < 5) {
    plan_->failed(pending.request, PageFailure::no_api, "fault");
  } else if (kind < 600) {
    plan_->failed(pending.request, PageFailure::bad_page, "fault");
  } else if (kind < 900) {
    const bool cursor = !pending.request.query.after.empty();
    plan_->failed(pending.request, cursor ? PageFailure::cursor_gone : PageFailure::bad_page, "fault");
  } else if (kind < 950) {
    page.sims.clear();
    pending.keys.clear();
    page.more_after = pending.request.query.after;
  } else if (kind < 990 && !page.sims.empty()) {
    // Twice on its page, and not as the last one: the cursor is right.
    page.sims.push_back(page.sims.front());
    pending.keys.push_back(pending.keys.front());
    std::swap(page.sims[page.sims.size() - 2], page.sims.back());
    std::swap(pending.keys[pending.keys.size() - 2], pending.keys.back());
  } else {
    page.skipped.push_back({"sim_x", "broken"});
  }
  return kind < 900;
}

void WalkWorld::deliver_page(Pending& pending) {
  ++report_.pages;
  const std::uint64_t sims = pending.page.sims.size();
  const bool to_write = plan_->arrived(pending.request, pending.page, pending.keys);
  if (to_write != !pending.page.sims.empty()) fail("a page is to be written, or not, against what it holds");
  if (pending.page.sims.size() != pending.keys.size()) fail("SIMs and keys do not go together");
  if (pending.request.segment == PageRequest::kScout) {
    ++report_.scouted;
    return;
  }
  sims_read_ += sims;
  report_.sims += sims;
  if (unstored_.size() <= pending.request.segment) unstored_.resize(pending.request.segment + 1);
  unstored_[pending.request.segment].push_back({to_write ? pending.request.number : 0, sims});
  if (!to_write) return;
  queue_.pages.push_back(pending.request.number);
  for (std::size_t i = 0; i < pending.page.sims.size(); ++i) {
    queue_.readings.push_back({std::move(pending.page.sims[i]), pending.keys[i], pending.asked});
  }
}

// As the store would: the first known SIM created earlier, or one further on.
void WalkWorld::answer_detour(const DetourRequest& detour) {
  std::optional<std::string> beyond;
  std::size_t left = detour.distance;
  for (Number sim = list_.size(); sim > 0 && !beyond && !chance(0.001); --sim) {
    if (!mirror_[sim - 1].present || list_.sim(sim - 1).created_at >= detour.before) continue;
    if (left-- == 0) beyond = list_.sim(sim - 1).id;
  }
  plan_->detour(detour.segment, beyond);
}

// ---- the writer and its database

// False: there is nothing to write.
bool WalkWorld::write_step() {
  if (!batch_) {
    if (queue_.readings.empty()) return false;
    begin_batch();
  } else if (!batch_->applied) {
    apply_batch();
  } else {
    end_batch();
  }
  return true;
}

std::optional<WalkProgress> WalkWorld::progress(const std::vector<std::uint64_t>& pages) {
  FetchedSims queued;
  for (const Reading& reading : queue_.readings) queued.add(reading.key, {reading.sim, {}, {}});
  std::optional<WalkProgress> progress = plan_->progress(pages, queued);
  if (!progress) return progress;
  progress->record.pages = plan_->pages();
  progress->record.skipped = plan_->skipped();
  progress->record.error = plan_->skipped() > 0 ? "skipped" : "";
  return progress;
}

void WalkWorld::begin_batch() {
  batch_.emplace(std::exchange(queue_, {}));
  batch_->progress = progress(batch_->pages);
  if (!batch_->progress) return;
  batch_->stored = stored_with(batch_->pages);
}

void WalkWorld::apply_batch() {
  batch_->applied = true;
  for (const Reading& reading : batch_->readings) {
    Row& row = mirror_[SimulatedList::number_of(reading.sim.id)];
    if (!write(row, SimulatedList::content_of(reading.sim), reading.asked)) ++batch_->late;
  }
  if (batch_->progress) store(std::move(*batch_->progress), batch_->stored);
}

void WalkWorld::end_batch() {
  for (const Reading& reading : batch_->readings) {
    known_->stored(reading.key, reading.sim);
    if (batch_->late > 0) known_->doubt(reading.key.id);
  }
  plan_->committed(batch_->pages);
  for (auto& pages : unstored_) {
    for (Unstored& page : pages) {
      if (std::find(batch_->pages.begin(), batch_->pages.end(), page.number) != batch_->pages.end()) page.number = 0;
    }
  }
  batch_.reset();
}

// False: it is late.
bool WalkWorld::write(Row& row, std::uint8_t content, std::uint64_t asked) {
  if (row.present && row.content == content) return true;
  if (row.stored && asked < row.confirmed) return false;
  row = {true, true, content, asked};
  return true;
}

// How many of each segment's pages are stored with the progress made now.
std::vector<std::size_t> WalkWorld::stored_with(const std::vector<std::uint64_t>& pages) const {
  std::vector<std::size_t> stored;
  for (const auto& unstored : unstored_) {
    const auto end = std::find_if(unstored.begin(), unstored.end(), [&pages](const Unstored& page) {
      return page.number != 0 && std::find(pages.begin(), pages.end(), page.number) == pages.end();
    });
    stored.push_back(static_cast<std::size_t>(end - unstored.begin()));
  }
  return stored;
}

void WalkWorld::store(WalkProgress progress, const std::vector<std::size_t>& stored) {
  stored_progress_ = std::move(progress);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    unstored_[i].erase(unstored_[i].begin(), unstored_[i].begin() + static_cast<std::ptrdiff_t>(stored[i]));
  }
}

void WalkWorld::save() {
  std::optional<WalkProgress> now = progress({});
  if (now) store(std::move(*now), stored_with({}));
}

}  // namespace simsync
