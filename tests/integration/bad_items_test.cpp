// Promises 6 and 7: what cannot be read or held never stops the others, and text reaches PostgreSQL as it came.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;

std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

class BadItems : public testing::Test {
 protected:
  BadItems() {
    scene_.sync_well();
    sims_ = scene_.simulator.truth();
  }

  [[nodiscard]] std::string id(std::size_t place) const { return sims_[place].at("id"); }

  // The SIM's item with literal JSON text in place of a member's value.
  [[nodiscard]] std::string item_with(std::size_t place, const std::string& member, const std::string& literal) const {
    Json item = sims_[place];
    item.erase("profile");
    item[member] = "PLACE";
    std::string raw = item.dump();
    return raw.replace(raw.find("\"PLACE\""), 7, literal);
  }

  // All but this SIM go on; the walk says that it was not complete and finds nothing missing.
  void expect_others_go_on(std::size_t bad) {
    scene_.simulator.change(40, "status=1,metadata=1,create=1");
    // Its neighbours before all: they are nearest to what cannot be read.
    for (std::size_t place = bad - std::min<std::size_t>(bad, 2); place <= bad + 3; ++place) {
      if (place != bad) scene_.simulator.set(id(place), {{"status", "neighbour"}});
    }
    scene_.simulator.destroy({{"sims", {id(40), id(320)}}});
    const Outcome outcome = scene_.sync();
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(scene_.last_walk("outcome"), "incomplete");
    EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), 0);
    EXPECT_GT(std::stol(scene_.last_walk("skipped")), 0);
    scene_.expect_equal({.leave_out = {id(bad), id(40), id(320)}});
    scene_.simulator.set(id(bad), {{"raw", nullptr}, {"error_status", nullptr}});
    scene_.sync_well();
    scene_.expect_equal();
    scene_.expect_true_history();
  }

  Scene scene_{{.projects = {{.sims = 500}}}};
  std::vector<Json> sims_;
};

TEST_F(BadItems, WrongTypeOfAField) {
  scene_.simulator.set(id(250), {{"raw", item_with(250, "status", "7")}});
  expect_others_go_on(250);
}

TEST_F(BadItems, BrokenJsonInTheMiddleOfAPage) {
  scene_.simulator.set(id(250), {{"raw", R"({"object":"sim","id":")" + id(250) + R"(","metadata":{)"}});
  expect_others_go_on(250);
}

TEST_F(BadItems, PageThatTheApiCannotRender) {
  scene_.simulator.set(id(130), {{"error_status", 500}});
  expect_others_go_on(130);
}

TEST_F(BadItems, NumberThatTheDatabaseCannotHold) {
  scene_.simulator.set(id(250), {{"raw", item_with(250, "metadata", R"({"n":1e999999})")}});
  expect_others_go_on(250);
}

TEST_F(BadItems, TimeThatNoCalendarHas) {
  scene_.simulator.set(id(250), {{"raw", item_with(250, "createdAt", R"("2024-02-31T00:00:00Z")")}});
  expect_others_go_on(250);
}

TEST_F(BadItems, FirstAndLastOfTheList) {
  scene_.simulator.set(id(0), {{"raw", "[]"}});
  expect_others_go_on(0);
  scene_.simulator.set(id(499), {{"raw", "null"}});
  scene_.simulator.change(10, "status=1");
  EXPECT_EQ(scene_.sync().status, 1);
  scene_.expect_equal({.leave_out = {id(499), id(40), id(320)}});
}

TEST_F(BadItems, IsLoggedOnceWithItsId) {
  scene_.simulator.set(id(250), {{"raw", item_with(250, "iccid", "{}")}});
  scene_.simulator.set(id(260), {{"raw", item_with(260, "metadata", R"({"n":1e999999})")}});
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "1s";
  scene_.configure();
  const auto service = scene_.daemon.start({"run"});
  ASSERT_TRUE(eventually([&] { return scene_.count("walk", "kind = 'full' AND outcome = 'incomplete'") >= 3; }))
      << service->err();
  service->signal(SIGTERM);
  const Outcome outcome = service->finish(std::chrono::seconds{20});
  EXPECT_EQ(outcome.status, 0);
  std::size_t skipped_250 = 0, skipped_260 = 0;
  for (const std::string& line : outcome.err_lines()) {
    if (line.find("SIM skipped") == std::string::npos) continue;
    skipped_250 += times_in(line, "sim=" + id(250));
    skipped_260 += times_in(line, "sim=" + id(260));
  }
  EXPECT_EQ(skipped_250, 1U) << outcome.err;
  EXPECT_EQ(skipped_260, 1U) << outcome.err;
}

TEST_F(BadItems, EveryPageHasSome) {
  scene_.simulator.fault({{"fault", "bad_item"}, {"where", "list"}, {"count", 7}});
  EXPECT_EQ(scene_.sync().status, 1);
  EXPECT_EQ(scene_.last_walk("outcome"), "incomplete");
  EXPECT_EQ(scene_.last_walk("skipped"), "21");
  EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), 0);
  EXPECT_EQ(scene_.count("sim_change"), 0);
}

// U+0000 and lone surrogates become U+FFFD; all else stays, byte by byte.
TEST_F(BadItems, TextThatPostgresCannotHold) {
  scene_.simulator.set(
      id(60),
      {{"raw",
        item_with(
            60, "metadata",
            R"({"nul":"a\u0000b","lone":"\ud800x","low":"\udfff","pair":"\ud83d\ude80","k\u0000ey":"v","esc":"\"\\\/\b\f\n\r\t"})")}});
  scene_.simulator.set(id(61), {{"raw", item_with(61, "provider", R"("p\u0000\ud800\u00fc")")}});
  scene_.simulator.set(id(62), {{"raw", item_with(62, "status", R"("a\\u0000b")")}});
  scene_.sync_well();
  const auto metadata = [&](const std::string& key) {
    return scene_.database.value("SELECT metadata ->> $2 FROM simsync.sim WHERE sim_id = $1", {id(60), key});
  };
  EXPECT_EQ(metadata("nul"), "a\uFFFDb");
  EXPECT_EQ(metadata("lone"), "\uFFFDx");
  EXPECT_EQ(metadata("low"), "\uFFFD");
  EXPECT_EQ(metadata("pair"), "🚀");
  EXPECT_EQ(metadata("k\uFFFDey"), "v");
  EXPECT_EQ(metadata("esc"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(scene_.database.value("SELECT provider FROM simsync.sim WHERE sim_id = $1", {id(61)}), "p\uFFFD\uFFFDü");
  EXPECT_EQ(scene_.database.value("SELECT status FROM simsync.sim WHERE sim_id = $1", {id(62)}), "a\\u0000b");
  EXPECT_EQ(scene_.last_walk("outcome"), "complete");
  const long rows = scene_.count("sim_change");
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim_change"), rows) << "the replaced text is compared as it is stored";
}

TEST_F(BadItems, UnknownValuesAreKept) {
  scene_.simulator.fault({{"fault", "unknown_status"}, {"where", "list"}, {"count", 10}});
  scene_.sync_well();
  EXPECT_EQ(scene_.count("sim", "status = 'suspended'"), 30);
  EXPECT_EQ(scene_.last_walk("outcome"), "complete");
}

TEST_F(BadItems, DeepNestingIsHeldOrSkippedButNeverTheEnd) {
  for (const int depth : {60, 1000, 20'000, 1'000'000}) {
    scene_.simulator.fault({{"fault", "deep_nesting"}, {"where", "list"}, {"depth", depth}});
    const Outcome outcome = scene_.sync();
    EXPECT_TRUE(outcome.status == 0 || outcome.status == 1) << depth << ": " << outcome.err;
    EXPECT_GT(scene_.simulator.fired().at(0), 0U);
    EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), 0);
    scene_.simulator.clear_faults();
  }
  scene_.sync_well();
  scene_.expect_equal();
}

TEST_F(BadItems, BytesThatAreNotUtf8) {
  scene_.simulator.fault({{"fault", "bad_utf8"}, {"where", "list"}, {"times", 1}});
  const Outcome outcome = scene_.sync();
  EXPECT_TRUE(outcome.status == 0 || outcome.status == 1) << outcome.err;
  scene_.simulator.clear_faults();
  scene_.sync_well();
  scene_.expect_equal();
}

}  // namespace
}  // namespace simsync::test
