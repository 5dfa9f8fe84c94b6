// Two daemons, a primary and its standby: daemons are killed, stopped, frozen and cut off, the standby is promoted and
// the primary becomes its standby, all at random. SIMSYNC_TEST_SECONDS makes it long, SIMSYNC_TEST_SEED repeats it.
#include <csignal>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "tests/faults/server_pair.h"
#include "tests/faults/two_daemons.h"

namespace simsync::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

class TwoServers : private ServerPair, public TwoDaemons {
 protected:
  explicit TwoServers(const Setting& setting = {})
      : ServerPair(setting), TwoDaemons({{.sims = 500}}, servers_url(), addresses()) {
    EXPECT_TRUE(meet_servers(database_.name())) << "the standby has no " << database_.name();
  }

  // What is committed in the last `lost` before the crash is lost, unless commits wait for the standby. Returns how
  // many writes that were. What the old server says must be in order, too: the new one has another continuation.
  long promote(milliseconds lost) {
    if (lost.count() > 0 && !synchronous()) {
      fall_behind();
      std::this_thread::sleep_for(lost);
    }
    expect_one_writer_at_a_time();
    const long before = database_.number("SELECT count(*) FROM written");
    fail_over();
    for (const auto& gate : gates_) gate->shut(place_of_standby());
    database_.reconnect();
    const long left = before - database_.number("SELECT count(*) FROM written");
    if (synchronous()) {
      EXPECT_LE(left, 0) << "what was committed on two servers is lost";
    }
    return left;
  }
  void make_standby() {
    ServerPair::make_standby();
    for (const auto& gate : gates_) gate->open(place_of_standby());
  }
};

TEST_F(TwoServers, GoOnWithTheStandbyWhereItIs) {
  simulator_.live(300, "status=5,profile=5,metadata=2,create=1,delete=0.05");
  start(0);
  ASSERT_TRUE(works("one")) << said();
  start(1);
  ASSERT_TRUE(eventually([&] { return has_begun(1); })) << said();
  const long before = epoch();
  EXPECT_GT(promote(milliseconds{1500}), 0) << "nothing was lost";
  EXPECT_TRUE(eventually([&] { return epoch() != before && (holds(0) || holds(1)); })) << said();
  for (auto& process : processes_) ASSERT_TRUE(process->running()) << said();
  // Whoever wrote what was lost must not believe that it is there.
  simulator_.pause();
  EXPECT_TRUE(eventually([&] { return differences().empty(); }, seconds{60})) << listed(differences()) << said();
  simulator_.resume();
  const std::size_t holder = holds(0) ? 0 : 1;
  end(holder, SIGKILL);
  EXPECT_TRUE(works(holder == 0 ? "other" : "one")) << said();
  expect_all_well();
}

// ---- at random

class RandomLife : public TwoServers, public testing::WithParamInterface<Setting> {
 protected:
  RandomLife() : TwoServers(GetParam()) {
    const char* seed = std::getenv("SIMSYNC_TEST_SEED");
    seed_ = seed != nullptr ? static_cast<unsigned>(std::stoul(seed)) : std::random_device{}();
    random_.seed(seed_);
    const char* length = std::getenv("SIMSYNC_TEST_SECONDS");
    if (length != nullptr) length_ = seconds{std::stoi(length)};
    std::cout << "SIMSYNC_TEST_SEED=" << seed_ << std::endl;
  }

  void live() {
    simulator_.live(100, "status=5,profile=5,metadata=2,create=1,delete=0.05");
    for (std::size_t i = 0; i < 2; ++i) start(i);
    ASSERT_TRUE(eventually([&] { return has_begun(0) && has_begun(1) && written_by("one") + written_by("other") > 0; }))
        << said();
    for (const auto begun = Clock::now(); Clock::now() - begun < length_ && !HasFailure();) {
      one_fault();
      wait(milliseconds{random_() % 2000});
    }
    end_faults();
  }

  // The daemons alone bring everything in order, and each of them can.
  void recover() {
    ASSERT_TRUE(eventually([&] {
      supervise();
      return has_begun(0) && has_begun(1);
    })) << said();
    simulator_.pause();
    const bool equal = eventually([&] { return differences().empty(); }, seconds{90});
    EXPECT_TRUE(equal) << listed(differences()) << said();
  }

  void report() const {
    std::cout << GetParam().name << ", " << length_.count() << " s:";
    for (const auto& [what, count] : counts_) std::cout << ' ' << count << ' ' << what << ',';
    std::cout << "\nlongest without a holder:" << std::fixed << std::setprecision(1);
    for (const auto& [what, longest] : longest_) std::cout << ' ' << what << ' ' << longest << " s,";
    std::cout << "\nchanges of the world " << simulator_.log().size() << ", rows of history "
              << database_.number(
                     "SELECT (SELECT count(*) FROM simsync.sim_change) + "
                     "(SELECT count(*) FROM simsync.esim_profile_transition)")
              << ", writes lost by failovers " << lost_ << ", takes of the lease " << takes_ << std::endl;
  }

 private:
  struct Trouble {
    Clock::time_point frozen_until = Clock::time_point::min();  // min: it is not
    Clock::time_point cut_until = Clock::time_point::min();
    [[nodiscard]] bool any() const {
      return frozen_until != Clock::time_point::min() || cut_until != Clock::time_point::min();
    }
  };

  void one_fault() {
    const std::size_t which = random_() % 2;
    if (!trouble_[which].any() && !processes_[which]->running()) return;
    switch (random_() % 13) {
      case 0:
      case 1:
        strike("killed", which, [&] { processes_[which]->signal(SIGKILL); });
        restart(which, SIGKILL);
        break;
      case 2:
        ++counts_["stopped"];
        restart(which, SIGTERM);
        break;
      case 3:
      case 4:
      case 5:
        if (trouble_[which].frozen_until != Clock::time_point::min()) break;
        trouble_[which].frozen_until = Clock::now() + milliseconds{random_() % 12'000};
        strike("frozen", which, [&] { processes_[which]->signal(SIGSTOP); });
        break;
      case 6:
      case 7:
      case 8:
        if (trouble_[which].cut_until != Clock::time_point::min()) break;
        trouble_[which].cut_until = Clock::now() + milliseconds{random_() % 20'000};
        strike("cut off", which, [&] { gates_[which]->cut(); });
        break;
      case 9:
      case 10:
        ++counts_["sessions ended"];
        EXPECT_GE(database_.end_other_sessions(), 0);
        break;
      default:
        promote_and_measure();
    }
  }

  // Every other time, where the other one is well, it is left alone until it has taken over: that must come.
  void strike(const std::string& what, std::size_t which, const std::function<void()>& act) {
    ++counts_[what];
    const std::size_t other = 1 - which;
    const bool watched = !trouble_[other].any() && has_begun(other) && processes_[other]->running() && holds(which) &&
                         random_() % 2 == 0;
    act();
    if (!watched) return;
    const auto begun = Clock::now();
    EXPECT_TRUE(eventually([&] { return holds(other); })) << "nobody takes over from one that was " << what << said();
    note_longest(what, begun);
  }

  void promote_and_measure() {
    const milliseconds lost{random_() % 3 == 0 ? 0 : random_() % 1500};
    ++counts_["promoted"];
    note_takes();
    const auto begun = Clock::now();
    lost_ += std::max(0L, promote(lost));
    last_epoch_ = epoch();
    make_standby();
    if (trouble_[0].any() || trouble_[1].any()) return;
    EXPECT_TRUE(eventually([&] {
      supervise();
      return holds(0) || holds(1);
    })) << "nobody goes on"
        << said();
    note_longest("promoted", begun);
  }

  void restart(std::size_t which, int signal) {
    const bool troubled = trouble_[which].any() || !has_begun(which);
    end_trouble(which);
    end(which, signal, troubled || signal == SIGKILL);
    std::this_thread::sleep_for(milliseconds{random_() % 3000});
    start(which);
  }

  void wait(milliseconds time) {
    for (const auto until = Clock::now() + time; Clock::now() < until;) {
      for (std::size_t i = 0; i < 2; ++i) {
        if (Clock::now() > trouble_[i].frozen_until && trouble_[i].frozen_until != Clock::time_point::min()) {
          processes_[i]->signal(SIGCONT);
          trouble_[i].frozen_until = Clock::time_point::min();
        }
        if (Clock::now() > trouble_[i].cut_until) {
          gates_[i]->heal();
          trouble_[i].cut_until = Clock::time_point::min();
        }
      }
      supervise();
      note_takes();
      std::this_thread::sleep_for(milliseconds{50});
    }
  }

  void end_trouble(std::size_t which) {
    processes_[which]->signal(SIGCONT);
    gates_[which]->heal();
    trouble_[which] = {};
  }

  void end_faults() {
    for (std::size_t i = 0; i < 2; ++i) end_trouble(i);
  }

  void note_takes() {
    const long now = epoch();
    takes_ += std::max(0L, now - last_epoch_);
    last_epoch_ = now;
  }

  void note_longest(const std::string& what, Clock::time_point begun) {
    longest_[what] = std::max(longest_[what], seconds_since(begun));
  }

  unsigned seed_ = 0;
  std::mt19937 random_;
  seconds length_{15};
  std::array<Trouble, 2> trouble_;
  std::map<std::string, unsigned> counts_;
  std::map<std::string, double> longest_;
  long takes_ = 0;
  long last_epoch_ = 0;
  long lost_ = 0;
};

TEST_P(RandomLife, KeepsMirrorAndHistoryTrue) {
  live();
  recover();
  report();
  expect_all_well();
}

INSTANTIATE_TEST_SUITE_P(Replication, RandomLife,
                         testing::Values(Setting{"Asynchronous"}, Setting{"Synchronous", true},
                                         Setting{"Pooled", false, true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace simsync::test
