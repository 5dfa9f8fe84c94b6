// Metadata out: what is asked for by SQL, a shell or a file reaches the API, and the history says whose change it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/support/alert_scene.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class Metadata : public testing::Test {
 protected:
  Metadata() {
    scene_.sync_well();
    for (const Json& sim : scene_.simulator.truth()) ids_.push_back(sim.at("id"));
    for (std::size_t i = 0; i < 10; ++i)
      scene_.simulator.set(ids_[i], {{"metadata", {{"keep", "ä\"\\"}, {"old", "1"}}}});
  }

  void ask(const std::string& sim, const std::string& set, const std::string& remove = "{}") {
    scene_.database.run("INSERT INTO simsync.metadata_request (project, sim_id, metadata, remove) VALUES ('acme', '" +
                        sim + "', '" + set + "', '" + remove + "')");
  }
  // "applied: " and the like, of the newest request of a SIM.
  std::string answer(const std::string& sim) {
    return scene_.database.value(
        "SELECT state || ': ' || coalesce(error, '') FROM simsync.metadata_request "
        "WHERE sim_id = '" +
        sim + "' ORDER BY request_id DESC LIMIT 1");
  }
  Json metadata_of(const std::string& sim) {
    for (const Json& each : scene_.simulator.truth()) {
      if (each.at("id") == sim) return each.at("metadata");
    }
    return {};
  }
  long pending() { return scene_.count("metadata_request", "state = 'pending'"); }
  void settings(const Json& order) { scene_.simulator.post("settings", order); }

  std::unique_ptr<Process> serve() {
    auto service = scene_.daemon.start({"run"});
    EXPECT_TRUE(eventually([&] { return scene_.count("lease", "expires_at > now()") == 1; })) << service->err();
    return service;
  }
  static void end(Process& service) {
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait_for(std::chrono::seconds{10}), std::optional<int>{0}) << service.err();
  }

  Scene scene_{{.projects = {{.sims = 60}}}, [](Settings& settings) { settings.timeout = "2s"; }};
  std::vector<std::string> ids_;
};

TEST_F(Metadata, OnePassCarriesOutWhatIsPending) {
  const Json kept = {{"keep", "ä\"\\"}, {"old", "1"}};
  ask(ids_[0], R"({"fleet": "t", "n": 1.50, "deep": {"b": [1, null]}})", "{old}");
  ask(ids_[1], R"({"fleet": "first"})");
  ask(ids_[1], R"({"fleet": "second"})");
  ask(ids_[2], R"({"keep": "ä\"\\"})");  // as it is already
  ask("sim_unknown", R"({"fleet": "t"})");
  const Outcome outcome = scene_.sync({"--output", "json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at(0).at("metadata_applied"), 4);
  EXPECT_EQ(Json::parse(outcome.out).at(0).at("metadata_failed"), 1);
  EXPECT_EQ(metadata_of(ids_[0]),
            (Json{{"keep", "ä\"\\"}, {"fleet", "t"}, {"n", 1.5}, {"deep", {{"b", {1, nullptr}}}}}));
  EXPECT_EQ(metadata_of(ids_[1]).at("fleet"), "second");
  EXPECT_EQ(metadata_of(ids_[2]), kept);
  EXPECT_THAT(answer("sim_unknown"), AllOf(HasSubstr("failed: "), HasSubstr("404")));
  EXPECT_EQ(scene_.simulator.requests("update"), 3U);
  scene_.expect_equal();
  EXPECT_EQ(scene_.count("sim_change", "origin = 'metadata_request' AND request_id IN (1, 2, 3)"), 3);
  EXPECT_EQ(scene_.count("sim_change", "origin IS NULL AND field = 'metadata'"), 10) << "those of the test itself";
  EXPECT_EQ(scene_.daemon.run({"sync", "--dry-run"}).status, 0);
}

TEST_F(Metadata, APassSaysWhatStaysPending) {
  scene_.simulator.fault({{"fault", "status"}, {"where", "update"}, {"status", 500}});
  ask(ids_[0], R"({"fleet": "t"})");
  ask(ids_[1], "{}");
  const Outcome outcome = scene_.sync();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err_lines(),
              Contains(AllOf(HasSubstr("acme: metadata of 1 SIMs were not written"), HasSubstr("HTTP 500"))));
  EXPECT_EQ(answer(ids_[0]), "pending: ");
  EXPECT_EQ(answer(ids_[1]), "applied: ");
  for (std::size_t i = 1; i < 20; ++i) ask(ids_[i], R"({"fleet": "t"})");
  EXPECT_EQ(scene_.sync().status, 1) << "the API answers, though not this";
  scene_.simulator.clear_faults();
  EXPECT_EQ(scene_.sync().status, 0);
  EXPECT_EQ(pending(), 0);
}

TEST_F(Metadata, ADryRunSendsNothing) {
  ask(ids_[0], R"({"fleet": "t"})");
  EXPECT_EQ(scene_.sync({"--dry-run"}).status, 0);
  EXPECT_EQ(pending(), 1);
  EXPECT_EQ(scene_.simulator.requests("update"), 0U);
}

TEST_F(Metadata, AnApiThatMergesKeepsWhatIsToBeRemoved) {
  settings({{"patch_merges", true}});
  ask(ids_[0], R"({"fleet": "t"})");
  ask(ids_[1], R"({"fleet": "t"})", "{old}");
  scene_.sync_well();
  EXPECT_EQ(answer(ids_[0]), "applied: ");
  EXPECT_EQ(metadata_of(ids_[0]), (Json{{"keep", "ä\"\\"}, {"old", "1"}, {"fleet", "t"}}));
  EXPECT_THAT(answer(ids_[1]), HasSubstr("failed: the API keeps keys that are not named"));
  EXPECT_EQ(metadata_of(ids_[1]).at("fleet"), "t");
}

TEST_F(Metadata, ATokenThatMayNotWriteGoesOnReading) {
  scene_.simulator.fault({{"fault", "status"}, {"where", "update"}, {"status", 403}});
  const auto service = serve();
  ask(ids_[0], R"({"fleet": "t"})");
  EXPECT_TRUE(eventually([&] { return pending() == 0; })) << service->err();
  EXPECT_THAT(answer(ids_[0]), AllOf(HasSubstr("failed: "), HasSubstr("HTTP 403"), HasSubstr("lacks the right")));
  EXPECT_THAT(service->err(), testing::Not(HasSubstr("token refused")));
  end(*service);
}

// Each fault is one of a PATCH; what it takes for the request to be settled rightly.
TEST_F(Metadata, WhateverBecomesOfAPatch) {
  struct Case {
    Json fault;
    const char* state;
    bool carried_out;
  };
  const std::vector<Case> cases = {
      {{{"fault", "hang"}, {"seconds", 30}, {"times", 1}}, "applied: ", true},
      {{{"fault", "reset"}, {"times", 1}}, "applied: ", true},
      {{{"fault", "truncate"}, {"times", 1}}, "applied: ", true},
      {{{"fault", "status"}, {"status", 500}, {"times", 1}}, "applied: ", true},
      {{{"fault", "status"}, {"status", 503}, {"applied", true}, {"times", 1}}, "applied: ", true},
      {{{"fault", "status"}, {"status", 429}, {"retry_after", "1"}, {"times", 1}}, "applied: ", true},
      {{{"fault", "html"}, {"times", 1}}, "applied: ", true},
      {{{"fault", "status"}, {"status", 400}, {"times", 1}}, "failed: ", false},
      {{{"fault", "status"}, {"status", 404}, {"times", 1}}, "failed: ", false},
  };
  const auto service = serve();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Json fault = cases[i].fault;
    fault["where"] = "update";
    scene_.simulator.clear_faults();
    scene_.simulator.fault(fault);
    ask(ids_[i], R"({"fleet": "t"})");
    ASSERT_TRUE(eventually([&] { return pending() == 0; })) << fault << service->err();
    EXPECT_THAT(answer(ids_[i]), testing::StartsWith(cases[i].state)) << fault;
    Json wanted = {{"keep", "ä\"\\"}, {"old", "1"}};
    if (cases[i].carried_out) wanted["fleet"] = "t";
    EXPECT_EQ(metadata_of(ids_[i]), wanted) << fault;
    EXPECT_EQ(scene_.simulator.fired().at(0), 1U) << fault;
  }
  end(*service);
  scene_.simulator.clear_faults();
  scene_.sync_well();
  scene_.expect_equal();
  scene_.expect_true_history();
}

TEST_F(Metadata, WhileTheApiIsAwayNothingFails) {
  const auto service = serve();
  scene_.simulator.fault({{"fault", "status"}, {"where", "sim"}, {"status", 503}});
  ask(ids_[0], R"({"fleet": "t"})");
  ASSERT_TRUE(eventually([&] { return scene_.simulator.requests("sim") > 1; })) << service->err();
  EXPECT_EQ(answer(ids_[0]), "pending: ");
  scene_.simulator.clear_faults();
  ASSERT_TRUE(eventually([&] { return pending() == 0; })) << service->err();
  EXPECT_EQ(answer(ids_[0]), "applied: ");
  end(*service);
}

TEST_F(Metadata, WhoeverWritesTheSameKeyMeanwhileIsAConflict) {
  settings({{"latency_ms", 60}});
  std::atomic<bool> done = false;
  std::thread foreign{[&] {
    while (!done) scene_.simulator.set(ids_[0], {{"metadata", {{"fleet", "theirs"}}}});
  }};
  const auto service = serve();
  ask(ids_[0], R"({"fleet": "ours"})");
  EXPECT_TRUE(eventually([&] { return pending() == 0; })) << service->err();
  done = true;
  foreign.join();
  EXPECT_THAT(answer(ids_[0]), AllOf(HasSubstr("conflict: "), HasSubstr(R"(fleet is "theirs", asked for: "ours")")));
  EXPECT_EQ(scene_.simulator.requests("update"), 3U);
  const Outcome explained = scene_.daemon.run({"explain", ids_[0]});
  EXPECT_THAT(explained.out, HasSubstr("conflict"));
  end(*service);
}

// A walk beside it sees the change before it is read back.
TEST_F(Metadata, TheChangeIsOursWhoeverSeesItFirst) {
  scene_.settings = busy(scene_.settings);
  scene_.settings.timeout = "30s";
  scene_.configure();
  const auto service = serve();
  scene_.simulator.fault({{"fault", "hang"}, {"seconds", 60}, {"where", "update"}, {"times", 1}});
  ask(ids_[0], R"({"fleet": "t"})");
  ASSERT_TRUE(eventually([&] { return scene_.count("sim_change", "new_value::jsonb ->> 'fleet' = 't'") == 1; }))
      << service->err();
  EXPECT_EQ(pending(), 1);
  EXPECT_EQ(scene_.count("sim_change", "new_value::jsonb ->> 'fleet' = 't' AND origin = 'metadata_request'"), 1);
  scene_.simulator.kill();  // with the answer that hangs
  service->signal(SIGKILL);
  service->finish(std::chrono::seconds{10});
}

TEST(MetadataAlerts, RulesLeaveOwnChangesOutIfTheyAreToldTo) {
  AlertScene alerts{60, kHook,
                    "    - {name: any, on: sim, change: [metadata.fleet], channels: [ops]}\n"
                    "    - {name: theirs, on: sim, change: [metadata.fleet], own_changes: false, channels: [ops]}\n",
                    "  group_wait: 0s\n"};
  alerts.scene.sync_well();
  const std::vector<std::string> sims = alerts.with_profile("enabled");
  alerts.scene.database.run("INSERT INTO simsync.metadata_request (project, sim_id, metadata) VALUES ('acme', '" +
                            sims.at(0) + "', '{\"fleet\": \"t\"}')");
  alerts.scene.sync_well();
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'any'"), 1);
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'theirs'"), 0);
  const auto test = [&](const std::string& rule) {
    return Json::parse(alerts.scene.daemon.run({"alerts", "test", rule, "--output", "json"}).out).size();
  };
  EXPECT_EQ(test("any"), 1U);
  EXPECT_EQ(test("theirs"), 0U);
  alerts.scene.simulator.set(sims.at(1), {{"metadata", {{"fleet", "x"}}}});
  alerts.scene.sync_well();
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'any'"), 2);
  EXPECT_EQ(alerts.scene.count("alert", "rule = 'theirs'"), 1);
}

// ---- from a shell

TEST_F(Metadata, TheCommandWaitsForTheAnswer) {
  const auto service = serve();
  const Outcome good =
      scene_.daemon.run({"sim", "metadata", ids_[0], "fleet=a=b", "n:=1.5", "--remove", "old", "--output", "json"});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(Json::parse(good.out).at(0).at("state"), "applied");
  EXPECT_EQ(metadata_of(ids_[0]), (Json{{"keep", "ä\"\\"}, {"fleet", "a=b"}, {"n", 1.5}}));
  EXPECT_THAT(scene_.database.value("SELECT requested_by FROM simsync.metadata_request"), HasSubstr("@"));

  scene_.simulator.fault({{"fault", "status"}, {"where", "update"}, {"status", 400}});
  const Outcome refused = scene_.daemon.run({"sim", "metadata", ids_[1], "fleet=t"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err_lines(), testing::ElementsAre(AllOf(HasSubstr("request 2 failed: "), HasSubstr("HTTP 400"))));

  scene_.simulator.clear_faults();
  scene_.simulator.fault({{"fault", "status"}, {"where", "sim"}, {"status", 500}});
  const Outcome late = scene_.daemon.run({"sim", "metadata", ids_[2], "fleet=t", "--wait", "1s"});
  EXPECT_EQ(late.status, 1);
  EXPECT_THAT(late.err, HasSubstr("request 3 is queued and not carried out yet"));
  EXPECT_EQ(scene_.daemon.run({"sim", "metadata", ids_[2], "fleet=u", "--no-wait"}).status, 0);
  end(*service);
}

TEST_F(Metadata, BadChangesAreOneLine) {
  const std::string sim = ids_[0];
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"sim", "metadata", sim}, "give KEY=VALUE or --remove KEY"},
      {{"sim", "metadata", sim, "fleet"}, "write KEY=VALUE"},
      {{"sim", "metadata", sim, "=x"}, "has no key"},
      {{"sim", "metadata", sim, "n:=x"}, "has no JSON value"},
      {{"sim", "metadata", sim, R"(n:="\u0000")"}, "the database cannot hold"},
      {{"sim", "metadata", sim, "a=1", "a=2"}, "is set twice"},
      {{"sim", "metadata", sim, "a=1", "--remove", "a"}, "give each key once"},
      {{"sim", "metadata", sim, "a=\xFF"}, "not UTF-8"},
      {{"sim", "metadata", sim, "a=1", "--wait", "soon"}, "--wait"},
      {{"sim", "metadata", sim, "a=1", "--wait", "1s", "--no-wait"}, "excludes"},
      {{"sim", "metadata", "no id", "a=1"}, "neither a SIM's id"},
      {{"metadata", "import"}, "file"},
      {{"metadata", "import", "/nonexistent.csv"}, "/nonexistent.csv"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome outcome = scene_.daemon.run(arguments);
    EXPECT_EQ(outcome.status, 2) << message << outcome.err;
    EXPECT_THAT(outcome.err_lines(), testing::ElementsAre(HasSubstr(message)));
  }
  EXPECT_EQ(scene_.count("metadata_request"), 0);
  const Outcome alone = scene_.daemon.run({"sim", "metadata", sim, "a=1", "--no-wait"});
  EXPECT_EQ(alone.status, 0);
  EXPECT_THAT(alone.err, HasSubstr("no service works on project acme"));
}

// ---- from a file

class MetadataImport : public Metadata {
 protected:
  MetadataImport() { scene_.sync_well(); }

  std::string iccid(std::size_t sim) {
    return scene_.database.value("SELECT rtrim(iccid, 'Ff') FROM simsync.sim WHERE sim_id = '" + ids_[sim] + "'");
  }
  Outcome import(const std::string& csv, std::vector<std::string> more = {}) {
    const std::string file = scene_.daemon.directory().file("fleet.csv");
    write_file(file, csv);
    more.insert(more.begin(), {"metadata", "import", file});
    return scene_.daemon.run(more);
  }
};

TEST_F(MetadataImport, ShowsWhatDiffersAndAsksForIt) {
  const std::string csv = "sim_id,fleet,old\n" + ids_[0] + ",trucks,\n" + ids_[1] + ",,1\n" + ids_[2] + ",\"a, b\",2\n";
  const Outcome dry = import(csv, {"--dry-run", "--output", "csv"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_EQ(dry.out, "line,project,sim_id,key,old_value,new_value\r\n2,acme," + ids_[0] + ",fleet,,trucks\r\n4,acme," +
                         ids_[2] + ",fleet,,\"a, b\"\r\n4,acme," + ids_[2] + ",old,1,2\r\n");
  EXPECT_EQ(scene_.count("metadata_request"), 0);
  const Outcome real = import(csv, {"--output", "json"});
  EXPECT_EQ(real.status, 0) << real.err;
  EXPECT_EQ(Json::parse(real.out).at(0), (Json{{"requests", 2}, {"unchanged", 1}, {"bad", 0}}));
  scene_.sync_well();
  EXPECT_EQ(metadata_of(ids_[0]), (Json{{"keep", "ä\"\\"}, {"old", "1"}, {"fleet", "trucks"}}));
  EXPECT_EQ(metadata_of(ids_[2]).at("old"), "2");
  EXPECT_EQ(import(csv, {"--remove-empty"}).status, 0);
  scene_.sync_well();
  EXPECT_EQ(metadata_of(ids_[0]), (Json{{"keep", "ä\"\\"}, {"fleet", "trucks"}}));
}

TEST_F(MetadataImport, BadRowsAreToldAndTheGoodOnesGoThrough) {
  const Outcome outcome =
      import("iccid;fleet\nnonsense;a\n" + std::string("8988999999999999999;a\n") + iccid(3) + ";good\n" + iccid(3) +
             ";twice\n" + iccid(4) + ";a;b\n;a\n" + iccid(5) + "F;\xFF\n\"" + iccid(6) + ";open\n");
  EXPECT_EQ(outcome.status, 1);
  const std::vector<std::string> lines = outcome.err_lines();
  for (const char* part : {"line 2: ", "line 3: no SIM of the mirror", "line 5: SIM ", "line 6: there are 3 fields",
                           "line 7: no SIM is named", "line 8: ", "line 9: "}) {
    EXPECT_THAT(lines, Contains(HasSubstr(part)));
  }
  EXPECT_EQ(scene_.count("metadata_request"), 1);
  EXPECT_EQ(scene_.count("metadata_request", "sim_id = '" + ids_[3] + "'"), 1);
}

TEST_F(MetadataImport, TheHeaderHasToSaySomething) {
  for (const auto& [csv, message] : std::vector<std::pair<std::string, std::string>>{
           {"fleet,site\na,b\n", "no column names the SIM"},
           {"sim_id,iccid,fleet\na,b,c\n", "more than one column names the SIM"},
           {"sim_id\na\n", "no column is a key"},
           {"sim_id,,fleet\na,b,c\n", "column 2 has no name"},
           {"sim_id,fleet,fleet\na,b,c\n", "two columns are called"},
           {"iccid,fleet,ICCID\na,b,c\n", "two columns are called"},
           {"", "is empty"}}) {
    const Outcome outcome = import(csv);
    EXPECT_EQ(outcome.status, 2) << csv;
    EXPECT_THAT(outcome.err_lines(), testing::ElementsAre(HasSubstr(message)));
  }
  EXPECT_EQ(import("sim_id,iccid,fleet\n" + ids_[0] + ",b,c\n", {"--key", "fleet"}).status, 0);
  EXPECT_EQ(scene_.count("metadata_request", "metadata = '{\"fleet\": \"c\"}'"), 1);
  EXPECT_EQ(import("id,iccid\n77," + iccid(1) + "\n", {"--key", "id"}).status, 0);
  EXPECT_EQ(scene_.count("metadata_request", "sim_id = '" + ids_[1] + "' AND metadata = '{\"id\": \"77\"}'"), 1);
  const Outcome own = import("iccid,fleet\na,b\n", {"--key", "iccid", "--key", "fleet"});
  EXPECT_EQ(own.status, 2);
  EXPECT_THAT(own.err_lines(), testing::ElementsAre(HasSubstr("names the SIM and is no key")));
}

// Rows are asked for while the file is read. Where that ends early, it is said how far it came.
TEST_F(MetadataImport, AFileThatBreaksOffIsToldWithWhatIsQueued) {
  std::string csv = "sim_id,fleet\n" + ids_[0] + ",first\n";
  for (int i = 0; i < 300; ++i) csv += "sim_unknown," + std::string(60'000, 'x') + '\n';
  csv += ids_[1] + ",last" + std::string(1, '\0') + "\n";
  const Outcome outcome = import(csv);
  EXPECT_EQ(outcome.status, 2);
  const std::vector<std::string> lines = outcome.err_lines();
  ASSERT_GE(lines.size(), 2U);
  EXPECT_THAT(lines[lines.size() - 2], HasSubstr("1 requests are queued already"));
  EXPECT_THAT(lines.back(), HasSubstr("holds a NUL"));
  EXPECT_EQ(scene_.count("metadata_request"), 1);
}

}  // namespace
}  // namespace simsync::test
