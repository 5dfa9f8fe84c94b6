// The eSIM profiles: who is asked, and what becomes of the answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

class Profiles : public testing::Test {
 protected:
  Profiles() {
    scene_.sync_well();
    for (const Json& sim : scene_.simulator.truth()) {
      if (is_watched(sim)) watched_.push_back(sim);
    }
  }

  static bool is_watched(const Json& sim) {
    static const std::set<std::string> providers = {"p3", "p14", "p15"};
    return sim.at("type") == "eSIM" && providers.contains(sim.at("provider"));
  }

  // "from to reported_at", in their order.
  [[nodiscard]] std::vector<std::string> transitions_of(const std::string& sim) const {
    std::vector<std::string> lines;
    for (const DatabaseRow& row : scene_.database.rows(
             "SELECT from_status, to_status, to_char(reported_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
             "FROM simsync.esim_profile_transition WHERE sim_id = $1 ORDER BY transition_id",
             {sim})) {
      lines.push_back(row[0].value_or("-") + " " + *row[1] + " " + *row[2]);
    }
    return lines;
  }

  void report(const Json& sim, const std::string& status, const std::string& updated_at) {
    scene_.simulator.set(sim.at("id"), {{"profile", {{"status", status}, {"updatedAt", updated_at}}}});
    scene_.sync_well();
  }

  using Lines = std::vector<std::string>;
  Scene scene_;
  std::vector<Json> watched_;
};

TEST_F(Profiles, FirstSightIsARowFromNothing) {
  ASSERT_GT(watched_.size(), 50U);
  EXPECT_EQ(scene_.count("esim_profile"), static_cast<long>(watched_.size()));
  EXPECT_EQ(scene_.count("esim_profile_transition", "from_status IS NULL AND not_before IS NULL"),
            static_cast<long>(watched_.size()));
  scene_.expect_equal();
  scene_.expect_true_history();
}

// By what the simulator was asked, not by what was stored.
TEST_F(Profiles, OnlyESimsOfTheProvidersAreAsked) {
  std::set<std::string> expected;
  for (const Json& sim : watched_)
    expected.insert("/projects/acme/sims/" + sim.at("id").get<std::string>() + "/eSimProfile");
  std::set<std::string> asked;
  for (const Json& request : scene_.simulator.get_lines("requests")) {
    if (request.at("endpoint") == "profile") {
      EXPECT_TRUE(asked.insert(request.at("target")).second) << "asked twice";
    }
    EXPECT_NE(request.at("endpoint"), "credentials");
  }
  EXPECT_EQ(asked, expected);
  scene_.settings.providers = "[p3]";
  scene_.configure();
  scene_.simulator.reset_stats();
  scene_.sync_well();
  EXPECT_EQ(scene_.simulator.requests("profile"),
            static_cast<std::uint64_t>(std::count_if(watched_.begin(), watched_.end(),
                                                     [](const Json& sim) { return sim.at("provider") == "p3"; })));
}

TEST_F(Profiles, TransitionsFormAChain) {
  const Json& sim = watched_[9];
  const Lines first = transitions_of(sim.at("id"));
  report(sim, "waiting", "2026-03-01T10:00:00Z");
  report(sim, "disabled", "2026-03-01T09:50:00Z");  // reported late: updatedAt may go back with another status
  report(sim, "enabled", "2026-03-02T00:00:00.0Z");
  Lines expected = first;
  const std::string initial = sim.at("profile").at("status");
  expected.push_back(initial + " waiting 2026-03-01T10:00:00Z");
  expected.emplace_back("waiting disabled 2026-03-01T09:50:00Z");
  expected.emplace_back("disabled enabled 2026-03-02T00:00:00Z");
  EXPECT_EQ(transitions_of(sim.at("id")), expected);
  scene_.expect_equal();
  scene_.expect_true_history();
}

TEST_F(Profiles, SameStatusWithALaterTimeIsARowOfItsOwn) {
  const Json& sim = watched_[3];
  const std::string status = sim.at("profile").at("status");
  report(sim, status, "2026-03-01T10:00:00Z");
  EXPECT_EQ(transitions_of(sim.at("id")).back(), status + " " + status + " 2026-03-01T10:00:00Z");
  const std::string since =
      scene_.database.value("SELECT status_since = $2::timestamptz FROM simsync.esim_profile WHERE sim_id = $1",
                            {sim.at("id"), sim.at("profile").at("updatedAt")});
  EXPECT_EQ(since, "t") << "the status itself is as old as it was";
  const std::size_t rows = transitions_of(sim.at("id")).size();
  // An older copy of the same says nothing new.
  scene_.simulator.set(sim.at("id"), {{"profile", {{"status", status}, {"updatedAt", "2026-02-01T10:00:00Z"}}}});
  scene_.sync_well();
  EXPECT_EQ(transitions_of(sim.at("id")).size(), rows);
}

TEST_F(Profiles, OneThatDoesNotAnswerDoesNotStopTheOthers) {
  scene_.simulator.fault({{"fault", "wrong_object"}, {"where", "profile"}, {"times", 2}});
  scene_.simulator.change(20, "profile=1");
  const Outcome outcome = scene_.sync();
  EXPECT_TRUE(outcome.status == 0 || outcome.status == 1) << outcome.err;
  scene_.simulator.clear_faults();
  scene_.sync_well();
  scene_.expect_equal();
  scene_.expect_true_history();
}

TEST_F(Profiles, ServicePollsThoseThatChanged) {
  scene_.settings = busy(scene_.settings);
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "1h";
  scene_.configure();
  const auto service = scene_.daemon.start({"run"});
  for (int round = 0; round < 3; ++round) {
    scene_.simulator.change(30, "profile=1");
    const bool caught_up = eventually([&] {
      return mirror_differences(World{scene_.simulator, "acme"}, scene_.database).empty();
    });
    ASSERT_TRUE(caught_up) << service->err();
  }
  service->signal(SIGTERM);
  EXPECT_EQ(service->finish(std::chrono::seconds{20}).status, 0);
  EXPECT_GT(scene_.count("esim_profile_transition", "from_status IS NOT NULL"), 60);
  scene_.expect_true_history();
}

}  // namespace
}  // namespace simsync::test
