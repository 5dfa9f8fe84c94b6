// `simsyncd sim list`, `get` and `profile`: what is asked, what is printed, what is recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SimCommand : public testing::Test {
 protected:
  void sync_and_choose() {
    scene_.sync_well();
    sim_ = one("eSIM", "p3");
    id_ = sim_.at("id");
  }

  Json one(const std::string& type, const std::string& provider) {
    for (const Json& sim : scene_.simulator.truth()) {
      if (sim.at("type") == type && sim.at("provider") == provider && sim.at("status") == "active") return sim;
    }
    throw std::runtime_error("no such SIM");
  }

  Outcome sim(std::vector<std::string> words) {
    words.insert(words.begin(), "sim");
    return scene_.daemon.run(words);
  }

  Json json(std::vector<std::string> words) {
    words.insert(words.end(), {"--output", "json"});
    const Outcome outcome = sim(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return Json::parse(outcome.out);
  }

  // The one line on stderr.
  std::string refused(const std::vector<std::string>& words, int status) {
    const Outcome outcome = sim(words);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }

  // What the simulator was asked since reset_stats().
  std::vector<Json> requests() { return scene_.simulator.get_lines("requests"); }

  // As the API's resource, without what the simulator adds for tests.
  static Json resource(Json truth) {
    truth.erase("profile");
    truth["createdAt"] = truth.at("createdAt").get<std::string>().substr(0, 19) + "Z";
    truth["project"] = "acme";
    return truth;
  }

  Scene scene_{{.projects = {{.id = "acme", .token = "tok-a"}}}};
  Json sim_;
  std::string id_;
};

TEST_F(SimCommand, ListAsksForWhatItsOptionsSay) {
  sim({"list", "--provider", "p3,p14", "--provider", "p9", "--status", "active", "--status", "retired", "--type",
       "esim", "--limit", "7", "--no-record"});
  sim({"list", "--no-record"});
  const std::string user = scene_.simulator.get_lines("projects/acme/users").at(0).at("user");
  sim({"list", "--user", user, "--no-record"});
  const std::string cursor = scene_.simulator.truth().at(20).at("id");
  sim({"list", "--after", cursor, "--limit", "0", "--no-record"});
  sim({"list", "--before", cursor, "--limit", "200", "--no-record"});
  std::vector<std::string> targets;
  for (const Json& request : requests()) {
    EXPECT_EQ(request.at("method"), "GET");
    EXPECT_EQ(request.at("status"), 200);
    EXPECT_EQ(request.at("authorization"), true);
    EXPECT_EQ(request.at("headers").at("Accept"), "application/json");
    targets.push_back(request.at("target"));
  }
  const std::string list = "/projects/acme/sims?";
  const std::string all = "status=inactive,active,retired";
  EXPECT_THAT(targets,
              ElementsAre(list + "provider=p3,p14,p9&status=active,retired&type=eSIM&limit=7", list + all + "&limit=10",
                          list + all + "&user=" + user + "&limit=10", list + all + "&after=" + cursor + "&limit=0",
                          list + all + "&before=" + cursor + "&limit=200"));
}

TEST_F(SimCommand, ListPrintsTheApisObjectsInItsOrder) {
  scene_.simulator.set(scene_.simulator.truth().at(2).at("id"),
                       {{"extra", {{"carrier", {{"n", 1.5}}}, {"tags", {"a"}}}}, {"metadata", {{"note", "ü\n\"x"}}}});
  const std::vector<Json> truth = scene_.simulator.truth();
  ASSERT_EQ(truth.size(), 300U);
  // Over two pages, and then some.
  const Json all = json({"list", "--all", "--no-record"});
  ASSERT_EQ(all.size(), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_EQ(all[i], resource(truth[i]));
  EXPECT_EQ(json({"list", "--limit", "250", "--no-record"}).size(), 250U);
  EXPECT_EQ(json({"list", "--limit", "0", "--no-record"}), Json::array());
  const Json before = json({"list", "--before", truth[20].at("id"), "--limit", "3", "--no-record"});
  ASSERT_EQ(before.size(), 3U);
  EXPECT_EQ(before[0], resource(truth[17]));

  const Outcome table = sim({"list", "--limit", "3", "--no-record"});
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.out, ContainsRegex("^project +sim_id +iccid +provider +type +status +created_at +metadata\n"));
  EXPECT_THAT(table.err, HasSubstr("--after " + truth[2].at("id").get<std::string>() + " goes on"));
  const Outcome csv = sim({"list", "--limit", "3", "--no-record", "--output", "csv"});
  EXPECT_THAT(csv.out, AllOf(HasSubstr("project,sim_id,iccid,provider,type,status,created_at,metadata,extra\r\n"),
                             HasSubstr(R"(""carrier"":{""n"":1.5})")));
  EXPECT_EQ(csv.err, "");
}

// With --no-record there need not even be a database.
TEST_F(SimCommand, NeedsNoDatabaseThatItDoesNotWriteTo) {
  scene_.settings.database_url = "postgresql://127.0.0.1:1/none";
  scene_.configure();
  const Json sim = one("eSIM", "p3");
  EXPECT_EQ(json({"get", sim.at("id"), "--no-record"}), resource(sim));
  EXPECT_EQ(json({"get", sim.at("iccid"), "--no-record"}), resource(sim));
  // Otherwise the answer comes first, and then what is wrong.
  const Outcome outcome = this->sim({"get", sim.at("iccid"), "--output", "json"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(Json::parse(outcome.out), resource(sim));
  EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("simsyncd: not recorded: "));
}

TEST_F(SimCommand, WhatItLearnsIsRecordedWithItsHistory) {
  sync_and_choose();
  scene_.simulator.set(id_, {{"status", "retired"}, {"metadata", {{"fleet", "Łódź"}}}});
  const std::string fresh = scene_.simulator.create({{"count", 1}, {"type", "pSIM"}}).at(0);
  json({"get", id_, "--no-record"});
  EXPECT_EQ(scene_.count("sim_change"), 0);
  EXPECT_EQ(json({"get", id_}).at("status"), "retired");
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + id_ + "'"), 2);
  json({"get", id_});
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + id_ + "'"), 2) << "the same once more is no change";
  json({"list", "--limit", "1"});
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + fresh + "' AND kind = 'appeared'"), 1);
  scene_.expect_equal();
  scene_.expect_true_history();
  EXPECT_EQ(scene_.count("walk"), 1) << "none of it is a walk";
}

// A SIM that changed, was written down by somebody who asked, and changed back: the service, which knows it only as it
// was, has to notice.
TEST_F(SimCommand, TheServiceNoticesWhatChangedBackBehindItsBack) {
  sync_and_choose();
  scene_.settings.walk_interval = scene_.settings.new_sims_interval = "1s";
  scene_.configure();
  const auto service = scene_.daemon.start({"run"});
  const auto walks = [this](long more) {
    const long before = scene_.count("walk", "kind = 'full' AND outcome = 'complete'");
    return eventually([&] { return scene_.count("walk", "kind = 'full' AND outcome = 'complete'") >= before + more; });
  };
  ASSERT_TRUE(walks(2)) << service->err();
  // So that no walk of the service sees the SIM in between.
  scene_.simulator.fault({{"fault", "status"}, {"where", "list"}, {"status", 500}});
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  scene_.simulator.set(id_, {{"status", "retired"}});
  json({"get", id_});
  scene_.simulator.set(id_, {{"status", "active"}});
  EXPECT_EQ(scene_.count("sim", "sim_id = '" + id_ + "' AND status = 'retired'"), 1);
  scene_.simulator.clear_faults();
  EXPECT_TRUE(walks(2)) << service->err();
  EXPECT_EQ(scene_.count("sim", "sim_id = '" + id_ + "' AND status = 'active'"), 1);
  service->signal(SIGTERM);
  service->finish(std::chrono::seconds{20});
}

TEST_F(SimCommand, AGoneSimIsNotFoundMissing) {
  sync_and_choose();
  scene_.simulator.destroy({{"sims", {id_}}});
  EXPECT_THAT(refused({"get", id_}, 3), HasSubstr("HTTP 404"));
  EXPECT_THAT(refused({"profile", id_}, 3), HasSubstr("the SIM does not exist"));
  EXPECT_EQ(scene_.count("sim", "missing_since IS NOT NULL"), 0) << "only a complete walk may";
  EXPECT_EQ(scene_.count("sim_change"), 0);
}

TEST_F(SimCommand, AProfileIsRecordedWithItsSim) {
  sync_and_choose();
  scene_.simulator.set(
      id_, {{"status", "inactive"}, {"profile", {{"status", "disabled"}, {"updatedAt", "2026-03-01T10:00:00Z"}}}});
  scene_.simulator.reset_stats();
  const Json answer = json({"profile", id_});
  const std::vector<Json> asked = requests();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].at("method"), "GET");
  EXPECT_EQ(asked[0].at("target"), "/projects/acme/sims/" + id_ + "/eSimProfile");
  Json inner = resource(sim_);
  inner.erase("project");
  inner["status"] = "inactive";
  EXPECT_EQ(answer, (Json{{"project", "acme"},
                          {"object", "eSimProfile"},
                          {"sim", inner},
                          {"status", "disabled"},
                          {"updatedAt", "2026-03-01T10:00:00Z"}}));
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + id_ + "' AND new_value = 'inactive'"), 1);
  EXPECT_EQ(scene_.count("esim_profile_transition",
                         "sim_id = '" + id_ + "' AND from_status IS NOT NULL AND to_status = 'disabled'"),
            1);
  scene_.expect_equal();
  scene_.expect_true_history();
}

TEST_F(SimCommand, AProfileThatNobodyPollsIsNotKept) {
  sync_and_choose();
  std::string other;
  for (const Json& sim : scene_.simulator.truth()) {
    if (sim.at("type") == "eSIM" && sim.at("provider") == "p6") other = sim.at("id");
  }
  const long before = scene_.count("esim_profile");
  EXPECT_EQ(json({"profile", other}).at("status"), "unknown");
  EXPECT_EQ(scene_.count("esim_profile"), before);

  const Json plastic = one("pSIM", "p3");
  EXPECT_THAT(refused({"profile", plastic.at("id")}, 3), HasSubstr("is a pSIM: only eSIMs have a profile"));
  EXPECT_THAT(sim({"profile", id_}).out, ContainsRegex("sim_status +active\n  status +[a-z]+\n"));
}

TEST_F(SimCommand, AlertsAreRaisedAndLeftForTheService) {
  scene_.settings.more = R"(alerts:
  channels: {ops: {type: command, program: /bin/false}}
  rules: [{name: gone, on: profile, from: [enabled], to: [disabled], channels: [ops]}]
)";
  scene_.configure();
  sync_and_choose();
  scene_.simulator.set(id_, {{"profile", {{"status", "enabled"}, {"updatedAt", "2026-03-01T10:00:00Z"}}}});
  json({"profile", id_});
  scene_.simulator.set(id_, {{"profile", {{"status", "disabled"}, {"updatedAt", "2026-03-01T11:00:00Z"}}}});
  json({"profile", id_});
  EXPECT_EQ(scene_.count("alert", "rule = 'gone' AND sim_id = '" + id_ + "'"), 1);
  EXPECT_EQ(scene_.count("alert_delivery", "state = 'pending' AND attempts = 0"), 1);
}

TEST_F(SimCommand, BadArgumentsAskNothing) {
  EXPECT_THAT(refused({"get", "12345"}, 2), HasSubstr("has 5 digits"));
  EXPECT_THAT(refused({"get", "891597200000000050"}, 2), HasSubstr("has 18 digits"));
  EXPECT_THAT(refused({"get", "sim_1/../../users"}, 2), HasSubstr("neither a SIM's id"));
  EXPECT_THAT(refused({"get", "sim_\033[2J"}, 2), Not(HasSubstr("\033")));
  EXPECT_THAT(refused({"get", ".."}, 2), HasSubstr("neither a SIM's id"));
  EXPECT_THAT(refused({"get", std::string(300, 'a')}, 2), HasSubstr("neither a SIM's id"));
  EXPECT_THAT(refused({"list", "--project", "other"}, 2), HasSubstr("it has acme"));
  EXPECT_EQ(scene_.simulator.get("stats").at("requests"), 0);
}

// The text of the API, on the terminal and for programs.
TEST_F(SimCommand, HostileTextDoesNotReachTheTerminal) {
  sync_and_choose();
  const std::string evil =
      "x\033[2J\xC2\x9B"
      "1m\xE2\x80\xAE\r\n";
  scene_.simulator.set(id_, {{"metadata", {{"note", evil}}}, {"extra", {{evil, evil}, {"project", "else"}}}});
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"get", id_}, {"list", "--all"}, {"get", id_, "--output", "table"}}) {
    const std::string said = sim(words).out;
    for (const char* forbidden : {"\033", "\xC2\x9B", "\xE2\x80\xAE", "\r"})
      EXPECT_THAT(said, Not(HasSubstr(forbidden)));
  }
  const Json answer = json({"get", id_});
  EXPECT_EQ(answer.at("metadata").at("note"), evil) << "a program gets what it is";
  EXPECT_EQ(answer.at(evil), evil);
  const std::string text = sim({"get", id_, "--output", "json"}).out;
  EXPECT_EQ(text.find("\"project\""), text.rfind("\"project\"")) << "no key twice";
  EXPECT_EQ(answer.at("project"), "else") << "a field of the API's goes before what is added";
}

TEST_F(SimCommand, ABadItemCostsNoOther) {
  scene_.simulator.fault({{"fault", "bad_item"}, {"where", "list"}, {"times", 1}});
  const Outcome outcome = sim({"list", "--all", "--no-record", "--output", "json"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(Json::parse(outcome.out).size(), 299U);
  EXPECT_THAT(outcome.err, HasSubstr("left out: id is missing"));
}

TEST_F(SimCommand, AListThatBreaksOffIsPrintedAndRecordedAsFarAsItCame) {
  scene_.sync_well();
  scene_.simulator.fault({{"fault", "status"}, {"where", "list"}, {"status", 403}, {"skip", 1}});
  const std::string first = scene_.simulator.truth().at(0).at("id");
  scene_.simulator.set(first, {{"status", "retired"}});
  const Outcome outcome = sim({"list", "--all", "--output", "json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(Json::parse(outcome.out).size(), 200U);
  EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + first + "'"), 1);
}

// A cursor whose SIM is gone by the time it is used; and pages that never end.
TEST_F(SimCommand, AListGoesOnWhereItsPlaceIsGone) {
  scene_.simulator.fault({{"fault", "gone_cursor"}, {"times", 3}});
  const std::vector<Json> truth = scene_.simulator.truth();
  const Json all = json({"list", "--all", "--no-record"});
  ASSERT_EQ(all.size(), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_EQ(all[i].at("id"), truth[i].at("id"));
  scene_.simulator.clear_faults();
  scene_.simulator.fault({{"fault", "gone_cursor"}, {"times", 1}});
  EXPECT_EQ(json({"list", "--limit", "220", "--no-record"}).size(), 220U);
  scene_.simulator.clear_faults();
  scene_.simulator.fault({{"fault", "repeat_cursor"}});
  const Outcome circle = sim({"list", "--all", "--no-record", "--output", "csv"});
  EXPECT_EQ(circle.status, 3);
  EXPECT_THAT(circle.err, HasSubstr("in a circle"));
}

// It says that SIMs follow which it leaves out: that is not all of them, and no reason to ask for ever.
TEST_F(SimCommand, AnEmptyPageThatLeadsOnIsNoEnd) {
  scene_.simulator.fault({{"fault", "empty_page"}, {"times", 1}});
  const Outcome outcome = sim({"list", "--all", "--no-record", "--output", "json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.out, "[]\n");
  EXPECT_THAT(outcome.err, HasSubstr("a page without SIMs says that more follow"));
}

TEST(SimCommandOfProjects, FindsTheProjectInTheMirror) {
  Scene scene{{.projects = {{.id = "acme", .token = "tok-a"}, {.id = "beta", .token = "tok-b", .sims = 20}}}};
  const auto sim = [&scene](std::vector<std::string> words) {
    words.insert(words.begin(), "sim");
    return scene.daemon.run(words);
  };
  const Json beta = scene.simulator.truth("beta").at(3);
  const std::string id = beta.at("id");
  const std::string iccid = beta.at("iccid");
  ASSERT_EQ(scene.daemon.run({"migrate"}).status, 0);
  Outcome outcome = sim({"get", id});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("is in the mirror of no project; say which one with --project"));
  // The API knows an ICCID that the mirror does not know yet, in whichever project it is.
  EXPECT_EQ(Json::parse(sim({"get", iccid, "--output", "json"}).out).at("project"), "beta");
  EXPECT_EQ(scene.simulator.requests("search"), 2U);
  EXPECT_EQ(sim({"get", id}).status, 0) << "it was recorded";
  scene.sync_well();
  scene.simulator.reset_stats();
  EXPECT_EQ(Json::parse(sim({"get", iccid, "--output", "json"}).out).at("id"), id);
  EXPECT_EQ(scene.simulator.requests("search"), 0U);
  outcome = sim({"get", id, "--no-record"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--project"));
  EXPECT_EQ(sim({"get", id, "--no-record", "--project", "beta"}).status, 0);

  EXPECT_EQ(Json::parse(sim({"list", "--all", "--output", "json"}).out).size(), 320U);
  // A project that the API refuses costs no other.
  scene.simulator.post("projects/acme/token", {{"token", "another"}});
  outcome = sim({"list", "--all", "--output", "json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(Json::parse(outcome.out).size(), 20U);
  EXPECT_THAT(outcome.err, HasSubstr("check the token of project acme"));
  scene.simulator.post("projects/acme/token", {{"token", "tok-a"}});
  outcome = sim({"list", "--after", id});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--project"));

  // An ICCID is no key.
  scene.simulator.set(scene.simulator.truth("acme").at(5).at("id"), {{"iccid", iccid}}, "acme");
  scene.sync_well();
  outcome = sim({"get", iccid});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("more than one SIM has the ICCID"), HasSubstr(id + " (beta, ")));
  scene.database.run(
      "INSERT INTO simsync.sim SELECT 'acme', sim_id, iccid, provider, type, status, metadata, created_at, "
      "extra, first_seen_at, changed_at, missing_since, confirmed_at FROM simsync.sim WHERE sim_id = '" +
      id + "'");
  outcome = sim({"get", id});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("more than one project: acme, beta"));
}

}  // namespace
}  // namespace simsync::test
