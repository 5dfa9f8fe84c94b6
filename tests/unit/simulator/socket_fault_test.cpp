// Faults of delivery: what arrives on the wire, byte by byte, when the answer is not to arrive as it should.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "tests/unit/simulator/simulator_fixture.h"

namespace simsync::simulator {
namespace {

using Clock = std::chrono::steady_clock;

// A bare socket: httplib would hide how a connection ended.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    set_timeout(std::chrono::milliseconds(5000));
  }
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void set_timeout(std::chrono::milliseconds time) {
    timeval wait{time.count() / 1000, time.count() % 1000 * 1000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  void send_list(const std::string& query = "") {
    send("GET /projects/gigs/sims" + query + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n");
  }
  // Up to `most` bytes, until the end, an error (its errno in `error`) or the timeout.
  std::string receive(std::size_t most = std::string::npos) {
    std::string out;
    std::array<char, 65536> piece{};
    while (out.size() < most) {
      const ssize_t count = ::recv(fd_, piece.data(), std::min(piece.size(), most - out.size()), 0);
      error = count < 0 ? errno : 0;
      if (count <= 0) break;
      out.append(piece.data(), static_cast<std::size_t>(count));
    }
    return out;
  }
  int error = 0;

 private:
  int fd_;
};

class SocketFaultTest : public SimulatorTest {
 protected:
  void order(Json fault) { admin("faults", fault); }
  Json stats() { return Json::parse(admin_get("stats")); }
};

TEST_F(SocketFaultTest, ResetIsARst) {
  order({{"fault", "reset"}});
  Wire wire(server_->port());
  wire.send_list();
  EXPECT_EQ(wire.receive(), "");
  EXPECT_EQ(wire.error, ECONNRESET);
  EXPECT_EQ(stats()["endpoints"]["list"]["answers"]["none"], 1);
}

TEST_F(SocketFaultTest, CloseIsAnOrderlyEnd) {
  order({{"fault", "close"}});
  Wire wire(server_->port());
  wire.send_list();
  EXPECT_EQ(wire.receive(), "");
  EXPECT_EQ(wire.error, 0);
}

TEST_F(SocketFaultTest, TruncateCutsTheBodyOfAWholeLength) {
  order({{"fault", "truncate"}});
  Wire wire(server_->port());
  wire.send_list();
  const std::string text = wire.receive();
  EXPECT_EQ(wire.error, 0);
  const auto at = text.find("Content-Length: ");
  ASSERT_NE(at, std::string::npos);
  const auto told = std::stoul(text.substr(at + 16));
  EXPECT_EQ(text.size() - text.find("\r\n\r\n") - 4, told / 2);
}

TEST_F(SocketFaultTest, HangAnswersNothingForItsTime) {
  order({{"fault", "hang"}, {"seconds", 0.3}, {"times", 1}});
  Wire wire(server_->port());
  wire.set_timeout(std::chrono::milliseconds(100));
  wire.send_list();
  EXPECT_EQ(wire.receive(1), "");
  EXPECT_EQ(wire.error, EAGAIN);
  EXPECT_EQ(stats()["in_flight"], 1);
  wire.set_timeout(std::chrono::milliseconds(5000));
  EXPECT_EQ(wire.receive(12), "HTTP/1.1 200");
}

TEST_F(SocketFaultTest, HangEndsWhenTheClientGoes) {
  order({{"fault", "hang"}});
  { Wire(server_->port()).send_list(); }
  Json now;
  for (int i = 0; i < 200; ++i) {
    now = stats();
    if (now["endpoints"]["list"]["answers"].contains("none")) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(now["in_flight"], 0);
  EXPECT_EQ(now["endpoints"]["list"]["answers"]["none"], 1);
}

TEST_F(SocketFaultTest, SlowBodyKeepsItsPace) {
  order({{"fault", "slow_body"}, {"bytes_per_second", 1000}});
  const auto start = Clock::now();
  const auto result = get("/projects/gigs/sims?limit=1");
  const auto time = Clock::now() - start;
  ASSERT_TRUE(result);
  EXPECT_FALSE(Json::parse(result->body, nullptr, false).is_discarded());
  EXPECT_GE(time, std::chrono::milliseconds(result->body.size()));
  EXPECT_LT(time, std::chrono::milliseconds(3 * result->body.size()));
}

TEST_F(SocketFaultTest, SlowHeaderDripsAndThenAnswers) {
  order({{"fault", "slow_header"}, {"interval_seconds", 0.003}});
  Wire wire(server_->port());
  wire.send_list("?limit=0");
  const auto start = Clock::now();
  EXPECT_EQ(wire.receive(20), "HTTP/1.1 200 OK\r\nCon");
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_NE(wire.receive(100).find("application/json"), std::string::npos);
}

TEST_F(SocketFaultTest, EndlessBodyStopsAtItsBytesWithoutAnEnd) {
  order({{"fault", "endless_body"}, {"bytes", 5'000'000}});
  Wire wire(server_->port());
  wire.send_list();
  const std::string text = wire.receive();
  EXPECT_GT(text.size(), 5'000'000U);
  EXPECT_LT(text.size(), 5'010'000U);
  EXPECT_FALSE(text.ends_with("0\r\n\r\n"));
  EXPECT_EQ(wire.error, 0);
}

TEST_F(SocketFaultTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  Wire wire(server_->port());
  const std::string head = " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n";
  wire.send("GET /projects/gigs/sims?limit=0" + head + "\r\nGET /_admin/health" + head + "Connection: close\r\n\r\n");
  const std::string text = wire.receive();
  EXPECT_LT(text.find(R"("object":"list")"), text.find(R"({"ok":true})"));
}

TEST_F(SocketFaultTest, ABrokenRequestIsAnsweredAndTheConnectionClosed) {
  Wire wire(server_->port());
  wire.send("nonsense\r\n\r\n");
  EXPECT_TRUE(wire.receive().starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(wire.error, 0);
}

TEST_F(SocketFaultTest, ContinueIsSaidToWhoWaitsForIt) {
  Wire wire(server_->port());
  wire.send(
      "POST /_admin/projects/gigs/change HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(wire.receive(25), "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("{\"count\":1}");
  EXPECT_EQ(wire.receive(12), "HTTP/1.1 200");
}

TEST_F(SocketFaultTest, StopEndsOpenConnectionsAtOnce) {
  order({{"fault", "hang"}});
  Wire wire(server_->port());
  wire.send_list();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto start = Clock::now();
  server_->stop();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(1));
  wire.receive();
  EXPECT_NE(wire.error, EAGAIN);
}

}  // namespace
}  // namespace simsync::simulator
