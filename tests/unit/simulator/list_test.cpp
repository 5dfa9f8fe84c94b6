// GET /projects/{project}/sims over a real socket, held against facts.md, "Lists".
#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

class ListTest : public SimulatorTest {
 protected:
  int refused(const std::string& query, const std::string& type = "invalid") {
    return error(get("/projects/gigs/sims?" + query), type);
  }
};

TEST_F(ListTest, HasTenNewestByDefaultWithoutTheRetired) {
  const Json page = list();
  std::vector<std::string> wanted, found;
  for (const auto& sim : truth())
    if (sim["status"] != "retired" && wanted.size() < 10) wanted.push_back(sim["id"]);
  for (const auto& sim : page["items"]) found.push_back(sim["id"]);
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(page["object"], "list");
  EXPECT_EQ(page["moreItemsAfter"], wanted.back());
  EXPECT_EQ(page["moreItemsBefore"], nullptr);
  EXPECT_EQ(page.size(), 4U);
}

TEST_F(ListTest, CursorsLeadThroughTheWholeListAndBack) {
  std::vector<Json> forth, back;
  std::string query = "status=inactive,active,retired&limit=170";
  Json page = list(query);
  for (;;) {
    forth.insert(forth.end(), page["items"].begin(), page["items"].end());
    if (page["moreItemsAfter"].is_null()) break;
    page = list(query + "&after=" + page["moreItemsAfter"].get<std::string>());
    EXPECT_EQ(page["moreItemsBefore"], page["items"][0]["id"]);
  }
  for (;;) {
    back.insert(back.begin(), page["items"].begin(), page["items"].end());
    if (page["moreItemsBefore"].is_null()) break;
    page = list(query + "&before=" + page["moreItemsBefore"].get<std::string>());
  }
  auto whole = truth();
  for (auto& sim : whole) sim.erase("profile");
  EXPECT_EQ(forth, whole);
  EXPECT_EQ(back, whole);
}

TEST_F(ListTest, TakesTheIdOfAnyExistingSimAsCursor) {
  const auto whole = truth();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i]["status"] != "retired") continue;
    std::size_t next = i + 1;
    while (whole[next]["status"] == "retired") ++next;
    EXPECT_EQ(list("limit=1&after=" + whole[i]["id"].get<std::string>())["items"][0]["id"], whole[next]["id"]);
    break;
  }
}

TEST_F(ListTest, ReadsListsAndEscapes) {
  const Json plain = list("status=active,retired&provider=p3,p14&type=eSIM&limit=50");
  EXPECT_EQ(list("status=active%2Cretired&provider=p3%2cp14&type=%65SIM&limit=50"), plain);
  ASSERT_FALSE(plain["items"].empty());
  for (const auto& sim : plain["items"]) {
    EXPECT_TRUE(sim["provider"] == "p3" || sim["provider"] == "p14");
    EXPECT_EQ(sim["type"], "eSIM");
    EXPECT_NE(sim["status"], "inactive");
  }
  EXPECT_TRUE(list("provider=p99")["items"].empty());
}

TEST_F(ListTest, LimitsTakeTheirWholeRange) {
  EXPECT_EQ(list("limit=200")["items"].size(), 200U);
  EXPECT_EQ(list("limit=1")["items"].size(), 1U);
  EXPECT_EQ(list("limit=0").dump(), R"({"items":[],"moreItemsAfter":null,"moreItemsBefore":null,"object":"list"})");
}

TEST_F(ListTest, KnowsTheSimsOfAUser) {
  const auto users = lines(admin_get("projects/gigs/users"));
  ASSERT_FALSE(users.empty());
  const Json page = list("status=inactive,active,retired&user=" + users[0]["user"].get<std::string>());
  EXPECT_EQ(page["items"].size(), users[0]["sims"].size());
  EXPECT_TRUE(list("user=usr_0SNlurA049MEWV4OpCwsNyC9Kn2d")["items"].empty());
}

TEST_F(ListTest, RefusesAllThatIsNotDocumented) {
  const std::string id = truth()[3]["id"];
  for (const char* query : {"foo=1",
                            "Limit=1",
                            "limit=201",
                            "limit=-1",
                            "limit=",
                            "limit=1.0",
                            "limit=abc",
                            "limit=%2B1",
                            "limit=1&limit=1",
                            "status=",
                            "status=foo",
                            "status=Active",
                            "status=active,",
                            "status=active&status=retired",
                            "type=esim",
                            "type=eSIM,pSIM",
                            "type=",
                            "provider=",
                            "provider=p1,,p2",
                            "user=",
                            "user=sim_0SNlurA049MEWV4OpCwsNyC9Kn2d",
                            "user=usr_1",
                            "after=",
                            "after=sim_1",
                            "before=foo",
                            "after=sim_0000000000000000000000000000"})
    EXPECT_EQ(refused(query), 400) << query;
  EXPECT_EQ(refused("after=" + id + "&before=" + id), 400);
  EXPECT_EQ(refused("limit=%2", "malformed"), 400);
}

TEST_F(ListTest, AnswersAGoneCursorAsToldTo) {
  const std::string id = truth()[3]["id"];
  EXPECT_EQ(list("limit=1&after=" + id)["items"].size(), 1U);
  admin("projects/gigs/delete", {{"sims", {id}}});
  EXPECT_EQ(refused("after=" + id), 400);
  admin("settings", {{"gone_cursor_status", 404}});
  EXPECT_EQ(refused("after=" + id, "notFound"), 404);
}

TEST_F(ListTest, OfAnEmptyProjectIsEmpty) {
  options_.projects = {{"gigs", "secret", 0}};
  boot();
  const Json page = list();
  EXPECT_TRUE(page["items"].empty());
  EXPECT_TRUE(page["moreItemsAfter"].is_null());
  EXPECT_TRUE(truth().empty());
}

}  // namespace
}  // namespace simsync::simulator
