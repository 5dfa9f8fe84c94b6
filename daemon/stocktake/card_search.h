// Asks the API for ICCIDs that the inventory does not know, several at a time, within each project's budget.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "storage/sim.h"
#include "sync/api/sim_api.h"
#include "sync/iccid.h"

namespace simsync {

struct SearchedProject {
  std::string id;
  SimApi* api = nullptr;  // outlives the search
};

struct CardHit {
  std::string project;
  SimReading reading;
};

struct CardAnswer {
  bool complete = false;      // every project answered
  std::vector<CardHit> hits;  // what they have; also where not every one answered
  std::string why;            // the answer is not complete; empty where nobody was asked
};

// What the API is asked for one card: the number itself where it is long enough, then the same with a check digit more
// and less.
std::vector<std::string> searches_of(const Iccid& iccid);

class CardSearch {
 public:
  // Hears how many are through, and of how many something was found; one call at a time, from any thread.
  using Progress = std::function<void(std::size_t asked, std::size_t found)>;

  CardSearch(std::vector<SearchedProject> projects, unsigned workers, Progress progress);

  // Blocks until each has its answer, or stop is requested. A project that fails for good, as where the token is
  // refused, is not asked on. Once.
  std::vector<CardAnswer> ask(const std::vector<Iccid>& iccids, const std::stop_token& stop);

  // Why projects were given up, by their ids.
  [[nodiscard]] const std::map<std::string, std::string>& failures() const { return failures_; }

 private:
  CardAnswer answer_for(const Iccid& iccid, const std::stop_token& stop);
  bool search(const SearchedProject& project, const std::string& text, CardAnswer& answer, const std::stop_token& stop);
  std::optional<std::string> given_up(const std::string& project);

  const std::vector<SearchedProject> projects_;
  const unsigned workers_;
  const Progress progress_;
  std::mutex mutex_;  // guards what follows
  std::size_t next_ = 0;
  std::size_t through_ = 0;
  std::size_t found_ = 0;
  std::map<std::string, std::string> failures_;
};

}  // namespace simsync
