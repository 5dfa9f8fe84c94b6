// `simsyncd sim search`: one ICCID, and files of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "tests/support/scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SimSearch : public testing::Test {
 protected:
  SimSearch() { truth_ = scene_.simulator.truth(); }

  Outcome search(std::vector<std::string> words) {
    words.insert(words.begin(), {"sim", "search"});
    return scene_.daemon.run(words);
  }

  Outcome search_file(const std::string& content, std::vector<std::string> more = {}) {
    const std::string path = scene_.daemon.directory().file("iccids");
    write_file(path, content);
    more.insert(more.begin(), {"--file", path, "--output", "json"});
    return search(more);
  }

  [[nodiscard]] std::string iccid(std::size_t place) const { return truth_[place].at("iccid"); }

  static std::vector<std::string> ids(const Outcome& outcome) {
    std::vector<std::string> found;
    for (const Json& sim : Json::parse(outcome.out)) found.push_back(sim.at("id"));
    return found;
  }

  Scene scene_{{.projects = {{.id = "acme", .token = "tok-a", .sims = 700}}}};
  std::vector<Json> truth_;
};

TEST_F(SimSearch, AsksAsTheReferenceSays) {
  const Outcome outcome = search({iccid(3), "--type", "esim", "--no-record", "--output", "json"});
  const std::string typed = iccid(4).substr(0, 19) + "f";
  search({typed, "--no-record"});
  search({iccid(5).substr(0, 4) + " " + iccid(5).substr(4), "--no-record"});
  const std::vector<Json> requests = scene_.simulator.get_lines("requests");
  ASSERT_EQ(requests.size(), 3U);
  for (const Json& request : requests) {
    EXPECT_EQ(request.at("method"), "POST");
    EXPECT_EQ(request.at("target"), "/projects/acme/sims/search");
    EXPECT_THAT(request.at("headers").at("Content-Type").get<std::string>(), HasSubstr("application/json"));
    EXPECT_EQ(request.at("headers").at("Accept"), "application/json");
    EXPECT_EQ(request.at("status"), 200);
  }
  const auto body = [&requests](std::size_t i) { return Json::parse(requests[i].at("body").get<std::string>()); };
  EXPECT_EQ(body(0), (Json{{"iccid", iccid(3)}, {"type", {"eSIM"}}}));
  EXPECT_EQ(body(1), (Json{{"iccid", typed}}));
  EXPECT_EQ(body(2), (Json{{"iccid", iccid(5)}}));
  if (truth_[3].at("type") == "eSIM") {
    EXPECT_EQ(ids(outcome), std::vector<std::string>{truth_[3].at("id")});
  }
}

TEST_F(SimSearch, ChecksBeforeItAsksAndOnlyWarnsOfACheckDigit) {
  for (const char* bad : {"8988307000000753711", "898830700000075371190", "89883070000007537A19", "8988", "x"}) {
    const std::string text = bad;
    if (text.size() == 19) continue;
    const Outcome outcome = search({text});
    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  }
  EXPECT_EQ(scene_.simulator.get("stats").at("requests"), 0);
  // 89883070000007537119 of the reference has its check digit.
  const Outcome good = search({"89883070000007537119", "--no-record"});
  EXPECT_EQ(good.status, 1);
  EXPECT_EQ(good.err, "simsyncd: no SIM has the ICCID 89883070000007537119\n");
  const Outcome odd = search({"89883070000007537118", "--no-record"});
  EXPECT_EQ(odd.status, 1);
  EXPECT_THAT(odd.err, HasSubstr("warning: the check digit of 89883070000007537118 does not fit"));
  EXPECT_EQ(scene_.simulator.requests("search"), 2U);
}

TEST_F(SimSearch, OfAFileTheGoodGoThroughAndTheBadAreListed) {
  scene_.sync_well();
  const std::string changed = truth_[600].at("id");
  scene_.simulator.set(changed, {{"status", "new"}});
  std::string content = "scanned;iccid;note\r\n";
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < truth_.size(); ++i) {
    content += "x;" + iccid(i) + ";\r\n";
    wanted.push_back(truth_[i].at("id"));
  }
  // Lines 702 to 706.
  content += "x;1234;\r\nx;;y\r\nx;89883070000007537119;\r\nx;" + iccid(7) + ";\r\nx;\"open;\r\n";
  const Outcome outcome = search_file(content);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(ids(outcome), wanted) << "in the order of the file";
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("line 702: \"1234\" has 4 digits"), HasSubstr("line 703: \"\" is empty"),
                    HasSubstr("line 704: no SIM has the ICCID 89883070000007537119"), HasSubstr("line 706: "),
                    HasSubstr("1 line repeats an ICCID"),
                    HasSubstr("of 701 ICCIDs 700 were found and 1 not; 3 lines hold none"), Not(HasSubstr("\r"))));
  EXPECT_EQ(scene_.simulator.requests("search"), 701U);
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + changed + "' AND new_value = 'new'"), 1);
  EXPECT_LE(scene_.simulator.get("stats").at("most_in_flight"), scene_.settings.connections);
}

TEST_F(SimSearch, ReadsPlainTextFromStandardInputToo) {
  const Outcome good = search_file(iccid(0) + "\n\n " + iccid(1) + " \n", {"--no-record"});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(ids(good).size(), 2U);
  const Outcome none = search({"--file", "/nowhere/at/all"});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("/nowhere/at/all"));
  EXPECT_EQ(none.out, "");
  const Outcome binary = search({"--file", "/bin/true"});
  EXPECT_EQ(binary.status, 2);
  EXPECT_THAT(binary.err, HasSubstr("is not text"));
}

TEST_F(SimSearch, OneUnansweredQuestionCostsNoOther) {
  scene_.simulator.fault({{"fault", "status"}, {"where", "search"}, {"status", 400}, {"skip", 3}, {"times", 1}});
  std::string content;
  for (std::size_t i = 0; i < 10; ++i) content += iccid(i) + "\n";
  const Outcome outcome = search_file(content, {"--no-record"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(ids(outcome).size(), 9U);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("HTTP 400"), HasSubstr("have no answer"), HasSubstr("simsyncd: line ")));
}

// It has a SIM, which nobody can read: that is not none.
TEST_F(SimSearch, AnAnswerThatCannotBeReadIsNotNone) {
  scene_.simulator.fault({{"fault", "bad_item"}, {"where", "search"}});
  for (const Outcome& outcome : {search({iccid(0), "--no-record"}), search_file(iccid(0) + "\n", {"--no-record"})}) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("left out: id is missing"), Not(HasSubstr("no SIM has"))));
  }
  const Outcome get = scene_.daemon.run({"sim", "get", iccid(0), "--no-record"});
  EXPECT_EQ(get.status, 3);
  EXPECT_THAT(get.err, AllOf(HasSubstr("cannot be read"), HasSubstr("name it by its id")));
}

TEST_F(SimSearch, ARefusedTokenEndsItAll) {
  scene_.simulator.post("projects/acme/token", {{"token", "another"}});
  std::string content;
  for (std::size_t i = 0; i < truth_.size(); ++i) content += iccid(i) + "\n";
  const Outcome outcome = search_file(content, {"--no-record"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(ids(outcome).size(), 0U);
  EXPECT_LE(scene_.simulator.requests("search"), scene_.settings.connections);
  EXPECT_THAT(outcome.err,
              HasSubstr("of 500 ICCIDs 0 were found and 0 not, 500 have no answer; what else the file holds "
                        "was not searched for\n"));
}

TEST(SimSearchOfProjects, ARefusedTokenCostsNoOtherProject) {
  Scene scene{{.projects = {{.id = "acme", .token = "tok-a", .sims = 700}, {.id = "beta", .token = "tok-b"}}}};
  scene.simulator.post("projects/beta/token", {{"token", "another"}});
  std::string content;
  for (const Json& sim : scene.simulator.truth()) content += sim.at("iccid").get<std::string>() + "\n";
  const std::string path = scene.daemon.directory().file("iccids");
  write_file(path, content + "89883070000007537119\n");
  const Outcome outcome = scene.daemon.run({"sim", "search", "--file", path, "--no-record", "--output", "json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(Json::parse(outcome.out).size(), 700U);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("check the token of project beta"), Not(HasSubstr("project acme")),
                                 HasSubstr("of 701 ICCIDs 700 were found and 0 not, 1 have no answer\n")));
  EXPECT_LE(scene.simulator.requests("search"), 701U + scene.settings.connections);
}

// A file of the wrong kind must not look like a box in which all is well.
TEST_F(SimSearch, AFileWithoutAnIccidIsTold) {
  for (const char* content : {"", "\n\n", "iccid\n", "name;serial number\n"}) {
    const Outcome outcome = search_file(content, {"--no-record"});
    EXPECT_EQ(outcome.status, 1) << content;
    EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("holds no ICCID"));
    EXPECT_EQ(outcome.out, "[]\n");
  }
}

TEST_F(SimSearch, WhatWasFoundBeforeAStopIsPrintedAndRecorded) {
  scene_.sync_well();
  scene_.settings.requests_per_second = 40;
  scene_.configure();
  const std::string first = truth_[0].at("id");
  scene_.simulator.set(first, {{"status", "new"}});
  std::string content;
  for (std::size_t i = 0; i < truth_.size(); ++i) content += iccid(i) + "\n";
  write_file(scene_.daemon.directory().file("many"), content);
  scene_.simulator.reset_stats();
  const auto process =
      scene_.daemon.start({"sim", "search", "--file", scene_.daemon.directory().file("many"), "--output", "json"});
  ASSERT_TRUE(eventually([&] { return scene_.simulator.requests("search") > 30; }));
  process->signal(SIGINT);
  const Outcome outcome = process->finish(std::chrono::seconds{20});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("stopped before its end"));
  const std::size_t found = ids(outcome).size();
  EXPECT_GE(found, 20U);
  EXPECT_LT(found, truth_.size());
  EXPECT_EQ(scene_.count("sim_change", "sim_id = '" + first + "' AND new_value = 'new'"), 1);
}

}  // namespace
}  // namespace simsync::test
