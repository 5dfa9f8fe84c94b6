// Which page next, what does this page mean, is the walk complete. Decides a full walk over the API's list without
// I/O, clock or thread: somebody else (walker.h) does what next() says and reports what came. Refuses to walk for
// ever: whatever the API answers, it is finished within a bounded number of pages.
//
// The list is newest first, a cursor is any existing SIM's id (facts.md, "Lists"). So SIMs created during the walk are
// before its head and cannot be missed by what they push away, SIMs deleted during it only shorten it, and it can be
// cut at known SIMs into segments that are walked side by side. A segment ends when it meets the SIM at which another
// one begins, whichever that is: the plan relies on no order of the cuts. The walk is complete when the chain of
// segments from the head of the list, each ending where the next one begins, reaches the end of the list.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/walk_record.h"
#include "sync/walk/fetched_sims.h"
#include "sync/walk/known_sims.h"
#include "sync/walk/landmarks.h"
#include "sync/walk/marks.h"
#include "sync/walk/page_request.h"
#include "sync/walk/scouts.h"
#include "sync/walk/walk_segment.h"

namespace simsync {

// A segment is stuck before a page that cannot be read however small: is a SIM known further down the list, from which
// it can go on? What lies between is skipped, and the walk will be incomplete.
struct DetourRequest {
  std::size_t segment = 0;
  TimePoint before{};        // creation time down to which it has read
  std::string position;      // the cursor behind which nothing can be read
  std::size_t distance = 0;  // known SIMs to pass over
  bool first_walk = false;   // what is known lies where other segments have been: far beyond, perhaps
};

// How finely the list is cut. The defaults suit pages of 200 SIMs; tests cut short lists as often.
struct WalkGrain {
  std::uint64_t segment_sims = 1000;  // fewer do not pay for a segment: each costs about half a page
  std::uint64_t split_sims = 600;     // what should be left of a segment, to be worth halving
  std::uint64_t blind_pages = 8;      // with nothing known ahead, before scouts are sent
  std::size_t most_unseen = 10'000;   // stored with the progress
};

class WalkPlan {
 public:
  // A new walk. Cuts the list at known SIMs into as many segments as pay off, at most `parallel`. `known` outlives the
  // plan and takes note of what the walk reads.
  WalkPlan(KnownSims& known, unsigned parallel, const WalkGrain& grain = {});
  // Goes on with a walk. `known` has the seed of `progress` and holds what is stored; its SIMs that the walk has
  // written count as read already (KnownSims::load).
  WalkPlan(KnownSims& known, unsigned parallel, const WalkProgress& progress, const WalkGrain& grain = {});

  // The next page to ask for; nullopt while there is none before something else happens.
  std::optional<PageRequest> next();

  // What came; `keys` are the fingerprints of the page's SIMs. Leaves in both what has to be written. True: when that
  // is committed, committed() wants the request's number; until then the page does not count.
  bool arrived(const PageRequest& request, SimPage& page, std::vector<SimKey>& keys);
  void failed(const PageRequest& request, PageFailure failure, const std::string& reason);
  void committed(const std::vector<std::uint64_t>& numbers);

  // The next detour to look for, each once.
  std::optional<DetourRequest> next_detour();
  // The answer: the id of such a SIM, or nullopt, which ends the segment.
  void detour(std::size_t segment, const std::optional<std::string>& beyond);

  // Where the walk is once `numbers` are committed. The record's id, times and counters are the caller's to fill.
  // nullopt where the walk cannot be resumed from here: the list leaves out too much. `uncommitted`: SIMs of other
  // pages that arrived and are to be written; whoever goes on has not read them.
  std::optional<WalkProgress> progress(const std::vector<std::uint64_t>& numbers, const FetchedSims& uncommitted = {});

  [[nodiscard]] bool finished() const { return finished_; }
  // Of a finished walk: complete, incomplete (something was skipped) or failed, and why.
  [[nodiscard]] WalkOutcome outcome() const { return outcome_; }
  [[nodiscard]] const std::string& error() const { return error_; }

  [[nodiscard]] std::uint64_t pages() const { return pages_; }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
  [[nodiscard]] std::size_t segments() const { return segments_.size(); }

 private:
  void mark_landmarks(std::vector<Landmark> landmarks);
  std::size_t add_segment(std::size_t landmark);
  std::optional<std::size_t> longest_stretch(Landmarks::Stretch& stretch) const;
  bool split();
  bool worth_splitting(const Landmarks::Stretch& stretch) const;
  bool send_scouts(PageRequest& request);
  void call_scouts_home();
  PageRequest ask(std::size_t number);

  std::optional<std::int32_t> find_end(std::size_t number, SimPage& page, std::vector<SimKey>& keys);
  void leave_what_is_new(SimPage& page, std::vector<SimKey>& keys, bool& anything_new);
  void note_skipped(const SimPage& page);
  bool suspicious(const PageRequest& request, const SimPage& page) const;
  bool outrun(const std::vector<SimKey>& keys) const;
  bool follow(std::size_t number, const SimPage& page, const std::vector<SimKey>& keys,
              std::optional<std::int32_t> ended_at);
  void note_age(const SimPage& page);
  void meet(const SimPage& page, const std::vector<SimKey>& keys);
  bool endless(bool anything_new);
  std::uint64_t cursor_key(std::size_t number, const std::string& cursor) const;

  void step_back(std::size_t number);
  void lose(std::size_t number);
  void unreadable(std::size_t number, const std::string& reason);
  void skip(const std::string& reason);
  void settle();
  bool chain_is_whole() const;
  void look_for_unseen(std::size_t number, const SegmentProgress& stored);
  void finish(WalkOutcome outcome, const std::string& error);

  KnownSims& known_;
  const unsigned parallel_;
  const WalkGrain grain_;
  const std::uint64_t known_before_;
  std::deque<WalkSegment> segments_;
  std::vector<unsigned> passes_;  // of each segment: how often it stepped back
  std::vector<bool> detour_told_;
  struct Unseen {
    TimePoint down_to{};  // as far as the segment was looked through
    bool any = false;
    std::vector<IdKey> sims;
  };
  std::vector<Unseen> unseen_;        // of each segment: known SIMs that it passed without meeting them
  std::vector<IdKey> unseen_before_;  // the same, before the walk was resumed
  Landmarks landmarks_;
  Scouts scouts_;
  Marks marks_;
  std::unordered_set<std::uint64_t> cursors_;  // followed so far
  std::unordered_set<std::string> skipped_ids_;
  bool may_split_ = true;  // since the last look something has happened that could make a split pay
  std::uint64_t requests_ = 0;

  std::optional<TimePoint> newest_;  // of the list when the walk began
  std::uint64_t pages_ = 0;
  std::uint64_t pages_with_news_ = 0;
  std::uint64_t barren_pages_ = 0;  // brought no SIM that was not read before
  std::uint64_t young_pages_ = 0;   // held only SIMs younger than the walk
  std::uint64_t blind_pages_ = 0;   // read in a row with no landmark ahead
  std::uint64_t skipped_ = 0;
  std::string skip_reason_;
  unsigned starts_over_ = 0;
  std::size_t lost_cuts_ = 0;  // in a row, before anything was read behind them

  bool finished_ = false;
  WalkOutcome outcome_ = WalkOutcome::failed;
  std::string error_;
};

}  // namespace simsync
