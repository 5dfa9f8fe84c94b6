// Servers that misbehave.
#include <zlib.h>

#include <atomic>
#include <csignal>

#include "http_fixture.h"

namespace simsync {
namespace {

// A server of which each request gets `bytes` and then the end of the connection.
std::unique_ptr<ScriptedServer> raw(const std::string& bytes) {
  return ScriptedServer::routed([bytes](Peer& peer, const ReceivedRequest&) {
    peer.write(bytes);
    peer.close();
  });
}

ApiConfig impatient(const std::string& url, std::chrono::milliseconds timeout) {
  ApiConfig config = config_for(url);
  config.timeout = timeout;
  return config;
}

// A PATCH is sent once, so its error is that of the first attempt.
std::optional<ApiError> one_attempt(SimApi& api) {
  return error_of([&] { api.update_metadata("sim_1", "{}", {}); });
}

TEST(HttpFaults, NobodyListens) {
  const int port = ScriptedServer([](Peer&) {}).port();
  const auto api = client_for(config_for("http://127.0.0.1:" + std::to_string(port)));
  const auto error = error_of([&] { api->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::unreachable);
  EXPECT_EQ(error->attempts(), 5U);
  const auto patch = one_attempt(*api);
  EXPECT_EQ(patch->attempts(), 1U) << "what it would say after a wait was made of what the SIM was before";
}

TEST(HttpFaults, AnUnknownHost) {
  ApiConfig config = config_for("https://no-such-host.invalid");
  const auto error = error_of([&] { client_for(config)->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::unreachable);
  EXPECT_NE(std::string(error->what()).find("cannot resolve no-such-host.invalid"), std::string::npos) << error->what();
}

TEST(HttpFaults, AConnectionLostOnceIsRetried) {
  for (const bool with_reset : {false, true}) {
    std::atomic<int> asked = 0;
    const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
      if (asked++ > 0) {
        peer.answer(200, kOnePage);
      } else {
        with_reset ? peer.reset() : peer.close();
      }
    });
    EXPECT_EQ(client_for(*server)->list({}, {}).exchange.attempts, 2U);
  }
}

TEST(HttpFaults, ATruncatedBodyIsNeverAPage) {
  const std::string head = "HTTP/1.1 200 OK\r\n" + kJson;
  const std::string half = kOnePage.substr(0, kOnePage.size() / 2);
  const std::string length = "Content-Length: " + std::to_string(kOnePage.size()) + "\r\n\r\n";
  for (const std::string& bytes :
       {head + length + half, head + "Connection: close\r\n\r\n" + half, head + "Connection: close\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n10\r\n" + kOnePage.substr(0, 16) + "\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n10\r\n" + kOnePage.substr(0, 16) + "\r\n0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nffffff\r\n" + half, std::string("HTTP/1.1 200 OK\r\nContent-Le"),
        std::string("garbage\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\n")}) {
    const auto server = raw(bytes);
    const auto error = error_of([&] { client_for(*server)->list({}, {}); });
    EXPECT_TRUE(error->failure() == ApiFailure::malformed || error->failure() == ApiFailure::unreachable)
        << error->what() << bytes;
  }
}

TEST(HttpFaults, HtmlIsNotRetriedForEverAndSaysWhatToCheck) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.answer(200, "<!doctype html><html>Welcome</html>", "Content-Type: text/html\r\n");
  });
  const auto error = error_of([&] { client_for(*server)->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::malformed);
  EXPECT_NE(std::string(error->what()).find("answered HTML, not JSON: check api.base_url"), std::string::npos);
  EXPECT_LE(server->requests().size(), 2U);
}

TEST(HttpFaults, ANotFoundOfSomeoneElseMakesNoSimMissing) {
  const auto server = ScriptedServer::routed(
      [](Peer& peer, const ReceivedRequest&) { peer.answer(404, "<html>404</html>", "Content-Type: text/html\r\n"); });
  EXPECT_EQ(error_of([&] { client_for(*server)->get("sim_1", {}); })->failure(), ApiFailure::malformed);
}

TEST(HttpFaults, RedirectsAreNotFollowedAndTheTokenStaysHere) {
  const auto other = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  for (const int status : {301, 302, 303, 307, 308}) {
    const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
      peer.answer(status, "", "Location: " + other->url() + "/projects/acme/sims\r\n");
    });
    const auto error = error_of([&] { client_for(*server)->list({}, {}); });
    EXPECT_EQ(error->failure(), ApiFailure::malformed);
    EXPECT_NE(std::string(error->what()).find("api.base_url"), std::string::npos) << error->what();
    EXPECT_EQ(server->requests().size(), 1U);
  }
  EXPECT_EQ(other->connections(), 0);
}

TEST(HttpFaults, TooLargeAnswersAreCut) {
  const auto announced = raw("HTTP/1.1 200 OK\r\n" + kJson + "Content-Length: 40000000000\r\n\r\nx");
  EXPECT_EQ(error_of([&] { client_for(*announced)->list({}, {}); })->failure(), ApiFailure::too_large);
  std::atomic<std::size_t> sent = 0;
  const auto endless = ScriptedServer::routed([&sent](Peer& peer, const ReceivedRequest&) {
    const std::string some(1 << 16, ' ');
    peer.write("HTTP/1.1 200 OK\r\n" + kJson + "\r\n");
    while (peer.write(some)) sent += some.size();
    peer.close();
  });
  const auto api = client_for(*endless);
  const auto error = error_of([&] { api->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::too_large);
  EXPECT_EQ(error->attempts(), 1U);
  sent = 0;
  EXPECT_EQ(error_of([&] { api->get("sim_1", {}); })->failure(), ApiFailure::too_large);
  EXPECT_LT(sent, 16U << 20U);
}

TEST(HttpFaults, ASmallAnswerThatUnpacksToALargeOneIsCut) {
  std::string packed(1 << 20, '\0');
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string spaces(64 << 20, ' ');
  stream.next_in = reinterpret_cast<Bytef*>(spaces.data());
  stream.avail_in = static_cast<uInt>(spaces.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const auto server = ScriptedServer::routed(
      [&](Peer& peer, const ReceivedRequest&) { peer.answer(200, packed, kJson + "Content-Encoding: gzip\r\n"); });
  EXPECT_EQ(error_of([&] { client_for(*server)->list({}, {}); })->failure(), ApiFailure::too_large);
}

TEST(HttpFaults, AFloodOfHeadersIsCut) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) {
    peer.write("HTTP/1.1 200 OK\r\n");
    std::string some;
    for (int i = 0; i < 1000; ++i) some += "X-" + std::to_string(i) + ": " + std::string(50, 'x') + "\r\n";
    while (peer.write(some)) {
    }
    peer.close();
  });
  const auto api = client_for(impatient(server->url(), 60s));
  const Stopwatch watch;
  const auto error = one_attempt(*api);
  EXPECT_EQ(error->failure(), ApiFailure::too_large) << error->what();
  EXPECT_LT(watch.elapsed(), 10s);
}

// Bytes that trickle in never let a read time out; the whole-request limit must end it.
void expect_timeout_of_drip(const std::string& start, const std::string& drop) {
  const auto server = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) {
    bool open = peer.write(start);
    while (open) {
      std::this_thread::sleep_for(20ms);
      open = peer.write(drop);
    }
    peer.close();
  });
  const auto api = client_for(impatient(server->url(), 300ms));
  const Stopwatch watch;
  const auto error = one_attempt(*api);
  EXPECT_EQ(error->failure(), ApiFailure::timeout) << error->what();
  EXPECT_GE(watch.elapsed(), 290ms);
  EXPECT_LT(watch.elapsed(), 900ms);
  EXPECT_EQ(error->attempts(), 1U);
}

TEST(HttpFaults, AStatusLineThatDripsIsCut) {
  expect_timeout_of_drip("HTTP/1.1 200 ", "O");
}

TEST(HttpFaults, HeadersThatDripAreCut) {
  expect_timeout_of_drip("HTTP/1.1 200 OK\r\nX-A: ", "b");
}

TEST(HttpFaults, ABodyThatDripsIsCut) {
  expect_timeout_of_drip("HTTP/1.1 200 OK\r\n" + kJson + "Content-Length: 100000\r\n\r\n{", " ");
}

TEST(HttpFaults, AChunkedBodyThatDripsIsCut) {
  expect_timeout_of_drip("HTTP/1.1 200 OK\r\n" + kJson + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n");
}

TEST(HttpFaults, InformalAnswersThatNeverEndAreCut) {
  expect_timeout_of_drip("", "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(HttpFaults, ATimeoutIsRetriedForReads) {
  std::atomic<int> asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    if (asked++ == 0) std::this_thread::sleep_for(500ms);
    peer.answer(200, kOnePage);
  });
  EXPECT_EQ(client_for(impatient(server->url(), 200ms))->list({}, {}).exchange.attempts, 2U);
}

TEST(HttpFaults, AConnectionClosedWhileIdleIsNobodysError) {
  std::atomic<int> asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    peer.answer(200, kOnePage);
    if (++asked == 1) peer.close();
  });
  const auto api = client_for(*server);
  api->list({}, {});
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(api->list({}, {}).exchange.attempts, 1U);
  EXPECT_EQ(server->connections(), 2);
}

TEST(HttpFaults, AConnectionClosedAsTheRequestComesIsNobodysError) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest& got) {
    // The second request of the first connection meets a server that has just given it up.
    static std::atomic<int> on_first = 0;
    if (got.connection == 0 && on_first++ == 1) {
      peer.close();
    } else {
      peer.answer(200, kOnePage);
    }
  });
  const auto api = client_for(*server);
  api->list({}, {});
  EXPECT_EQ(api->list({}, {}).exchange.attempts, 1U);
  EXPECT_EQ(server->connections(), 2);
}

TEST(HttpFaults, BytesNobodyAskedForAreNoAnswer) {
  const auto server = ScriptedServer::routed([](Peer& peer, const ReceivedRequest& got) {
    const std::string stray = sample::page({sample::sim("sim_stray")});
    peer.answer(200, kOnePage);
    std::this_thread::sleep_for(20ms);  // else it would be read, and dropped, together with the answer
    if (got.connection == 0) peer.answer(200, stray);
  });
  const auto api = client_for(*server);
  EXPECT_EQ(api->list({}, {}).sims.at(0).id, "sim_1");
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(api->list({}, {}).sims.at(0).id, "sim_1");
  EXPECT_EQ(server->connections(), 2);
}

TEST(HttpFaults, AfterATimeoutTheNextRequestIsFine) {
  std::atomic<int> asked = 0;
  const auto server = ScriptedServer::routed([&asked](Peer& peer, const ReceivedRequest&) {
    if (asked++ == 0) std::this_thread::sleep_for(400ms);
    peer.answer(200, sample::sim("sim_1"));
  });
  const auto api = client_for(impatient(server->url(), 150ms));
  EXPECT_EQ(one_attempt(*api)->failure(), ApiFailure::timeout);
  EXPECT_EQ(api->get("sim_1", {}).sim.id, "sim_1");
}

// Writing to a connection that the other side has closed twice over raises SIGPIPE (TLS does, when it says goodbye).
TEST(HttpFaults, ABrokenPipeDoesNotEndTheProgram) {
  std::signal(SIGPIPE, SIG_DFL);
  ScriptedServer server([](Peer& peer) { peer.reset(); });
  const auto api = client_for(config_for(server.url()));
  EXPECT_EQ(std::raise(SIGPIPE), 0);  // would end the test
  const std::string large = "{\"a\":\"" + std::string(900'000, 'x') + "\"}";
  const auto error = error_of([&] { api->update_metadata("sim_1", large, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::unreachable);
}

TEST(HttpFaults, AHandlerForBrokenPipesIsLeftAlone) {
  const auto handler = [](int) {};
  std::signal(SIGPIPE, handler);
  client_for(config_for("http://127.0.0.1:1"));
  EXPECT_EQ(std::signal(SIGPIPE, SIG_IGN), static_cast<void (*)(int)>(handler));
}

}  // namespace
}  // namespace simsync
