// One stretch of the list: begins behind a known SIM (its cut), or at the head of the list, and is read page by page
// until it meets the SIM at which another one begins, or the end of the list. It knows where it is and how to go on
// when its cursor's SIM is deleted or a page cannot be read; what the others do is the WalkPlan's business.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "storage/walk_record.h"
#include "sync/walk/page_request.h"

namespace simsync {

class WalkSegment {
 public:
  enum class State {
    ready,    // wants its next page
    waiting,  // for an answer
    written,  // for a page to be committed: no more than one is read ahead of the database
    detour,   // stuck before a page that cannot be read
    ended,
    lost,  // no SIM is left from which it could go on: its predecessor has to walk on over it
  };

  // Where a segment ended, beside the number of the segment whose cut it met.
  static constexpr std::int32_t kRunning = -1;
  static constexpr std::int32_t kEndOfList = -2;
  static constexpr std::int32_t kLost = -3;

  struct Position {
    std::string after;  // cursor to go on with
    TimePoint reached{};
    std::int32_t ended_at = kRunning;
  };

  // `cut` empty: the head of the list.
  WalkSegment(std::string cut, TimePoint cut_created);
  // As it was stored.
  explicit WalkSegment(const SegmentProgress& progress);

  [[nodiscard]] bool head() const { return cut_.empty(); }
  [[nodiscard]] const std::string& cut() const { return cut_; }
  [[nodiscard]] TimePoint cut_created() const { return cut_created_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool running() const { return state_ != State::ended && state_ != State::lost; }
  // Whether nothing was read yet behind the cut.
  [[nodiscard]] bool untouched() const { return untouched_; }
  [[nodiscard]] const Position& position() const { return position_; }
  [[nodiscard]] int limit() const { return limit_; }

  void asked() { state_ = State::waiting; }
  // The page was read up to and with the SIM that ends it, if one does. `page` holds what belongs to this segment.
  void read(const SimPage& page, std::optional<std::int32_t> ended_at);
  // The same page is to be asked for again: it cannot be right. False: it was, often enough.
  bool ask_again();
  // The page that was just read has to be written before it counts; 0: there is nothing to write.
  void wait_for_commit(std::uint64_t number);
  // Does nothing unless it waits for this page.
  void committed(std::uint64_t number);

  // The cursor's SIM was deleted: any SIM read before it does as well. False: none is left, the segment is lost or, if
  // it is the head, has to start over.
  bool step_back();
  void start_over();
  void lose();
  // The segment that it had met is lost: go on.
  void reopen();

  // The page cannot be read: ask for a smaller one. False: it was the smallest.
  bool shrink();
  void want_detour();
  // How many known SIMs to pass over, so that repeated detours get further.
  [[nodiscard]] std::size_t detour_distance() const;
  [[nodiscard]] unsigned detours() const { return detours_; }
  void detour(const std::string& beyond);
  void end_without_detour();
  // Something new was read: the next detour begins near again.
  void made_headway() { detours_ = 0; }

  // What to store together with the pages `numbers`.
  [[nodiscard]] SegmentProgress progress(const std::vector<std::uint64_t>& numbers) const;

 private:
  struct Awaited {
    std::uint64_t number = 0;  // 0: had nothing to write, and counts when those before it do
    Position position;
  };
  // A SIM to go on from when the cursor's is deleted.
  struct WayBack {
    std::string id;
    std::uint64_t place = 0;  // how many SIMs were read before it
  };
  [[nodiscard]] std::size_t unwritten() const;
  void forget_what_is_gone();
  void note_way_back(const SimList& sims);

  std::string cut_;
  TimePoint cut_created_{};
  State state_ = State::ready;
  Position position_;  // as read
  Position stored_;    // as committed, with all before it
  std::deque<Awaited> awaited_;
  int limit_;
  bool untouched_ = true;
  std::vector<WayBack> way_back_;  // SIMs read before the cursor's, from the nearest to the furthest
  std::uint64_t sims_read_ = 0;
  std::size_t steps_back_ = 0;  // since a page came
  bool cut_tried_ = false;
  unsigned asked_again_ = 0;  // the present page
  unsigned detours_ = 0;      // in a row
};

}  // namespace simsync
