// Faults of content: what the answer says when a test has ordered it to lie.
#include <set>

#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

class FaultTest : public SimulatorTest {
 protected:
  void order(Json fault) { admin("faults", fault); }
  Json fired() { return Json::parse(admin_get("faults"))["faults"]; }
  std::string body(const std::string& query = "limit=9") { return get("/projects/gigs/sims?" + query)->body; }
};

TEST_F(FaultTest, StatusesComeWithTheApisErrorBody) {
  order({{"fault", "status"}, {"status", 503}, {"retry_after", "2"}, {"times", 1}});
  auto result = get("/projects/gigs/sims");
  EXPECT_EQ(error(result, "system", "serviceUnavailable"), 503);
  EXPECT_EQ(result->get_header_value("Retry-After"), "2");
  EXPECT_EQ(get("/projects/gigs/sims")->status, 200);
  for (const auto& [status, type] : std::map<int, std::string>{
           {401, "unauthenticated"}, {403, "permissionDenied"}, {404, "notFound"}, {418, "system"}, {429, "system"}}) {
    order({{"fault", "status"}, {"status", status}, {"times", 1}});
    EXPECT_EQ(error(get("/projects/gigs/sims"), type), status);
  }
}

TEST_F(FaultTest, RetryAfterCanBeADate) {
  order({{"fault", "status"}, {"status", 429}, {"retry_after", "http-date+120"}});
  const std::string date = get("/projects/gigs/sims")->get_header_value("Retry-After");
  const Seconds soon = now_seconds() + std::chrono::seconds(120);
  EXPECT_TRUE(date == http_date(soon) || date == http_date(soon - std::chrono::seconds(1))) << date;
}

TEST_F(FaultTest, AreCountedSkippedAndCleared) {
  order({{"fault", "status"}, {"where", "profile"}, {"project", "gigs"}, {"skip", 2}, {"times", 2}});
  const std::string path = "/projects/gigs/sims/" + esim() + "/eSimProfile";
  std::vector<int> statuses;
  for (int i = 0; i < 6; ++i) statuses.push_back(get(path)->status);
  EXPECT_EQ(statuses, (std::vector<int>{200, 200, 500, 500, 200, 200}));
  EXPECT_EQ(get("/projects/gigs/sims")->status, 200);
  EXPECT_EQ(fired()[0]["fired"], 2);
  order({{"fault", "status"}});
  EXPECT_EQ(get("/projects/gigs/sims")->status, 500);
  client_->Delete("/_admin/faults");
  EXPECT_EQ(get("/projects/gigs/sims")->status, 200);
  EXPECT_TRUE(fired().empty());
}

TEST_F(FaultTest, ProbabilityIsAShare) {
  order({{"fault", "status"}, {"probability", 0.3}});
  int failed = 0;
  for (int i = 0; i < 300; ++i) failed += get("/projects/gigs/sims?limit=1")->status == 500 ? 1 : 0;
  EXPECT_NEAR(failed, 90, 40);
  EXPECT_EQ(fired()[0]["fired"], failed);
}

TEST_F(FaultTest, APatchTakesEffectOnlyWhenApplied) {
  const std::string path = "/projects/gigs/sims/" + esim();
  const auto patch = [&](const std::string& value) {
    return client_->Patch(path, headers_, R"({"metadata":{"v":")" + value + R"("}})", "application/json");
  };
  order({{"fault", "status"}, {"where", "sim"}, {"times", 1}});
  EXPECT_EQ(patch("lost")->status, 500);
  EXPECT_NE(get_json(path)["metadata"]["v"], "lost");
  order({{"fault", "status"}, {"where", "update"}, {"applied", true}});
  EXPECT_EQ(patch("kept")->status, 500);
  EXPECT_EQ(get_json(path)["metadata"]["v"], "kept");
  client_->Delete("/_admin/faults");
  order({{"fault", "close"}, {"where", "update"}});
  EXPECT_FALSE(patch("unanswered"));
  EXPECT_EQ(get_json(path)["metadata"]["v"], "unanswered");
}

TEST_F(FaultTest, HtmlRedirectAndHalfJson) {
  const std::string whole = body();
  order({{"fault", "html"}, {"times", 1}});
  auto result = get("/projects/gigs/sims");
  EXPECT_EQ(result->status, 200);
  EXPECT_TRUE(result->get_header_value("Content-Type").starts_with("text/html"));
  order({{"fault", "redirect"}, {"location", "http://127.0.0.1:9/x"}, {"times", 1}});
  result = get("/projects/gigs/sims");
  EXPECT_EQ(result->status, 302);
  EXPECT_EQ(result->get_header_value("Location"), "http://127.0.0.1:9/x");
  order({{"fault", "half_json"}, {"times", 1}});
  EXPECT_EQ(body(), whole.substr(0, whole.size() / 2));
}

TEST_F(FaultTest, CursorsCanLie) {
  const Json first = list("limit=5");
  const std::string cursor = first["moreItemsAfter"];
  order({{"fault", "gone_cursor"}, {"times", 1}});
  EXPECT_EQ(get("/projects/gigs/sims?limit=5")->status, 200) << "no cursor, no fault";
  EXPECT_EQ(error(get("/projects/gigs/sims?after=" + cursor), "invalid"), 400);
  order({{"fault", "repeat_cursor"}, {"times", 2}});
  EXPECT_EQ(list("limit=5&after=" + cursor)["moreItemsAfter"], cursor);
  EXPECT_EQ(list("limit=5")["moreItemsAfter"], first["items"][0]["id"]);
}

TEST_F(FaultTest, PagesCanLie) {
  const Json whole = list("limit=5");
  order({{"fault", "empty_page"}, {"times", 1}});
  Json page = list("limit=5");
  EXPECT_TRUE(page["items"].empty());
  EXPECT_EQ(page["moreItemsAfter"], whole["moreItemsAfter"]);
  order({{"fault", "empty_list"}, {"times", 1}});
  page = list("limit=5");
  EXPECT_TRUE(page["items"].empty() && page["moreItemsAfter"].is_null() && page["moreItemsBefore"].is_null());
  order({{"fault", "duplicate_item"}, {"times", 1}});
  page = list("limit=5");
  std::set<std::string> ids;
  for (const auto& sim : page["items"]) ids.insert(sim["id"]);
  EXPECT_EQ(page["items"].size(), 6U);
  EXPECT_EQ(ids.size(), 5U);
  EXPECT_EQ(list("limit=5"), whole);
}

TEST_F(FaultTest, HalfTheListIsTheNewestHalf) {
  order({{"fault", "half_list"}});
  std::vector<std::string> found, wanted;
  std::string query = "status=inactive,active,retired&limit=200";
  for (std::string after;;) {
    const Json page = list(query + after);
    for (const auto& sim : page["items"]) found.push_back(sim["id"]);
    if (page["moreItemsAfter"].is_null()) break;
    after = "&after=" + page["moreItemsAfter"].get<std::string>();
  }
  for (const auto& sim : truth()) wanted.push_back(sim["id"]);
  wanted.resize(500);
  EXPECT_EQ(found, wanted);
}

TEST_F(FaultTest, ItemsCanBeBroken) {
  const Json whole = list("limit=9");
  order({{"fault", "bad_item"}, {"count", 2}, {"times", 1}});
  Json page = list("limit=9");
  EXPECT_FALSE(page["items"][4].contains("id"));
  EXPECT_EQ(page["items"][5]["status"], 7);
  EXPECT_EQ(page["items"][6], whole["items"][6]);
  order({{"fault", "unknown_status"}, {"times", 1}});
  EXPECT_EQ(list("limit=9")["items"][4]["status"], "suspended");
  order({{"fault", "deep_nesting"}, {"depth", 50}, {"times", 1}});
  Json nested = list("limit=9")["items"][4]["metadata"];
  for (int i = 0; i < 50; ++i) nested = Json(nested["a"]);
  EXPECT_EQ(nested, 1);
  order({{"fault", "bad_utf8"}, {"times", 1}});
  EXPECT_TRUE(Json::parse(body(), nullptr, false).is_discarded());
  order({{"fault", "nul_and_surrogates"}, {"times", 1}});
  const std::string text = body();
  EXPECT_NE(text.find(R"(a\u0000b)"), std::string::npos);
  EXPECT_NE(text.find(R"("provider":"p\u0000\ud800")"), std::string::npos);
  order({{"fault", "wrong_object"}, {"times", 1}});
  EXPECT_EQ(list("limit=9")["object"], "user");
  order({{"fault", "wrong_object"}, {"level", "item"}, {"times", 1}});
  EXPECT_EQ(list("limit=9")["items"][0]["object"], "user");
  EXPECT_EQ(list("limit=9"), whole);
}

TEST_F(FaultTest, ItemFaultsMeetSingleResourcesToo) {
  const std::string sim = "/projects/gigs/sims/" + esim();
  order({{"fault", "unknown_status"}, {"where", "sim"}, {"times", 1}});
  EXPECT_EQ(get_json(sim)["status"], "suspended");
  order({{"fault", "unknown_status"}, {"where", "profile"}, {"times", 1}});
  EXPECT_EQ(get_json(sim + "/eSimProfile")["status"], "suspended");
  order({{"fault", "bad_item"}, {"where", "sim"}, {"times", 1}});
  EXPECT_FALSE(get_json(sim).contains("id"));
}

TEST_F(FaultTest, ThatCannotHappenIsNotUsedUp) {
  order({{"fault", "duplicate_item"}, {"times", 1}});
  EXPECT_EQ(get("/projects/gigs/sims/" + esim())->status, 200);
  EXPECT_EQ(list("provider=p99")["items"].size(), 0U);
  EXPECT_EQ(fired()[0]["fired"], 0);
  EXPECT_EQ(list("limit=3")["items"].size(), 4U);
  EXPECT_EQ(fired()[0]["fired"], 1);
}

}  // namespace
}  // namespace simsync::simulator
