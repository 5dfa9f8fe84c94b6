// TLS and proxies.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "http_fixture.h"
#include "test_certificates.h"

namespace simsync {
namespace {

class HttpTls : public testing::Test {
 protected:
  static void SetUpTestSuite() { authority_ = new TestAuthority; }
  static void TearDownTestSuite() { delete authority_; }

  static std::unique_ptr<ScriptedServer> server_with(SSL_CTX* tls) {
    return ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); }, tls);
  }

  static ApiConfig trusting(const std::string& host, int port, const std::string& ca_file = authority_->file()) {
    ApiConfig config = config_for("https://" + host + ":" + std::to_string(port));
    config.ca_file = ca_file;
    return config;
  }

  static TestAuthority* authority_;
};

TestAuthority* HttpTls::authority_ = nullptr;

TEST_F(HttpTls, ATrustedServerIsAsked) {
  const auto tls = authority_->server("IP:127.0.0.1,DNS:localhost");
  const auto server = server_with(tls.get());
  const auto api = client_for(trusting("127.0.0.1", server->port()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(api->list({}, {}).sims.size(), 1U);
  EXPECT_EQ(server->connections(), 1) << "kept alive";
  EXPECT_EQ(client_for(trusting("localhost", server->port()))->list({}, {}).sims.size(), 1U);
}

void expect_refused(const ScriptedServer& server, const ApiConfig& config, const std::string& why) {
  const auto error = error_of([&] { client_for(config)->list({}, {}); });
  EXPECT_EQ(error->failure(), ApiFailure::tls);
  EXPECT_EQ(error->attempts(), 1U);
  EXPECT_FALSE(error->retryable());
  EXPECT_NE(std::string(error->what()).find(why), std::string::npos) << error->what();
  EXPECT_TRUE(server.requests().empty()) << "the token was shown to a stranger";
}

TEST_F(HttpTls, AnUnknownAuthorityIsRefused) {
  const auto tls = authority_->server("IP:127.0.0.1");
  const auto server = server_with(tls.get());
  const TestAuthority stranger;
  expect_refused(*server, trusting("127.0.0.1", server->port(), stranger.file()), "certificate");
  expect_refused(*server, trusting("127.0.0.1", server->port(), ""), "certificate");
}

TEST_F(HttpTls, AnotherHostsCertificateIsRefused) {
  const auto tls = authority_->server("DNS:api.example.com,DNS:*host");
  const auto server = server_with(tls.get());
  expect_refused(*server, trusting("localhost", server->port()), "mismatch");
  expect_refused(*server, trusting("127.0.0.1", server->port()), "mismatch");
}

TEST_F(HttpTls, AnExpiredCertificateIsRefused) {
  const auto tls = authority_->server("IP:127.0.0.1", true);
  const auto server = server_with(tls.get());
  expect_refused(*server, trusting("127.0.0.1", server->port()), "expired");
}

// A line that the HTTP library would take a stack of gigabytes to judge.
TEST_F(HttpTls, AHeadWithoutEndIsCut) {
  const auto tls = authority_->server("IP:127.0.0.1");
  const std::string much(1U << 20U, 'x');
  for (const std::string& head :
       {"HTTP/1.1 200 " + much, "HTTP/1.1 200 OK\r\nX: " + much, "HTTP/1.1 200 OK\r\n" + much}) {
    const auto server =
        ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) { peer.write(head); }, tls.get());
    ApiConfig config = trusting("127.0.0.1", server->port());
    const auto error = error_of([&] { client_for(config)->list({}, {}); });
    EXPECT_EQ(error->failure(), ApiFailure::too_large) << error->what();
  }
}

TEST_F(HttpTls, ALargeHeadIsReadAndTheConnectionKept) {
  const auto tls = authority_->server("IP:127.0.0.1");
  std::string large = "Content-Type: application/json\r\n";
  for (int i = 0; i < 5; ++i) large += "X-" + std::to_string(i) + ": " + std::string(4000, 'x') + "\r\n";
  const auto server =
      ScriptedServer::routed([&](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage, large); }, tls.get());
  const auto api = client_for(trusting("127.0.0.1", server->port()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(api->list({}, {}).sims.size(), 1U);
  EXPECT_EQ(server->connections(), 1);
}

TEST_F(HttpTls, AMissingAuthorityFileIsSaid) {
  const auto tls = authority_->server("IP:127.0.0.1");
  const auto server = server_with(tls.get());
  expect_refused(*server, trusting("127.0.0.1", server->port(), "/no/such/file.pem"), "api.ca_file");
}

TEST_F(HttpTls, AServerWithoutTlsIsRefused) {
  ScriptedServer server([](Peer& peer) {
    peer.write("HTTP/1.1 400 Bad request\r\n\r\n");
    std::this_thread::sleep_for(50ms);
  });
  expect_refused(server, trusting("127.0.0.1", server.port()), "TLS");
}

TEST_F(HttpTls, AHandshakeThatHangsIsCutAndStopped) {
  ScriptedServer silent([](Peer&) { std::this_thread::sleep_for(1500ms); });
  ApiConfig config = trusting("127.0.0.1", silent.port());
  config.timeout = 300ms;
  const auto api = client_for(config);
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(150ms);
    source.request_stop();
  });
  const Stopwatch watch;
  EXPECT_EQ(error_of([&] { api->list({}, source.get_token()); })->failure(), ApiFailure::stopped);
  EXPECT_LT(watch.elapsed(), 290ms);
}

TEST_F(HttpTls, HangingRequestsAreCutInsideTls) {
  const auto tls = authority_->server("IP:127.0.0.1");
  const auto server =
      ScriptedServer::routed([](Peer&, const ReceivedRequest&) { std::this_thread::sleep_for(800ms); }, tls.get());
  ApiConfig config = trusting("127.0.0.1", server->port());
  config.timeout = 300ms;
  const Stopwatch watch;
  const auto error = error_of([&] { client_for(config)->update_metadata("sim_1", "{}", {}); });
  EXPECT_EQ(error->failure(), ApiFailure::timeout) << error->what();
  EXPECT_LT(watch.elapsed(), 700ms);
}

int connect_to(int port) {
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(other, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return other;
}

// Sets variables while it lives; the client reads them when it is made.
class WithEnvironment {
 public:
  WithEnvironment(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~WithEnvironment() { unsetenv(name_); }
  WithEnvironment(const WithEnvironment&) = delete;
  WithEnvironment& operator=(const WithEnvironment&) = delete;

 private:
  const char* name_;
};

TEST_F(HttpTls, AProxyTunnelsAndNeverSeesTheToken) {
  const auto tls = authority_->server("DNS:api.provider.test");
  const auto server = server_with(tls.get());
  const auto proxy = ScriptedServer::routed([&](Peer& peer, const ReceivedRequest& got) {
    EXPECT_EQ(got.method, "CONNECT");
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const int other = connect_to(server->port());
    peer.relay(other);
    ::close(other);
    peer.close();
  });
  const std::string url = "http://me:p%40ss@127.0.0.1:" + std::to_string(proxy->port());
  const WithEnvironment environment("https_proxy", url);
  const auto api = client_for(trusting("api.provider.test", server->port()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(api->list({}, {}).sims.size(), 1U);
  ASSERT_EQ(proxy->requests().size(), 1U);
  const ReceivedRequest connect = proxy->requests()[0];
  EXPECT_EQ(connect.target, "api.provider.test:" + std::to_string(server->port()));
  EXPECT_EQ(connect.headers.at("proxy-authorization"), "Basic bWU6cEBzcw==");
  EXPECT_EQ(connect.headers.count("authorization"), 0U);
  const ReceivedRequest inner = server->requests().at(0);
  EXPECT_EQ(inner.headers.at("authorization"), "Bearer " + kToken);
  EXPECT_EQ(inner.headers.at("proxy-authorization"), "") << "the proxy's password is not the API's business";
}

TEST_F(HttpTls, AProxyThatRefusesIsUnreachableAndAskedAgain) {
  for (const char* answer :
       {"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad gateway\r\nContent-Length: 0\r\n\r\n"}) {
    const auto proxy = ScriptedServer::routed([answer](Peer& peer, const ReceivedRequest&) {
      peer.write(answer);
      std::this_thread::sleep_for(20ms);
      peer.close();
    });
    const WithEnvironment environment("https_proxy", "http://127.0.0.1:" + std::to_string(proxy->port()));
    const auto error = error_of([&] { client_for(trusting("api.provider.test", 443))->list({}, {}); });
    EXPECT_TRUE(error->failure() == ApiFailure::unreachable || error->failure() == ApiFailure::tls) << error->what();
  }
}

TEST_F(HttpTls, PlainHttpGoesThroughALoopbackProxyOnly) {
  const auto proxy = ScriptedServer::routed([](Peer& peer, const ReceivedRequest&) { peer.answer(200, kOnePage); });
  const auto server = server_with(nullptr);
  {
    const WithEnvironment environment("http_proxy", "http://127.0.0.1:" + std::to_string(proxy->port()));
    client_for(*server)->list({}, {});
    EXPECT_EQ(proxy->requests().at(0).target, server->url() + "/projects/acme/sims?limit=200");
    EXPECT_TRUE(server->requests().empty());
    const WithEnvironment exempt("no_proxy", "127.0.0.1");
    client_for(*server)->list({}, {});
    EXPECT_EQ(server->requests().size(), 1U);
  }
  const WithEnvironment environment("HTTP_PROXY", "http://127.0.0.1:" + std::to_string(proxy->port()));
  client_for(*server)->list({}, {});
  EXPECT_EQ(server->requests().size(), 2U);
}

}  // namespace
}  // namespace simsync
