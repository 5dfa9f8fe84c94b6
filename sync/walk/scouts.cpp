#include "sync/walk/scouts.h"

#include <algorithm>
#include <utility>

namespace simsync {
namespace {

constexpr std::size_t kKinds = 32;     // providers, and types, that are looked for
constexpr unsigned kPages = 64;        // of one list: one that is longer would not be short enough to pay
constexpr std::size_t kFound = 4096;   // landmarks kept of one list
constexpr std::size_t kOuting = 4096;  // more than there are lists; an answer to an earlier outing counts for nothing

}  // namespace

void Scouts::met(const Sim& sim) {
  if (providers_.size() < kKinds) providers_.insert(sim.provider);
  if (types_.size() < kKinds) types_.insert(sim.type);
}

void Scouts::set_out(const std::string& after) {
  out_ = true;
  ++times_;
  lists_.clear();
  for (const std::string& status : kAllStatuses) {
    for (const std::string& type : types_) {
      // The API takes the types of its enum only (sims-reference.txt, "List all SIMs").
      if (type != "eSIM" && type != "pSIM") continue;
      for (const std::string& provider : providers_) lists_.push_back({provider, type, status, after, {}});
    }
  }
}

bool Scouts::next(PageRequest& request) {
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    turn_ = (turn_ + 1) % lists_.size();
    List& list = lists_[turn_];
    if (list.asked || list.ended || list.dropped) continue;
    list.asked = true;
    request.segment = PageRequest::kScout;
    request.scout = times_ * kOuting + turn_;
    request.query = {};
    request.query.providers = {list.provider};
    request.query.type = list.type;
    request.query.statuses = {list.status};
    request.query.after = list.after;
    return true;
  }
  return false;
}

void Scouts::keep(List& list, const SimPage& page) {
  for (std::size_t i = 0; i < page.sims.size(); i += list.step) {
    list.found.push_back({page.sims[i].id, page.sims[i].created_at});
  }
  if (list.found.size() <= kFound) return;
  for (std::size_t i = 0; 2 * i < list.found.size(); ++i) list.found[i] = list.found[2 * i];
  list.found.resize((list.found.size() + 1) / 2);
  list.step *= 2;
}

void Scouts::arrived(const PageRequest& request, const SimPage& page) {
  if (!out_ || request.scout / kOuting != times_) return;
  List& list = lists_[request.scout % kOuting];
  list.asked = false;
  keep(list, page);
  ++list.pages;
  if (!page.more_after) {
    list.ended = true;
  } else if (page.sims.empty() || *page.more_after == list.after || list.pages == kPages) {
    list.dropped = true;
  } else {
    list.after = *page.more_after;
  }
}

void Scouts::failed(const PageRequest& request) {
  if (out_ && request.scout / kOuting == times_) lists_[request.scout % kOuting].dropped = true;
}

bool Scouts::home(std::size_t wanted) const {
  std::size_t found = 0;
  bool all = true;
  for (const List& list : lists_) {
    if (list.ended) found += list.found.size();
    all = all && (list.ended || list.dropped);
  }
  return all || found >= wanted;
}

std::vector<Landmark> Scouts::take() {
  const bool any_ended =
      std::any_of(lists_.begin(), lists_.end(), [](const List& list) { return list.ended && !list.found.empty(); });
  std::vector<Landmark> found;
  for (List& list : lists_) {
    if (!any_ended || list.ended) std::move(list.found.begin(), list.found.end(), std::back_inserter(found));
  }
  lists_.clear();
  out_ = false;
  return found;
}

}  // namespace simsync
