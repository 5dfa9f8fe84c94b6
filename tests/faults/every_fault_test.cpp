// Every fault that the simulator knows, through walks and polls of the running service while the world changes: it
// goes on, stops when told to, and one pass after the fault is over the mirror and its history are true.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "tests/simulator/faults.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

struct Fault {
  std::string name;
  Json order;  // without where and probability
  std::vector<std::string> where = {"list", "profile"};
  double probability = 0.3;
  double poll_probability = 0;  // of profiles; 0: the same
  std::string lie = {};         // what a value that the fault invents begins with
  bool cuts_list = false;       // so that it looks like a whole one: nobody can tell at the first sight of a project
};

// The kinds of faults.h; FaultList.EveryKindIsHere holds this list against the simulator's.
std::vector<Fault> all_faults() {
  const std::vector<std::string> lists = {"list"};
  return {
      {"Error500", {{"fault", "status"}, {"status", 500}}},
      {"Error503", {{"fault", "status"}, {"status", 503}}},
      {"Busy429ForSeconds",
       {{"fault", "status"}, {"status", 429}, {"retry_after", "1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Busy429UntilADate",
       {{"fault", "status"}, {"status", 429}, {"retry_after", "http-date+1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Unavailable503ForSeconds",
       {{"fault", "status"}, {"status", 503}, {"retry_after", "1"}},
       {"list", "profile"},
       0.3,
       0.01},
      {"Reset", {{"fault", "reset"}}},
      {"Close", {{"fault", "close"}}},
      {"Truncate", {{"fault", "truncate"}}},
      {"HalfJson", {{"fault", "half_json"}}},
      {"Html", {{"fault", "html"}}},
      {"Hang", {{"fault", "hang"}}, {"list", "profile"}, 0.1},
      {"SlowBody", {{"fault", "slow_body"}, {"bytes_per_second", 20}}, {"list", "profile"}, 0.1},
      {"SlowHeader", {{"fault", "slow_header"}, {"interval_seconds", 0.2}}, {"list", "profile"}, 0.1},
      {"EndlessBody", {{"fault", "endless_body"}}, {"list", "profile"}, 0.05},
      {"DuplicateItem", {{"fault", "duplicate_item"}}, lists, 0.5},
      {"EmptyPage", {{"fault", "empty_page"}}, lists},
      {"RepeatCursor", {{"fault", "repeat_cursor"}}, lists},
      {"GoneCursor", {{"fault", "gone_cursor"}}, lists},
      {"GoneCursor404", {{"fault", "gone_cursor"}, {"status", 404}}, lists},
      {"EmptyList", {{"fault", "empty_list"}}, lists, 0.3, 0, "", true},
      {"HalfList", {{"fault", "half_list"}}, lists, 0.3, 0, "", true},
      {"BadItem", {{"fault", "bad_item"}, {"count", 3}}},
      {"BadUtf8", {{"fault", "bad_utf8"}}, {"list", "profile"}, 0.3, 0, R"({"note":)"},
      {"WrongObject", {{"fault", "wrong_object"}}},
      {"WrongObjectInside", {{"fault", "wrong_object"}, {"level", "item"}}},
      {"Redirect", {{"fault", "redirect"}}},
      {"DeepNesting", {{"fault", "deep_nesting"}}, {"list", "profile"}, 0.3, 0, R"({"a":{"a":)"},
      {"DeeperNesting", {{"fault", "deep_nesting"}, {"depth", 100'000}}, {"list", "profile"}, 0.3, 0, R"({"a":{"a":)"},
      {"NulAndSurrogates", {{"fault", "nul_and_surrogates"}}, {"list", "profile"}, 0.3, 0, "\uFFFD"},
      {"UnknownStatus", {{"fault", "unknown_status"}}, {"list", "profile"}, 0.3, 0, "suspended"},
      {"NotFound", {{"fault", "status"}, {"status", 404}}, {"profile"}},
      {"Forbidden", {{"fault", "status"}, {"status", 403}, {"times", 1}}, {"profile"}},
  };
}

class EveryFault : public testing::TestWithParam<Fault> {
 protected:
  // Until each order fired and some walks and polls went through it.
  void live_with_the_fault() {
    const Fault& fault = GetParam();
    scene_.simulator.live(120, "status=5,profile=5,metadata=2,create=1,delete=0.05");
    for (const std::string& where : fault.where) {
      Json order = fault.order;
      order["where"] = where;
      const bool polls = where == "profile" && fault.poll_probability > 0;
      order["probability"] = polls ? fault.poll_probability : fault.probability;
      scene_.simulator.fault(order);
    }
    const auto service = scene_.daemon.start({"run"});
    const long walks = scene_.count("walk", "outcome IS NOT NULL");
    const auto lived = [&] {
      for (const std::uint64_t fired : scene_.simulator.fired()) {
        if (fired < 1) return false;
      }
      return scene_.count("walk", "outcome IS NOT NULL") >= walks + 3;
    };
    EXPECT_TRUE(eventually(lived)) << "fired: " << Json(scene_.simulator.fired()).dump() << service->err();
    EXPECT_TRUE(service->running()) << service->err();
    service->signal(SIGTERM);
    const Outcome outcome = service->finish(seconds{20});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const std::uint64_t fired : scene_.simulator.fired()) EXPECT_GE(fired, 1U);
  }

  void expect_all_well(bool at_first = false) {
    scene_.simulator.pause();
    scene_.simulator.clear_faults();
    scene_.sync_well();
    scene_.expect_equal();
    HistoryRules rules;
    rules.left_out_at_first = at_first && GetParam().cuts_list;
    if (const std::string lie = GetParam().lie; !lie.empty()) {
      rules.lie = [lie](const std::string&, const std::string& value) { return value.find(lie) != std::string::npos; };
    }
    scene_.expect_true_history(rules);
  }

  Scene scene_{{.projects = {{.sims = 420}}}, [](Settings& settings) {
                 settings = busy(settings);
                 settings.timeout = "1s";
                 settings.connections = 8;
               }};
};

TEST_P(EveryFault, MirrorAndHistoryAreTrueAfterIt) {
  scene_.sync_well();
  live_with_the_fault();
  expect_all_well();
}

// Also at the very first sight of the project, when nothing is known yet.
TEST_P(EveryFault, MirrorIsTrueWhenTheFirstSyncMetIt) {
  for (const std::string& where : GetParam().where) {
    Json order = GetParam().order;
    order["where"] = where;
    if (!order.contains("times")) order["times"] = 3;
    scene_.simulator.fault(order);
  }
  const Outcome outcome = scene_.sync();
  EXPECT_TRUE(outcome.status == 0 || outcome.status == 1 || outcome.status == 3) << outcome.status << outcome.err;
  expect_all_well(true);
}

// A kind that is added to the simulator has to be added here.
TEST(FaultList, EveryKindIsHere) {
  std::set<std::string> here;
  for (const Fault& fault : all_faults()) here.insert(fault.order.at("fault").get<std::string>());
  std::set<std::string> known;
  for (int kind = 0;; ++kind) {
    const std::string name{simulator::fault_name(static_cast<simulator::FaultKind>(kind))};
    if (name == "?") break;
    known.insert(name);
  }
  EXPECT_EQ(here, known);
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryFault, testing::ValuesIn(all_faults()),
                         [](const testing::TestParamInfo<Fault>& info) { return info.param.name; });

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest calls it
  *out << fault.name;
}

}  // namespace
}  // namespace simsync::test
