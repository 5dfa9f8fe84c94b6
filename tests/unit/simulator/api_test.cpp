// The five operations beside the list, and what holds for all six: authorization, paths, methods.
#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

class ApiTest : public SimulatorTest {
 protected:
  httplib::Result patch(const std::string& sim, const std::string& body, const std::string& type = "application/json") {
    return client_->Patch("/projects/gigs/sims/" + sim, headers_, body, type);
  }
  httplib::Result search(const std::string& body) {
    return client_->Post("/projects/gigs/sims/search", headers_, body, "application/json");
  }
};

TEST_F(ApiTest, JudgesTheTokenFirst) {
  const std::string wanted = R"({"object":"error","message":"Invalid authorization token","type":"unauthenticated"})";
  for (const char* path : {"/projects/gigs/sims", "/projects/gigs/sims?foo=1", "/projects/nope/sims", "/nope", "/"}) {
    for (const char* value : {"", "Bearer", "Bearer ", "Bearer wrong", "Basic secret", "secret"}) {
      headers_ = {{"Authorization", value}};
      const auto result = get(path);
      ASSERT_TRUE(result);
      EXPECT_EQ(result->status, 401) << path << " " << value;
      EXPECT_EQ(result->body, wanted);
    }
    headers_.clear();
    EXPECT_EQ(get(path)->status, 401);
  }
}

TEST_F(ApiTest, ATokenOpensItsOwnProjectOnly) {
  use_token("other");
  EXPECT_EQ(get("/projects/test/sims")->status, 200);
  EXPECT_EQ(error(get("/projects/gigs/sims"), "unauthenticated"), 401);
  EXPECT_EQ(error(get("/projects/nope/sims"), "notFound"), 404);
}

TEST_F(ApiTest, ARotatedTokenReplacesTheOldOne) {
  admin("projects/gigs/token", {{"token", "new"}});
  EXPECT_EQ(error(get("/projects/gigs/sims"), "unauthenticated"), 401);
  use_token("new");
  EXPECT_EQ(get("/projects/gigs/sims")->status, 200);
}

TEST_F(ApiTest, AnswersUnknownPathsAndWrongMethodsWithErrors) {
  const std::string sim = esim();
  for (const std::string path : {"/projects/gigs/sims/", "/projects/gigs/sims/sim_1", "/projects/gigs/simsx",
                                 "/projects/gigs", "/projects/gigs/sims/a/b/c", "/projects/gigs/sims/a/nope"})
    EXPECT_EQ(error(get(path), "notFound"), 404) << path;
  EXPECT_EQ(error(client_->Post("/projects/gigs/sims", headers_, "{}", "application/json"), "invalid"), 405);
  EXPECT_EQ(error(client_->Delete("/projects/gigs/sims/" + sim, headers_), "invalid"), 405);
  EXPECT_EQ(
      error(client_->Put("/projects/gigs/sims/" + sim + "/eSimProfile", headers_, "{}", "application/json"), "invalid"),
      405);
  EXPECT_EQ(error(get("/projects/gigs/sims/search"), "invalid"), 405);
  for (const char* tail : {"", "/eSimProfile", "/credentials"})
    EXPECT_EQ(error(get("/projects/gigs/sims/" + sim + tail + "?x=1"), "invalid"), 400);
}

TEST_F(ApiTest, ASimReadsAsInTheList) {
  const Json item = list("limit=1")["items"][0];
  EXPECT_EQ(get_json("/projects/gigs/sims/" + item["id"].get<std::string>()), item);
  for (const char* name : {"object", "id", "metadata", "createdAt", "iccid", "provider", "status", "type"})
    EXPECT_TRUE(item.contains(name)) << name;
  EXPECT_EQ(item.size(), 8U);
}

TEST_F(ApiTest, ProfilesBelongToEsimsOnly) {
  const std::string sim = esim();
  const Json profile = get_json("/projects/gigs/sims/" + sim + "/eSimProfile");
  EXPECT_EQ(profile["object"], "eSimProfile");
  EXPECT_EQ(profile["sim"], get_json("/projects/gigs/sims/" + sim));
  const Json told = first_sim([&](const Json& one) { return one["id"] == sim; })["profile"];
  EXPECT_EQ(profile["status"], told["status"]);
  EXPECT_EQ(profile["updatedAt"], told["updatedAt"]);
  EXPECT_EQ(profile.size(), 4U);
  EXPECT_EQ(error(get("/projects/gigs/sims/" + psim() + "/eSimProfile"), "notFound"), 404);
  EXPECT_EQ(error(get("/projects/gigs/sims/sim_0000000000000000000000000000/eSimProfile"), "notFound"), 404);
}

TEST_F(ApiTest, SilentProvidersSayUnknown) {
  for (const auto& sim : truth()) {
    EXPECT_EQ(sim["profile"].is_null(), sim["type"] == "pSIM");
    const bool reports = sim["provider"] == "p3" || sim["provider"] == "p14" || sim["provider"] == "p15";
    if (!reports && !sim["profile"].is_null()) {
      EXPECT_EQ(sim["profile"]["status"], "unknown");
    }
  }
}

TEST_F(ApiTest, CredentialsAreNullForAPsim) {
  const Json of_esim = get_json("/projects/gigs/sims/" + esim() + "/credentials");
  EXPECT_TRUE(of_esim["activationCode"].get<std::string>().starts_with("LPA:1$"));
  EXPECT_TRUE(of_esim["qrCodeUrl"].get<std::string>().starts_with("https://"));
  EXPECT_EQ(of_esim, get_json("/projects/gigs/sims/" + esim() + "/credentials"));
  const Json of_psim = get_json("/projects/gigs/sims/" + psim() + "/credentials");
  EXPECT_TRUE(of_psim["activationCode"].is_null() && of_psim["qrCodeUrl"].is_null());
  EXPECT_EQ(of_psim["object"], "simCredentials");
  EXPECT_EQ(of_psim["sim"], psim());
}

TEST_F(ApiTest, PatchReplacesTheMapAndLogsIt) {
  const std::string sim = esim();
  ASSERT_EQ(patch(sim, R"({"metadata":{"a":"1","ü":"📱"}})")->status, 200);
  const auto result = patch(sim, R"({"metadata":{"b":"2"}})");
  EXPECT_EQ(Json::parse(result->body)["metadata"].dump(), R"({"b":"2"})");
  EXPECT_EQ(get_json("/projects/gigs/sims/" + sim)["metadata"].dump(), R"({"b":"2"})");
  EXPECT_EQ(patch(sim, "{}")->status, 200);
  const auto log = lines(admin_get("projects/gigs/log"));
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1]["old"], R"({"a":"1","ü":"📱"})");
  EXPECT_EQ(log[1]["new"], R"({"b":"2"})");
}

TEST_F(ApiTest, PatchMergesWhenToldTo) {
  admin("settings", {{"patch_merges", true}});
  const std::string sim = esim();
  patch(sim, R"({"metadata":{"a":"1","b":"2"}})");
  const auto result = patch(sim, R"({"metadata":{"b":null,"c":"3"}})");
  EXPECT_EQ(Json::parse(result->body)["metadata"]["a"], "1");
  EXPECT_EQ(Json::parse(result->body)["metadata"]["c"], "3");
  EXPECT_FALSE(Json::parse(result->body)["metadata"].contains("b"));
}

TEST_F(ApiTest, PatchIsStrict) {
  const std::string sim = esim();
  EXPECT_EQ(error(patch(sim, ""), "malformed"), 400);
  EXPECT_EQ(error(patch(sim, "{"), "malformed"), 400);
  EXPECT_EQ(error(patch(sim, "[]"), "invalid"), 400);
  EXPECT_EQ(error(patch(sim, R"({"metadata":"x"})"), "invalid"), 400);
  EXPECT_EQ(error(patch(sim, R"({"metadata":null})"), "invalid"), 400);
  EXPECT_EQ(error(patch(sim, R"({"status":"active"})"), "invalid"), 400);
  EXPECT_EQ(error(patch(sim, "{}", "text/plain"), "malformed"), 400);
  EXPECT_EQ(error(patch("sim_0000000000000000000000000000", "{"), "notFound"), 404);
  EXPECT_TRUE(admin_get("projects/gigs/log").empty());
}

TEST_F(ApiTest, SearchFindsAnIccid) {
  const Json sim = list("limit=1&type=eSIM")["items"][0];
  const std::string iccid = sim["iccid"];
  Json found = Json::parse(search(R"({"iccid":")" + iccid + R"("})")->body);
  EXPECT_EQ(found["items"], Json::array({sim}));
  EXPECT_TRUE(found["moreItemsAfter"].is_null() && found["moreItemsBefore"].is_null());
  found = Json::parse(search(R"({"iccid":")" + iccid + R"(","type":["pSIM"]})")->body);
  EXPECT_TRUE(found["items"].empty());
  EXPECT_EQ(search(R"({"iccid":")" + iccid + R"(","type":null})")->status, 200);
  EXPECT_EQ(Json::parse(search(R"({"iccid":"00000000000000000000"})")->body)["items"].size(), 0U);
}

TEST_F(ApiTest, SearchIsStrict) {
  EXPECT_EQ(error(search("{}"), "invalid"), 400);
  EXPECT_EQ(error(search("nope"), "malformed"), 400);
  EXPECT_EQ(error(search(R"({"iccid":7})"), "invalid"), 400);
  EXPECT_EQ(error(search(R"({"iccid":"123"})"), "invalid", "invalidIccid"), 400);
  EXPECT_EQ(error(search(R"({"iccid":"89883070000007537119","type":"eSIM"})"), "invalid"), 400);
  EXPECT_EQ(error(search(R"({"iccid":"89883070000007537119","type":["esim"]})"), "invalid"), 400);
  EXPECT_EQ(error(search(R"({"iccid":"89883070000007537119","limit":1})"), "invalid"), 400);
}

}  // namespace
}  // namespace simsync::simulator
