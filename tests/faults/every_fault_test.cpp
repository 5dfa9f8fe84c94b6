// Every fault that the simulator knows, through walks and polls of the running service while the world changes: it
// goes on, stops when told to, and one pass after the fault is over the mirror and its history are true.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "tests/faults/api_faults.h"
#include "tests/simulator/faults.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

class EveryFault : public testing::TestWithParam<ApiFault> {
 protected:
  // Until each order fired and some walks and polls went through it.
  void live_with_the_fault() {
    const ApiFault& fault = GetParam();
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
  for (const ApiFault& fault : every_api_fault()) here.insert(fault.order.at("fault").get<std::string>());
  std::set<std::string> known;
  for (int kind = 0;; ++kind) {
    const std::string name{simulator::fault_name(static_cast<simulator::FaultKind>(kind))};
    if (name == "?") break;
    known.insert(name);
  }
  EXPECT_EQ(here, known);
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryFault, testing::ValuesIn(every_api_fault()),
                         [](const testing::TestParamInfo<ApiFault>& info) { return info.param.name; });

}  // namespace

void PrintTo(const ApiFault& fault, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest calls it
  *out << fault.name;
}

}  // namespace simsync::test
