// Promise 3 in quiet: each change between two walks is in the history once, with its values.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

class Changes : public testing::Test {
 protected:
  Changes() {
    scene_.sync_well();
    for (const Json& sim : scene_.simulator.truth()) ids_.push_back(sim.at("id"));
  }

  // "kind field old new", in their order.
  [[nodiscard]] std::vector<std::string> history_of(const std::string& sim) const {
    std::vector<std::string> lines;
    for (const DatabaseRow& row : scene_.database.rows(
             "SELECT kind, field, old_value, new_value FROM simsync.sim_change WHERE sim_id = $1 ORDER BY change_id",
             {sim})) {
      lines.push_back(*row[0] + " " + *row[1] + " " + row[2].value_or("-") + " " + row[3].value_or("-"));
    }
    return lines;
  }

  void check() const {
    scene_.expect_equal();
    scene_.expect_true_history();
  }

  using Lines = std::vector<std::string>;
  Scene scene_{{.projects = {{.sims = 450}}}};
  std::vector<std::string> ids_;
};

TEST_F(Changes, EveryFieldHasItsRow) {
  const std::string& sim = ids_[220];
  const Json before = scene_.simulator.truth()[220];
  scene_.simulator.set(sim, {{"status", "paused"},
                             {"metadata", {{"fleet", "Łódź"}}},
                             {"provider", "p77"},
                             {"type", "iSIM"},
                             {"iccid", "8900000000000000077"},
                             {"extra", {{"imsi", "001"}}}});
  scene_.sync_well();
  Lines expected = {"changed status " + before.at("status").get<std::string>() + " paused",
                    "changed provider " + before.at("provider").get<std::string>() + " p77",
                    "changed type " + before.at("type").get<std::string>() + " iSIM",
                    "changed iccid " + before.at("iccid").get<std::string>() + " 8900000000000000077",
                    "changed extra {} {\"imsi\": \"001\"}"};
  const Lines found = history_of(sim);
  EXPECT_EQ(found.size(), 6U);
  for (const std::string& line : expected) EXPECT_EQ(std::count(found.begin(), found.end(), line), 1) << line;
  EXPECT_EQ(scene_.count("sim_change"), 6) << "no other SIM changed";
  check();
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim_change"), 6);
}

TEST_F(Changes, MetadataIsComparedByValue) {
  scene_.simulator.set(ids_[1], {{"metadata", {{"a", 1}, {"b", {1, 2}}}}});
  scene_.sync_well();
  const long rows = scene_.count("sim_change");
  // The same value in another spelling: order of keys, blanks, escapes.
  Json item = scene_.simulator.truth()[1];
  item.erase("profile");
  item["metadata"] = "PLACE";
  std::string raw = item.dump();
  raw.replace(raw.find("\"PLACE\""), 7, R"({ "b" : [1, 2],  "\u0061" : 1.0 })");
  scene_.simulator.set(ids_[1], {{"raw", raw}});
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim_change"), rows);
  EXPECT_EQ(scene_.last_walk("changed"), "0");
}

TEST_F(Changes, ChainsGoOnOverManyPasses) {
  for (int pass = 0; pass < 4; ++pass) {
    scene_.simulator.change(60, "status=5,metadata=3,create=1,delete=0.05");
    scene_.sync_well();
  }
  EXPECT_GT(scene_.count("sim_change"), 100);
  check();
}

TEST_F(Changes, NewSimsAppearOnlyAfterTheFirstCompleteWalk) {
  EXPECT_EQ(scene_.count("sim_change", "kind = 'appeared'"), 0);
  const std::vector<std::string> born = scene_.simulator.create({{"count", 3}, {"status", "inactive"}});
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim_change", "kind = 'appeared'"), 3);
  EXPECT_EQ(history_of(born[0]), Lines{"appeared status - inactive"});
  EXPECT_EQ(scene_.last_walk("created"), "3");
  check();
}

// The first walk was not complete: what the second finds was there before, and is no news.
TEST(FirstWalks, NothingAppearsBeforeOneIsComplete) {
  Scene scene{{.projects = {{.sims = 450}}}};
  scene.simulator.fault({{"fault", "bad_item"}, {"where", "list"}, {"count", 4}});
  EXPECT_EQ(scene.sync().status, 1);
  EXPECT_EQ(scene.last_walk("outcome"), "incomplete");
  scene.simulator.clear_faults();
  scene.sync_well();
  EXPECT_GT(std::stol(scene.last_walk("created")), 0);
  EXPECT_EQ(scene.count("sim_change", "kind = 'appeared'"), 0);
  scene.expect_equal();
}

TEST_F(Changes, RetiredSimsStayPresent) {
  scene_.simulator.set(ids_[7], {{"status", "retired"}});
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim", "sim_id = '" + ids_[7] + "' AND status = 'retired' AND missing_since IS NULL"), 1);
  check();
}

}  // namespace
}  // namespace simsync::test
