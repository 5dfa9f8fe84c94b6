// Retries, the project's pauses and budget, the number of requests in flight, and stop.
#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>

#include "http_fixture.h"

namespace simsync {
namespace {

TEST(HttpFlow, PassingFailuresAreRetried) {
  std::atomic<int> asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    switch (asked++) {
      case 0:
        peer.answer(500, sample::error("oops"));
        break;
      case 1:
        peer.answer(503, "upstream", "Content-Type: text/plain\r\n");
        break;
      case 2:
        peer.answer(429, sample::error("slow down"), kJson + "Retry-After: 0\r\n");
        break;
      default:
        peer.answer(200, kOnePage);
        break;
    }
  });
  const SimPage page = client_for(*server)->list({}, {});
  EXPECT_EQ(page.exchange.attempts, 4U);
  EXPECT_EQ(page.sims.size(), 1U);
}

TEST(HttpFlow, GivesUpAfterFiveAttempts) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(500, "", ""); });
  const auto error = error_of([&] { client_for(*server)->search("8988", {}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::server_error);
  EXPECT_EQ(error->attempts(), 5U);
  EXPECT_TRUE(error->retryable());
  EXPECT_EQ(server->requests().size(), 5U);
}

TEST(HttpFlow, AnUnknownOutcomeOfAWriteIsNotRepeated) {
  for (const int status : {500, 502, 503, 504}) {
    const auto server =
        ScriptedServer::routed([status](Peer& peer, const ReceivedRequest&) { peer.answer(status, "", ""); });
    const auto error = error_of([&] { client_for(*server)->update_metadata("sim_1", "{}", {}); });
    EXPECT_EQ(error->attempts(), 1U) << status;
    EXPECT_EQ(server->requests().size(), 1U) << status;
  }
  const auto closing = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.close(); });
  EXPECT_EQ(error_of([&] { client_for(*closing)->update_metadata("sim_1", "{}", {}); })->failure(),
            ApiFailure::unreachable);
  EXPECT_EQ(closing->requests().size(), 1U);
}

// What it would say by then was made of what the SIM was before: whoever sends it looks again first.
TEST(HttpFlow, AWriteNeitherWaitsNorIsRepeatedWhereTheApiAsksToWait) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(429, sample::error("slow"), kJson + "Retry-After: 60\r\n");
  });
  const auto api = client_for(*server);
  EXPECT_EQ(error_of([&] { api->update_metadata("sim_1", "{}", {}); })->attempts(), 1U);
  const auto error = error_of([&] { api->update_metadata("sim_1", "{}", {}); });
  EXPECT_EQ(error->failure(), ApiFailure::throttled);
  EXPECT_EQ(error->attempts(), 0U);
  EXPECT_EQ(server->requests().size(), 1U);
}

// Both kinds of Retry-After hold back every caller of the project.
void expect_project_pause(int status, const std::string& retry_after, std::chrono::milliseconds at_least) {
  std::atomic<bool> asked_to_wait = false;
  std::atomic<std::chrono::steady_clock::time_point> paused_at{};
  std::atomic<int> early = 0;
  const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest& got) {
    if (got.target.find("limit=1") != std::string::npos && !asked_to_wait.exchange(true)) {
      paused_at = std::chrono::steady_clock::now();
      peer.answer(status, sample::error("wait"), kJson + "Retry-After: " + retry_after + "\r\n");
      return;
    }
    if (asked_to_wait && std::chrono::steady_clock::now() < paused_at.load() + at_least) ++early;
    peer.answer(200, kOnePage);
  });
  const auto api = client_for(*server);
  ListQuery one;
  one.limit = 1;
  std::jthread first([&] { EXPECT_EQ(api->list(one, {}).exchange.attempts, 2U); });
  while (!asked_to_wait) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(api->list({}, {}).exchange.attempts, 1U);
  first.join();
  EXPECT_EQ(early, 0);
}

TEST(HttpFlow, RetryAfterInSecondsPausesTheProject) {
  expect_project_pause(429, "1", 990ms);
}

TEST(HttpFlow, RetryAfterAsADatePausesTheProject) {
  const std::time_t when = std::time(nullptr) + 2;
  std::array<char, 64> text{};
  std::tm parts{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
  expect_project_pause(503, text.data(), 900ms);
}

TEST(HttpFlow, ALongPauseIsSaidNotSatOut) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(429, sample::error("much later"), kJson + "Retry-After: 3000\r\n");
  });
  const Stopwatch watch;
  const auto error = error_of([&] { client_for(*server)->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::throttled);
  EXPECT_EQ(error->retry_after(), 3000s);
  EXPECT_EQ(error->attempts(), 1U);
  EXPECT_LT(watch.elapsed(), 2s);
}

TEST(HttpFlow, TheRateIsKept) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  ApiConfig config = config_for(server->url());
  config.requests_per_second = 50;
  const auto api = client_for(config);
  const Stopwatch watch;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 5; ++i) {
      callers.emplace_back([&api] {
        for (int k = 0; k < 7; ++k) api->list({}, {});
      });
    }
  }
  // 5 of the 35 at once, the others 20 ms apart.
  EXPECT_GE(watch.elapsed(), 595ms);
  EXPECT_LT(watch.elapsed(), 3s);
}

TEST(HttpFlow, ALowRateOfOnesOwnIsNoError) {
  std::atomic<int> asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    asked++ == 0 ? peer.answer(500, sample::error("oops")) : peer.answer(200, kOnePage);
  });
  ApiConfig config = config_for(server->url());
  config.requests_per_second = 4;
  HttpSimApiOptions options;
  options.retry.first = 4ms;
  options.retry.total = 100ms;  // less than one turn takes
  const auto api = make_http_sim_api(config, ProjectConfig{"acme", Secret(kToken)}, options);
  std::atomic<int> answered = 0;
  const Stopwatch watch;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 5; ++i) {
      callers.emplace_back([&] {
        EXPECT_NO_THROW(api->list({}, {}));
        ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(asked, 6) << "the turns waited for leave the retry its time";
  EXPECT_GE(watch.elapsed(), 1200ms);
}

TEST(HttpFlow, TheServersPauseIsWaitedForSoLong) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(429, sample::error("much later"), kJson + "Retry-After: 3000\r\n");
  });
  HttpSimApiOptions options;
  options.retry.total = 100ms;
  const auto api = make_http_sim_api(config_for(server->url()), ProjectConfig{"acme", Secret(kToken)}, options);
  error_of([&] { api->list({}, {}); });
  const auto error = error_of([&] { api->profile("sim_1", {}); });
  EXPECT_EQ(error->failure(), ApiFailure::throttled);
  EXPECT_EQ(error->attempts(), 0U);
  EXPECT_GT(*error->retry_after(), 2990s);
  EXPECT_NE(std::string(error->what()).find("not sent, the API asked project acme to wait"), std::string::npos)
      << error->what();
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST(HttpFlow, NoMoreThanSoManyInFlight) {
  std::atomic<int> in_flight = 0;
  std::atomic<int> most = 0;
  const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
    const int now = ++in_flight;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    for (const Stopwatch watch; most < 3 && watch.elapsed() < 10s;) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(5ms);
    --in_flight;
    peer.answer(200, kOnePage);
  });
  ApiConfig config = config_for(server->url());
  config.connections = 3;
  const auto api = client_for(config);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 12; ++i) {
      callers.emplace_back([&] {
        for (int call = 0; call < 10; ++call) api->list({}, {});
      });
    }
  }
  EXPECT_EQ(most, 3);
  EXPECT_EQ(server->connections(), 3);
}

// True when a poll that came first is behind a list for the connection that comes free.
bool list_passes_polls() {
  std::atomic<int> asked = 0;
  std::atomic<bool> open = false;
  const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest& got) {
    ++asked;
    while (!open) std::this_thread::sleep_for(1ms);
    const bool poll = got.target.ends_with("/eSimProfile");
    poll ? peer.answer(404, sample::error("none")) : peer.answer(200, kOnePage);
  });
  ApiConfig config = config_for(server->url());
  config.connections = 1;
  const auto api = client_for(config);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 5; ++i) {
      callers.emplace_back([&api] { error_of([&] { api->profile("sim_1", {}); }); });
      while (asked == 0) std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(20ms);  // until they wait, mostly; the client does not say
    callers.emplace_back([&api] { api->list({}, {}); });
    std::this_thread::sleep_for(20ms);
    open = true;
  }
  return server->requests()[1].target.find("/eSimProfile") == std::string::npos;
}

TEST(HttpFlow, PollsWaitForConnectionsInALaneOfTheirOwn) {
  bool seen = false;  // a busy machine may be late once, a fault is there each time
  for (int i = 0; i < 10 && !seen; ++i) seen = list_passes_polls();
  EXPECT_TRUE(seen);
}

// True when the first call of a client that has one token waits for another one.
bool waits_for_the_rate(const std::string& url, const std::function<void(SimApi&)>& call) {
  ApiConfig config = config_for(url);
  config.requests_per_second = 2;
  struct Waited : ApiObserver {
    void ended(const RequestSample& sample) override { time = sample.throttled; }
    void paused(Time /*now*/, Time /*until*/) override {}
    std::atomic<std::chrono::nanoseconds> time{};
  } waited;
  HttpSimApiOptions options;
  options.observer = &waited;
  call(*make_http_sim_api(config, ProjectConfig{"acme", Secret(kToken)}, options));
  return waited.time.load() > 400ms;
}

TEST(HttpFlow, OnlyPollsLeaveTheReserve) {
  const auto server =
      ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(404, sample::error("none")); });
  const auto waits = [&](const std::function<void(SimApi&)>& call) {
    return waits_for_the_rate(server->url(), [&call](SimApi& api) { error_of([&] { call(api); }); });
  };
  EXPECT_TRUE(waits([](SimApi& api) { api.profile("sim_1", {}); }));
  const std::array<std::function<void(SimApi&)>, 5> others = {
      [](SimApi& api) { api.list({}, {}); }, [](SimApi& api) { api.get("sim_1", {}); },
      [](SimApi& api) { api.credentials("sim_1", {}); }, [](SimApi& api) { api.update_metadata("sim_1", "{}", {}); },
      [](SimApi& api) { api.search("8988", {}, {}); }};
  for (std::size_t i = 0; i < others.size(); ++i) {
    bool went_at_once = false;  // a busy machine may take its time once
    for (int tries = 0; tries < 5 && !went_at_once; ++tries) went_at_once = !waits(others[i]);
    EXPECT_TRUE(went_at_once) << i;
  }
}

TEST(HttpFlow, ARefusedTokenStopsTheProject) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(401, sample::error("Invalid authorization token", "unauthenticated"));
  });
  const auto api = client_for(*server);
  const auto first = error_of([&] { api->list({}, {}); });
  EXPECT_EQ(first->failure(), ApiFailure::unauthorized);
  EXPECT_EQ(first->http_status(), 401);
  EXPECT_NE(std::string(first->what()).find("check the token of project acme"), std::string::npos) << first->what();
  const Stopwatch watch;
  const auto next = error_of([&] { api->profile("sim_1", {}); });
  EXPECT_EQ(next->failure(), ApiFailure::unauthorized);
  EXPECT_EQ(next->http_status(), 0);
  EXPECT_EQ(next->attempts(), 0U);
  EXPECT_GT(*next->retry_after(), 25s);
  EXPECT_GE(watch.elapsed(), 900ms) << "a caller that ignores the error cannot spin";
  EXPECT_EQ(server->requests().size(), 1U);
}

// Stop must end every kind of wait within a moment.
void expect_quick_stop(const std::function<void(const std::stop_token&)>& call, std::chrono::milliseconds after) {
  // Not on the stack, where g++ 12 with sanitizers takes it for uninitialized.
  const auto source = std::make_unique<std::stop_source>();
  Stopwatch watch;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(after);
    watch = Stopwatch();
    source->request_stop();
  });
  EXPECT_EQ(error_of([&] { call(source->get_token()); })->failure(), ApiFailure::stopped);
  stopper.join();
  EXPECT_LT(watch.elapsed(), 1s);
}

TEST(HttpFlow, StopEndsAHangingRequest) {
  const auto server =
      ScriptedServer::routed([](Peer&, const ReceivedRequest&) { std::this_thread::sleep_for(1300ms); });
  ApiConfig config = config_for(server->url());
  config.timeout = 60s;
  const auto api = client_for(config);
  expect_quick_stop([&](const std::stop_token& stop) { api->list({}, stop); }, 100ms);
}

TEST(HttpFlow, StopEndsAllRequestsInFlightAndThoseThatWait) {
  const auto server =
      ScriptedServer::routed([](Peer&, const ReceivedRequest&) { std::this_thread::sleep_for(1300ms); });
  ApiConfig config = config_for(server->url());
  config.timeout = 60s;
  config.connections = 8;
  const auto api = client_for(config);
  std::stop_source source;
  std::atomic<int> stopped = 0;
  Stopwatch watch;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 24; ++i) {
      callers.emplace_back([&] {
        if (error_of([&] { api->list({}, source.get_token()); })->failure() == ApiFailure::stopped) ++stopped;
      });
    }
    std::this_thread::sleep_for(200ms);
    watch = Stopwatch();
    source.request_stop();
  }
  EXPECT_EQ(stopped, 24);
  EXPECT_LT(watch.elapsed(), 1s);
}

TEST(HttpFlow, StopEndsABackoffAPauseAndTheBudget) {
  const auto failing =
      ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(503, "", "Retry-After: 60\r\n"); });
  const auto api = client_for(*failing);
  expect_quick_stop([&](const std::stop_token& stop) { api->list({}, stop); }, 200ms);
  expect_quick_stop([&](const std::stop_token& stop) { api->list({}, stop); }, 100ms);
  const auto fine = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  ApiConfig config = config_for(fine->url());
  config.requests_per_second = 0.01;
  const auto slow = client_for(config);
  slow->list({}, {});
  expect_quick_stop([&](const std::stop_token& stop) { slow->list({}, stop); }, 100ms);
}

TEST(HttpFlow, AfterStopNothingIsSent) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  const auto api = client_for(*server);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(error_of([&] { api->list({}, source.get_token()); })->failure(), ApiFailure::stopped);
  EXPECT_EQ(server->connections(), 0);
}

}  // namespace
}  // namespace simsync
