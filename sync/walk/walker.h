// Carries a walk out: workers ask the WalkPlan for pages and fetch them, the caller's thread writes what they bring,
// and at the end of a complete walk asks for each SIM that was not on the list. Goes on with a walk that a crash, a
// stop or a lost database has interrupted.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "config/config.h"
#include "storage/inventory_store.h"
#include "sync/api/sim_api.h"
#include "sync/patience.h"
#include "sync/pulse.h"
#include "sync/skip_log.h"
#include "sync/walk/known_sims.h"
#include "sync/walk/page_fetchers.h"
#include "sync/walk/walk_doubts.h"
#include "sync/walk/walk_news.h"

namespace simsync {

// Called from the thread that walks, about once a second and after each batch.
using WalkProgressed = std::function<void(const WalkRecord&)>;

// What the row of a stopped walk says.
inline constexpr char kStopped[] = "stopped before its end";

// What the database is asked to compare.
enum class Compare {
  changes,     // what differs from the fingerprints of what is stored
  everything,  // each SIM that is read
};

// Belongs to one thread; reusable, one walk after the other, and the better for it: it remembers what is stored.
class Walker {
 public:
  // `api`, `stores`, `news` and `doubts` outlive the walker; nobody has to want news, or to have doubts, which are
  // taken about once a second. `pulse` is that of the loop which calls it.
  Walker(std::string project, SimApi& api, StoreFactory& stores, const WalkConfig& config, Patience patience,
         Compare compare = Compare::changes, WalkNews* news = nullptr, Pulse pulse = {}, WalkDoubts* doubts = nullptr);
  ~Walker();

  // For the walks that begin from now on.
  void reconfigure(const WalkConfig& config) { config_ = config; }

  // Walks the whole list and finds what is missing. Returns the walk's row as it was written; what went wrong with
  // the API is its outcome and error. A stopped walk stays open, to be gone on with. Throws StorageError when the
  // database fails for good.
  WalkRecord full(std::stop_token stop, const WalkProgressed& progressed = {});

  // Mirrors SIMs that somebody else has read, as a walk would. Throws StorageError when the database fails for good.
  void mirror(const std::vector<SimReading>& readings, std::stop_token stop);

  // Reads the newest page, and on until a SIM that the mirror knows. Finds nothing missing.
  WalkRecord fresh(std::stop_token stop);

 private:
  // Between the answer that shows a change and the commit of it, by whoever asked, and between two machines' clocks.
  // storage/statements.h reckons with the same.
  static constexpr std::chrono::minutes kLongestToWrite{5};

  template <typename Attempt>
  WalkRecord attempted(const std::stop_token& stop, const Attempt& attempt);
  WalkRecord walk(const std::stop_token& stop, const WalkProgressed& progressed);
  WalkRecord look(const std::stop_token& stop);

  std::optional<WalkProgress> interrupted(const std::stop_token& stop);
  void learn(std::uint64_t seed, std::optional<TimePoint> seen_since, const std::stop_token& stop);
  bool others_walked(const std::stop_token& stop);
  void doubt_changed(const std::stop_token& stop);
  WalkRecord begin(WalkKind kind, const std::stop_token& stop);
  void finish(WalkRecord& record, const std::vector<Disappearance>& gone, const std::stop_token& stop);

  void write_pages(PageFetchers& fetchers, WalkPlan& plan, WalkRecord& record, const WalkProgressed& progressed,
                   const std::stop_token& stop);
  void write(const FetchedSims& fetched, PageFetchers* fetchers, WalkPlan* plan, WalkRecord& record,
             const std::stop_token& stop);
  void write_one_by_one(std::vector<SimReading> readings, WalkRecord& record, const std::stop_token& stop);
  void take_doubts();
  std::optional<WalkProgress> progress_of(WalkPlan& plan, const std::vector<std::uint64_t>& pages,
                                          const FetchedSims& uncommitted, const WalkRecord& record);
  void remember(const FetchedSims& fetched, const ApplyResult& result);

  std::vector<Disappearance> conclude(const WalkPlan& plan, WalkRecord& record, const std::stop_token& stop);
  void leave_open(PageFetchers& fetchers, WalkPlan& plan, WalkRecord& record, const std::stop_token& stop);
  void read_what_was_skipped(WalkRecord& record, const std::stop_token& stop);
  std::vector<Disappearance> find_missing(WalkRecord& record, const std::stop_token& stop);
  bool have_vanished(std::uint64_t present, const WalkRecord& record, const std::stop_token& stop);
  std::uint64_t believable(std::uint64_t present, std::uint64_t unlisted, const std::stop_token& stop);
  std::vector<Disappearance> ask(const std::vector<std::string>& ids, WalkRecord& record, const std::stop_token& stop);

  std::string project_;
  SimApi& api_;
  StoreFactory& stores_;
  std::unique_ptr<InventoryStore> store_;
  WalkConfig config_;
  Patience patience_;
  Compare compare_;
  WalkNews* news_;
  WalkDoubts* doubts_;
  Pulse pulse_;
  StorageRetry retry_;       // of a whole attempt
  StorageRetry lock_retry_;  // of one call: only while somebody else holds a lock
  SkipLog skip_log_;
  KnownSims known_;
  std::uint64_t rejected_ = 0;  // SIMs, by the database in the present full walk
  const std::string process_;
  std::int64_t latest_walk_ = 0;    // of the project when known_ was last right
  bool others_near_ = false;        // somebody else has walked since, and may be at it still
  bool learnt_ = false;             // known_ is what the database holds
  TimePoint changes_known_{};       // what was observed before then, by whosever clock, and written, is in known_
  std::int64_t latest_change_ = 0;  // the number of the project's last row of history then
  std::uint64_t recorded_ = 0;      // rows of history that this walker has written since
};

}  // namespace simsync
