#include "daemon/stocktake/card_search.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace simsync {
namespace {

constexpr std::size_t kShortestSearch = 19;  // facts.md: the API refuses less

// Of one request, and nothing to do with the next one.
bool is_of_this_request(ApiFailure failure) {
  return failure == ApiFailure::rejected || failure == ApiFailure::not_found || failure == ApiFailure::malformed ||
         failure == ApiFailure::too_large;
}

bool has_number(const Sim& sim, const std::string& digits) {
  const auto read = read_iccid(sim.iccid);
  const auto* iccid = std::get_if<Iccid>(&read);
  return iccid != nullptr && iccid->digits() == digits;
}

}  // namespace

std::vector<std::string> searches_of(const Iccid& iccid) {
  std::vector<std::string> searches;
  const auto add = [&](const std::optional<Iccid>& other) {
    if (other && other->digits().size() >= kShortestSearch) searches.emplace_back(other->digits());
  };
  add(iccid);
  add(iccid.with_check_digit());
  add(iccid.without_check_digit());
  return searches;
}

CardSearch::CardSearch(std::vector<SearchedProject> projects, unsigned workers, Progress progress)
    : projects_(std::move(projects)), workers_(workers), progress_(std::move(progress)) {}

std::vector<CardAnswer> CardSearch::ask(const std::vector<Iccid>& iccids, const std::stop_token& stop) {
  std::vector<CardAnswer> answers(iccids.size());
  const auto work = [&] {
    while (!stop.stop_requested()) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock{mutex_};
        if (next_ == iccids.size()) return;
        mine = next_++;
      }
      answers[mine] = answer_for(iccids[mine], stop);
      const std::lock_guard lock{mutex_};
      if (!answers[mine].hits.empty()) ++found_;
      progress_(++through_, found_);
    }
  };
  std::vector<std::jthread> threads;
  const std::size_t wanted = std::min<std::size_t>(std::max(workers_, 1U), iccids.size());
  for (std::size_t i = 0; i < wanted; ++i) threads.emplace_back(work);
  threads.clear();  // joins
  return answers;
}

CardAnswer CardSearch::answer_for(const Iccid& iccid, const std::stop_token& stop) {
  CardAnswer answer;
  answer.complete = true;
  for (const std::string& text : searches_of(iccid)) {
    for (const SearchedProject& project : projects_) {
      if (!search(project, text, answer, stop)) answer.complete = false;
    }
    if (!answer.hits.empty()) break;  // the other numbers are guesses
  }
  return answer;
}

// Whether the project answered.
bool CardSearch::search(const SearchedProject& project, const std::string& text, CardAnswer& answer,
                        const std::stop_token& stop) {
  if (const auto failure = given_up(project.id)) {
    answer.why = *failure;
    return false;
  }
  try {
    SimPage page = project.api->search(text, {}, stop);
    for (std::size_t i = 0; i < page.sims.size(); ++i) {
      const Sim& sim = page.sims[i];
      if (!has_number(sim, text)) continue;
      answer.hits.push_back({project.id, {sim, page.exchange.asked_at, page.exchange.observed_at}});
    }
    if (page.skipped.empty()) return true;
    answer.why = "the API's answer has a SIM that cannot be read: " + page.skipped.front().reason;
    return false;
  } catch (const ApiError& error) {
    if (error.failure() == ApiFailure::stopped) return false;
    answer.why = error.what();
    if (!is_of_this_request(error.failure())) {
      const std::lock_guard lock{mutex_};
      failures_.emplace(project.id, error.what());
    }
    return false;
  }
}

std::optional<std::string> CardSearch::given_up(const std::string& project) {
  const std::lock_guard lock{mutex_};
  const auto known = failures_.find(project);
  if (known == failures_.end()) return std::nullopt;
  return known->second;
}

}  // namespace simsync
