// The test's own door: that its orders do what they say, and that it refuses what it does not understand.
#include <chrono>
#include <set>
#include <thread>

#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

class AdminTest : public SimulatorTest {
 protected:
  int refused(const std::string& path, const std::string& body) {
    const auto result = client_->Post("/_admin/" + path, body, "application/json");
    return result ? result->status : -1;
  }
  Json sim_of_truth(const std::string& id) {
    return first_sim([&](const Json& sim) { return sim["id"] == id; });
  }
};

TEST_F(AdminTest, IsHealthyWithoutAToken) {
  EXPECT_EQ(admin_get("health"), R"({"ok":true})");
}

TEST_F(AdminTest, TheLogExplainsTheTruth) {
  std::map<std::string, Json> world;
  for (const auto& sim : truth()) world[sim["id"]] = sim;
  const auto made = lines(admin("projects/gigs/change", {{"count", 500}}));
  EXPECT_EQ(made.size(), 500U);
  EXPECT_EQ(lines(admin_get("projects/gigs/log")), made);
  std::set<std::string> born;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Json& line = made[i];
    EXPECT_EQ(line["seq"], i + 1);
    const std::string sim = line["sim"];
    if (line["what"] == "created") born.insert(sim);
    if (line["what"] == "deleted") world.erase(sim), born.erase(sim);
    if (line["what"] == "created" || line["what"] == "deleted" || born.contains(sim)) continue;
    Json& known = world.at(sim);
    if (line["what"] == "profile") {
      EXPECT_EQ(known["profile"]["status"], line["old"]);
      known["profile"] = {{"status", line["new"]}, {"updatedAt", line["updatedAt"]}};
    } else if (line["field"] == "metadata") {
      EXPECT_EQ(known["metadata"], Json::parse(line["old"].get<std::string>()));
      known["metadata"] = Json::parse(line["new"].get<std::string>());
    } else {
      EXPECT_EQ(known[line["field"].get<std::string>()], line["old"]);
      known[line["field"].get<std::string>()] = line["new"];
    }
  }
  const auto now = truth();
  EXPECT_EQ(now.size(), world.size() + born.size());
  for (const auto& sim : now)
    if (!born.contains(sim["id"])) {
      EXPECT_EQ(sim, world.at(sim["id"]));
    }
  EXPECT_EQ(lines(admin_get("projects/gigs/log?after=490")).size(), 10U);
}

TEST_F(AdminTest, AMixChoosesTheChanges) {
  for (const auto& line : lines(admin("projects/gigs/change", {{"count", 50}, {"mix", {{"create", 1}}}})))
    EXPECT_EQ(line["what"], "created");
  for (const auto& line : lines(admin("projects/gigs/change", {{"count", 50}, {"mix", "status=1"}})))
    EXPECT_EQ(line["field"], "status");
}

TEST_F(AdminTest, SetChangesExactlyWhatItSays) {
  const std::string id = esim();
  const auto made =
      lines(admin("projects/gigs/set", {{"sim", id},
                                        {"status", "retired"},
                                        {"metadata", {{"k", "ü"}}},
                                        {"provider", "p14"},
                                        {"iccid", "8988307000000753711"},
                                        {"extra", {{"newField", {1, 2}}}},
                                        {"profile", {{"status", "deleted"}, {"updatedAt", "2024-03-13T15:36:01Z"}}}}));
  EXPECT_GE(made.size(), 4U);
  const Json sim = get_json("/projects/gigs/sims/" + id);
  EXPECT_EQ(sim["status"], "retired");
  EXPECT_EQ(sim["metadata"]["k"], "ü");
  EXPECT_EQ(sim["provider"], "p14");
  EXPECT_EQ(sim["iccid"], "8988307000000753711");
  EXPECT_EQ(sim["newField"], Json::array({1, 2}));
  EXPECT_EQ(sim_of_truth(id)["profile"]["updatedAt"], "2024-03-13T15:36:01Z");
  EXPECT_EQ(get_json("/projects/gigs/sims/" + id + "/eSimProfile")["status"], "deleted");
  admin("projects/gigs/set", {{"sim", id}, {"provider", "p1"}});
  EXPECT_EQ(get_json("/projects/gigs/sims/" + id + "/eSimProfile")["status"], "unknown");
  admin("projects/gigs/set", {{"sim", id}, {"type", "pSIM"}});
  EXPECT_EQ(error(get("/projects/gigs/sims/" + id + "/eSimProfile"), "notFound"), 404);
}

TEST_F(AdminTest, ValuesUnknownToTheReferenceShowInLists) {
  const std::string id = list("limit=1")["items"][0]["id"];
  admin("projects/gigs/set", {{"sim", id}, {"status", "suspended"}, {"provider", "p77"}});
  EXPECT_EQ(list("limit=1")["items"][0]["status"], "suspended");
  EXPECT_EQ(list("provider=p77")["items"].size(), 1U);
}

TEST_F(AdminTest, RawTextAndErrorStatusMakeBrokenPages) {
  const Json page = list("limit=3");
  const std::string id = page["items"][1]["id"];
  admin("projects/gigs/set", {{"sim", id}, {"raw", R"({"object":"sim","broken":})"}});
  EXPECT_NE(get("/projects/gigs/sims?limit=3")->body.find(R"(,{"object":"sim","broken":},)"), std::string::npos);
  EXPECT_EQ(get("/projects/gigs/sims/" + id)->body, R"({"object":"sim","broken":})");
  EXPECT_EQ(sim_of_truth(id)["id"], id);
  admin("projects/gigs/set", {{"sim", id}, {"raw", nullptr}, {"error_status", 500}});
  EXPECT_EQ(error(get("/projects/gigs/sims?limit=3"), "system"), 500);
  EXPECT_EQ(get("/projects/gigs/sims?limit=1")->status, 200);
  EXPECT_EQ(get("/projects/gigs/sims/" + id)->status, 200);
  admin("projects/gigs/set", {{"sim", id}, {"error_status", nullptr}});
  EXPECT_EQ(list("limit=3"), page);
}

TEST_F(AdminTest, CreatesAtTheHeadAndDeletes) {
  const Json made = Json::parse(admin("projects/gigs/create", {{"count", 3}, {"status", "active"}, {"type", "eSIM"}}));
  const Json page = list("limit=3");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(page["items"][i]["id"], made["ids"][2 - i]);
  EXPECT_EQ(page["items"][0]["status"], "active");
  admin("projects/gigs/delete", {{"sims", made["ids"]}});
  EXPECT_EQ(truth().size(), 1000U);
  EXPECT_EQ(error(get("/projects/gigs/sims/" + made["ids"][0].get<std::string>()), "notFound"), 404);
  EXPECT_EQ(Json::parse(admin("projects/gigs/delete", {{"share", 0.06}}))["ids"].size(), 60U);
  EXPECT_EQ(Json::parse(admin("projects/gigs/delete", {{"count", 40}}))["ids"].size(), 40U);
  EXPECT_EQ(truth().size(), 900U);
}

TEST_F(AdminTest, RefusesWhatItDoesNotUnderstand) {
  const std::string id = esim();
  EXPECT_EQ(refused("projects/gigs/change", R"({"cuont":1})"), 400);
  EXPECT_EQ(refused("projects/gigs/change", R"({"count":"x"})"), 400);
  EXPECT_EQ(refused("projects/gigs/change", "["), 400);
  EXPECT_EQ(refused("projects/gigs/change", R"({"mix":{"foo":1}})"), 400);
  EXPECT_EQ(refused("projects/gigs/set", R"({"sim":"sim_1","status":"active"})"), 400);
  EXPECT_EQ(refused("projects/gigs/set", R"({"status":"active"})"), 400);
  EXPECT_EQ(refused("projects/gigs/set", R"({"sim":")" + id + R"(","profile":{"status":"x","updatedAt":"yesterday"}})"),
            400);
  EXPECT_EQ(refused("projects/gigs/delete", "{}"), 400);
  EXPECT_EQ(refused("projects/gigs/delete", R"({"share":2})"), 400);
  EXPECT_EQ(refused("projects/gigs/token", R"({"token":""})"), 400);
  EXPECT_EQ(refused("projects/nope/change", "{}"), 404);
  EXPECT_EQ(refused("nope", "{}"), 404);
  EXPECT_EQ(refused("settings", R"({"latency":1})"), 400);
  EXPECT_EQ(refused("settings", R"({"latency_ms":-1})"), 400);
  for (const char* fault : {R"({})", R"({"fault":"nope"})", R"({"fault":"status","where":"nope"})",
                            R"({"fault":"status","project":"nope"})", R"({"fault":"status","probability":2})",
                            R"({"fault":"status","status":99})", R"({"fault":"status","probabilty":1})"})
    EXPECT_EQ(refused("faults", fault), 400) << fault;
  EXPECT_TRUE(admin_get("projects/gigs/log").empty());
}

TEST_F(AdminTest, TheWorldLivesAndPauses) {
  admin("settings", {{"changes_per_second", 2000}});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  admin("pause");
  const auto made = lines(admin_get("projects/gigs/log")).size() + lines(admin_get("projects/test/log")).size();
  EXPECT_GT(made, 100U);
  EXPECT_LT(made, 2500U);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(lines(admin_get("projects/gigs/log")).size() + lines(admin_get("projects/test/log")).size(), made);
  admin("resume");
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_GT(lines(admin_get("projects/gigs/log")).size(), made - 200);
}

TEST_F(AdminTest, CountsRequestsAndNeverShowsAToken) {
  get("/projects/gigs/sims?limit=1");
  get("/projects/gigs/sims?limit=x");
  get("/projects/gigs/sims/" + esim());
  const Json stats = Json::parse(admin_get("stats"));
  EXPECT_EQ(stats["endpoints"]["list"]["requests"], 2);
  EXPECT_EQ(stats["endpoints"]["list"]["answers"]["200"], 1);
  EXPECT_EQ(stats["endpoints"]["list"]["answers"]["400"], 1);
  EXPECT_EQ(stats["endpoints"]["sim"]["requests"], 1);
  EXPECT_EQ(stats["requests"], 3);
  EXPECT_EQ(stats["in_flight"], 0);
  EXPECT_GE(stats["connections_accepted"], 1);
  const std::string text = admin_get("requests?last=2");
  EXPECT_EQ(text.find("secret"), std::string::npos);
  const auto last = lines(text);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0]["target"], "/projects/gigs/sims?limit=x");
  EXPECT_EQ(last[0]["status"], 400);
  EXPECT_EQ(last[0]["authorization"], true);
  EXPECT_EQ(last[0]["headers"]["Accept"], "application/json");
  admin("stats/reset");
  EXPECT_EQ(Json::parse(admin_get("stats"))["requests"], 0);
  EXPECT_TRUE(admin_get("requests").empty());
}

TEST_F(AdminTest, LatencyDelaysTheApiButNotTheAdminCalls) {
  admin("settings", {{"latency_ms", 60}});
  const auto start = std::chrono::steady_clock::now();
  admin_get("health");
  const auto between = std::chrono::steady_clock::now();
  get("/projects/gigs/sims");
  const auto end = std::chrono::steady_clock::now();
  EXPECT_LT(between - start, std::chrono::milliseconds(50));
  EXPECT_GE(end - between, std::chrono::milliseconds(60));
}

TEST_F(AdminTest, SeveralThreadsServeOneWorld) {
  options_.threads = 3;
  options_.changes_per_second = 3000;
  boot();
  std::vector<std::jthread> clients;
  for (int i = 0; i < 6; ++i)
    clients.emplace_back([this] {
      httplib::Client own(server_->url());
      own.set_keep_alive(true);
      for (int n = 0; n < 100; ++n) {
        const auto result = own.Get("/projects/gigs/sims?limit=50", headers_);
        ASSERT_TRUE(result);
        ASSERT_EQ(result->status, 200);
      }
    });
  clients.clear();
  EXPECT_EQ(Json::parse(admin_get("stats"))["endpoints"]["list"]["requests"], 600);
}

TEST(Server, RefusesAddressesThatAreNotLoopback) {
  for (const char* listen :
       {"0.0.0.0:0", "192.168.1.1:80", "[::]:0", "example.com:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"}) {
    ServerOptions options;
    options.listen = listen;
    EXPECT_THROW(Server{options}, std::invalid_argument) << listen;
  }
}

}  // namespace
}  // namespace simsync::simulator
