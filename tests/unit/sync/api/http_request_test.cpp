// What goes over the wire for each operation, and what comes back.
#include <gmock/gmock.h>

#include "http_fixture.h"

namespace simsync {
namespace {

TEST(HttpRequest, ListSendsTheFiltersAndTheHeadersOnce) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  const auto api = client_for(*server);
  ListQuery query;
  query.providers = {"p3", "p 14"};
  query.statuses = kAllStatuses;
  query.type = "eSIM";
  query.user = "usr_1";
  query.after = "sim_0";
  const SimPage page = api->list(query, {});
  ASSERT_EQ(page.sims.size(), 1U);
  EXPECT_EQ(page.exchange.attempts, 1U);
  const ReceivedRequest got = server->requests().at(0);
  EXPECT_EQ(got.method, "GET");
  EXPECT_EQ(got.target,
            "/projects/acme/sims?provider=p3,p%2014&status=inactive,active,retired&type=eSIM&user=usr_1&after=sim_0"
            "&limit=200");
  EXPECT_EQ(got.headers.at("authorization"), "Bearer " + kToken);
  EXPECT_EQ(got.headers.at("accept"), "application/json");
  EXPECT_EQ(got.headers.at("user-agent").substr(0, 9), "simsyncd/");
  EXPECT_EQ(got.headers.at("host"), "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(got.headers.count("content-type"), 0U);
  EXPECT_EQ(got.headers.count("proxy-authorization"), 0U);
}

TEST(HttpRequest, EmptyFiltersAreNotSent) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  ListQuery query;
  query.limit = 0;
  client_for(*server)->list(query, {});
  EXPECT_EQ(server->requests().at(0).target, "/projects/acme/sims?limit=0");
}

TEST(HttpRequest, TimesAreOfTheAnsweredAttempt) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    std::this_thread::sleep_for(30ms);
    peer.answer(200, kOnePage);
  });
  const auto before = std::chrono::system_clock::now();
  const Exchange exchange = client_for(*server)->list({}, {}).exchange;
  EXPECT_GE(exchange.asked_at + 1us, before);
  EXPECT_GE(exchange.observed_at, exchange.asked_at + 30ms);
  EXPECT_LE(exchange.observed_at, std::chrono::system_clock::now());
}

TEST(HttpRequest, OneSimProfileAndCredentials) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest& got) {
    if (got.target.ends_with("/eSimProfile")) {
      peer.answer(200, sample::profile("sim_1"));
    } else if (got.target.ends_with("/credentials")) {
      peer.answer(200, R"({"object":"simCredentials","activationCode":"LPA:1$x$y","qrCodeUrl":null,"sim":"sim_1"})");
    } else {
      peer.answer(200, sample::sim("sim_1"));
    }
  });
  const auto api = client_for(*server);
  EXPECT_EQ(api->get("sim_1", {}).sim.id, "sim_1");
  EXPECT_EQ(api->profile("sim_1", {}).profile.status, "enabled");
  EXPECT_EQ(api->credentials("sim_1", {}).activation_code, "LPA:1$x$y");
  EXPECT_EQ(server->requests().at(0).target, "/projects/acme/sims/sim_1");
  EXPECT_EQ(server->requests().at(1).target, "/projects/acme/sims/sim_1/eSimProfile");
  EXPECT_EQ(server->requests().at(2).target, "/projects/acme/sims/sim_1/credentials");
}

TEST(HttpRequest, AnAnswerAboutAnotherSimIsNotTaken) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest& got) {
    peer.answer(200, got.target.ends_with("e") ? sample::profile("sim_2") : sample::sim("sim_2"));
  });
  const auto api = client_for(*server);
  EXPECT_EQ(error_of([&] { api->get("sim_1", {}); })->failure(), ApiFailure::malformed);
  EXPECT_EQ(error_of([&] { api->profile("sim_1", {}); })->failure(), ApiFailure::malformed);
}

TEST(HttpRequest, UpdateSendsTheMetadataAsItIs) {
  const auto server = ScriptedServer::routed(
      [](Peer& peer, const ReceivedRequest&) { peer.answer(200, sample::sim("sim_1", "{\"a\":1}")); });
  const auto api = client_for(*server);
  EXPECT_EQ(api->update_metadata("sim_1", "{\"a\":1}", {}).sim.metadata, "{\"a\":1}");
  const ReceivedRequest got = server->requests().at(0);
  EXPECT_EQ(got.method, "PATCH");
  EXPECT_EQ(got.target, "/projects/acme/sims/sim_1");
  EXPECT_EQ(got.body, "{\"metadata\":{\"a\":1}}");
  EXPECT_EQ(got.headers.at("content-type"), "application/json");
  for (const char* bad : {"", "[]", "{", "{}} ", "{\"a\":1},\"status\":\"retired\""}) {
    EXPECT_EQ(error_of([&] { api->update_metadata("sim_1", bad, {}); })->failure(), ApiFailure::rejected) << bad;
  }
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST(HttpRequest, SearchIsAPost) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  const auto api = client_for(*server);
  EXPECT_EQ(api->search("8988\"", {"eSIM", "pSIM"}, {}).sims.size(), 1U);
  api->search("8988", {}, {});
  EXPECT_EQ(server->requests().at(0).method, "POST");
  EXPECT_EQ(server->requests().at(0).target, "/projects/acme/sims/search");
  EXPECT_EQ(server->requests().at(0).body, R"({"iccid":"8988\"","type":["eSIM","pSIM"]})");
  EXPECT_EQ(server->requests().at(1).body, R"({"iccid":"8988"})");
}

TEST(HttpRequest, AnIdCannotBendThePath) {
  const auto server = ScriptedServer::routed(
      [](Peer& peer, const ReceivedRequest&) { peer.answer(404, sample::error("no such SIM", "notFound")); });
  const auto api = client_for(*server);
  const std::vector<std::string> ids = {
      "../../other/sims/x", "a?limit=1",           "a#b", "a b", "%2e%2e", "a\r\nX-Evil: 1", "a;b",
      "\xC3\xA9",           std::string("a\0b", 3)};
  for (const std::string& id : ids) EXPECT_EQ(error_of([&] { api->get(id, {}); })->failure(), ApiFailure::not_found);
  const auto requests = server->requests();
  ASSERT_EQ(requests.size(), ids.size());
  const std::vector<std::string> segments = {
      "..%2F..%2Fother%2Fsims%2Fx", "a%3Flimit%3D1", "a%23b",  "a%20b", "%252e%252e",
      "a%0D%0AX-Evil%3A%201",       "a%3Bb",         "%C3%A9", "a%00b"};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(requests[i].target, "/projects/acme/sims/" + segments[i]);
    EXPECT_EQ(requests[i].headers.count("x-evil"), 0U);
  }
  for (const char* id : {"", ".", ".."}) {
    EXPECT_EQ(error_of([&] { api->profile(id, {}); })->failure(), ApiFailure::rejected) << id;
  }
  EXPECT_EQ(server->requests().size(), ids.size()) << "nothing was sent";
  ListQuery query;
  query.after = "x&status=retired";
  error_of([&] { api->list(query, {}); });
  EXPECT_EQ(server->requests().back().target, "/projects/acme/sims?after=x%26status%3Dretired&limit=200");
}

TEST(HttpRequest, ErrorsNameTheEndpointAndWhatToDo) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest& got) {
    if (got.target.find("sim_400") != std::string::npos) {
      peer.answer(400, sample::error("bad \\u0007 " + std::string(500, 'x')));
    } else {
      peer.answer(404, sample::error("Project not found for " + kToken, "notFound"));
    }
  });
  const auto api = client_for(*server);
  const auto missing = error_of([&] { api->list({}, {}); });
  EXPECT_STREQ(
      missing->what(),
      "GET /projects/acme/sims: HTTP 404: Project not found for *; the API does not know project or cursor; check "
      "projects.id");
  const auto rejected = error_of([&] { api->get("sim_400", {}); });
  EXPECT_EQ(rejected->failure(), ApiFailure::rejected);
  EXPECT_EQ(rejected->attempts(), 1U);
  EXPECT_LT(std::string(rejected->what()).size(), 350U);
  EXPECT_EQ(std::string(rejected->what()).find('\a'), std::string::npos);
}

TEST(HttpRequest, ConnectionsAreKeptAlive) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  const auto api = client_for(*server);
  for (int i = 0; i < 20; ++i) api->list({}, {});
  EXPECT_EQ(server->connections(), 1);
}

struct SampleList : ApiObserver {
  void ended(const RequestSample& sample) override { samples.push_back(sample); }
  void paused(Time now, Time until) override { pauses.push_back(until - now); }
  std::vector<RequestSample> samples;
  std::vector<Time::duration> pauses;
};

TEST(HttpRequest, ObserversSeeEachRequest) {
  int asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    ++asked == 1 ? peer.answer(500, sample::error("x")) : peer.answer(200, kOnePage);
  });
  SampleList observer;
  HttpSimApiOptions options;
  options.observer = &observer;
  const std::vector<RequestSample>& samples = observer.samples;
  const auto api = make_http_sim_api(config_for(server->url()), ProjectConfig{"acme", Secret(kToken)}, options);
  api->list({}, {});
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].call, ApiCall::list);
  EXPECT_EQ(samples[0].http_status, 500);
  EXPECT_EQ(samples[0].failure, ApiFailure::server_error);
  EXPECT_FALSE(samples[0].retry);
  EXPECT_EQ(samples[1].http_status, 200);
  EXPECT_EQ(samples[1].failure, std::nullopt);
  EXPECT_TRUE(samples[1].retry);
  EXPECT_THAT(observer.pauses, testing::IsEmpty());
}

TEST(HttpRequest, ObserversHearForHowLongTheApiWantsNoRequest) {
  int asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    ++asked == 1 ? peer.answer(429, sample::error("slow down"), "Retry-After: 1\r\n") : peer.answer(200, kOnePage);
  });
  SampleList observer;
  HttpSimApiOptions options;
  options.observer = &observer;
  make_http_sim_api(config_for(server->url()), ProjectConfig{"acme", Secret(kToken)}, options)->list({}, {});
  EXPECT_EQ(observer.samples.size(), 2U);
  EXPECT_THAT(observer.pauses, testing::ElementsAre(std::chrono::seconds{1}));
}

}  // namespace
}  // namespace simsync
