// Which page next, what does this page mean, is the walk complete. Decides a full walk over the API's list without
// I/O, clock or thread: somebody else (walker.h) does what next() says and reports what came. Refuses to walk for
// ever: whatever the API answers, it is finished within a bounded number of pages.
//
// The list is newest first, a cursor is any existing SIM's id (facts.md, "Lists"). So SIMs created during the walk
// are before its head and cannot be missed by what they push away, and SIMs deleted during it only shorten it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "storage/walk_record.h"
#include "sync/api/sim_api.h"
#include "sync/walk/seen_set.h"

namespace simsync {

struct PageRequest {
  std::uint64_t number = 0;  // of this request within the walk, from 1
  std::string after;         // empty: from the head of the list
  int limit = 200;
};

// Why a page did not come, after the retries of the API's client.
enum class PageFailure {
  cursor_gone,  // the SIM named by `after` does not exist any more
  bad_page,     // this page cannot be had or read; others may
  no_api,       // nothing can be had: no connection, no right, no time
};

class WalkPlan {
 public:
  // The next page to ask for; nullopt while an answer is awaited, a detour is wanted, or the walk is finished.
  std::optional<PageRequest> next();

  // What came. The page's SIMs are to be delivered whatever it says, also those read before: a later reading is
  // the truer one.
  void arrived(const PageRequest& request, const SimPage& page);
  void failed(const PageRequest& request, PageFailure failure, const std::string& reason);

  // After a page that cannot be read however small: is a SIM known further down the list, from which the walk can go
  // on? What lies between is skipped, and the walk will be incomplete.
  [[nodiscard]] bool wants_detour() const { return state_ == State::detour; }
  // The oldest creation time read so far; SIMs created before it lie further down. nullopt: nothing was read yet.
  [[nodiscard]] std::optional<TimePoint> oldest_read() const { return oldest_read_; }
  // How many known SIMs to pass over, so that repeated detours get further.
  [[nodiscard]] std::size_t detour_distance() const;
  // The cursor behind which nothing can be read.
  [[nodiscard]] const std::string& position() const { return after_; }
  // The answer: the id of such a SIM, or nullopt, which ends the walk.
  void detour(const std::optional<std::string>& beyond);

  [[nodiscard]] bool finished() const { return state_ == State::finished; }
  // Of a finished walk: complete, incomplete (something was skipped) or failed, and why.
  [[nodiscard]] WalkOutcome outcome() const { return outcome_; }
  [[nodiscard]] const std::string& error() const { return error_; }

  [[nodiscard]] const SeenSet& seen() const { return seen_; }
  [[nodiscard]] std::uint64_t pages() const { return pages_; }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

 private:
  enum class State { ready, waiting, detour, finished };

  bool suspicious(const PageRequest& request, const SimPage& page) const;
  void remember(const SimPage& page, bool& anything_new);
  void step_back();
  void shrink(const std::string& reason);
  void skip(const std::string& reason);
  void start_over();
  void finish(WalkOutcome outcome, const std::string& error);

  State state_ = State::ready;
  std::string after_;
  int limit_ = 200;
  std::uint64_t requests_ = 0;

  SeenSet seen_;
  SeenSet cursors_;                     // followed so far
  std::deque<std::string> recent_ids_;  // the last ones read, newest reading last
  std::size_t steps_back_ = 0;          // since a page came
  std::optional<TimePoint> oldest_read_;

  std::uint64_t pages_ = 0;
  std::uint64_t skipped_ = 0;
  std::string skip_reason_;
  unsigned asked_again_ = 0;   // the present page
  unsigned barren_pages_ = 0;  // in a row
  unsigned detours_ = 0;       // in a row
  unsigned starts_over_ = 0;

  WalkOutcome outcome_ = WalkOutcome::failed;
  std::string error_;
};

}  // namespace simsync
