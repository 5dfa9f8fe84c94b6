// Who may connect, and that nobody's slowness is another's.
#include "daemon/http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "config/load_config.h"
#include "daemon/http/http_message.h"
#include "raw_client.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

class ListenerTest : public testing::Test {
 protected:
  void start() {
    listener_ = std::make_unique<Listener>(
        socket_, [this](std::string_view request) { return respond(request); }, limits_);
  }
  std::string respond(std::string_view request) {
    if (answer_.empty()) return "heard " + std::to_string(request.size());
    return answer_;
  }
  [[nodiscard]] const std::string& address() const { return socket_.address(); }

  Listener::Limits limits_;
  std::string answer_;
  ListenSocket socket_{"127.0.0.1:0"};
  std::unique_ptr<Listener> listener_;  // last
};

TEST_F(ListenerTest, AnswersAWholeHead) {
  start();
  EXPECT_EQ(RawClient{address()}.ask(kGet), "heard " + std::to_string(sizeof kGet - 1));
}

TEST_F(ListenerTest, TheHeadMayComeByteByByte) {
  start();
  const RawClient client{address()};
  for (const char c : std::string{kGet}) ASSERT_TRUE(client.say({&c, 1}));
  EXPECT_EQ(client.hear(), "heard " + std::to_string(sizeof kGet - 1));
}

TEST_F(ListenerTest, ALargeAnswerArrivesWhole) {
  answer_ = std::string(30'000'000, 'x');
  start();
  EXPECT_EQ(RawClient{address()}.ask(kGet).size(), answer_.size());
}

// What follows the head is not read as another request, and does not cost the answer.
TEST_F(ListenerTest, ABodyIsIgnored) {
  start();
  const std::string body(20'000'000, 'b');
  EXPECT_THAT(RawClient{address()}.ask(kGet + body), StartsWith("heard"));
}

TEST_F(ListenerTest, AHundredThatSayNothingStopNobody) {
  start();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 150; ++i) idle.push_back(std::make_unique<RawClient>(address()));
  EXPECT_THAT(RawClient{address()}.ask(kGet), StartsWith("heard"));
  // Who was there first has made room.
  EXPECT_TRUE(idle.front()->is_closed_within(10s));
  EXPECT_FALSE(idle.back()->is_closed_within(1ms));
}

TEST_F(ListenerTest, OneThatSpeaksSlowlyIsCutOffAndDelaysNobody) {
  limits_.time = 1s;
  start();
  const RawClient slow{address()};
  const auto begun = std::chrono::steady_clock::now();
  while (slow.say("G") && std::chrono::steady_clock::now() - begun < 30s) {
    EXPECT_THAT(RawClient{address()}.ask(kGet), StartsWith("heard"));
    std::this_thread::sleep_for(50ms);
    if (slow.is_closed_within(1ms)) break;
  }
  EXPECT_TRUE(slow.is_closed_within(1ms));
}

TEST_F(ListenerTest, OneThatDoesNotTakeItsAnswerIsCutOffAndDelaysNobody) {
  limits_.time = 3s;
  answer_ = std::string(12'000'000, 'x');
  start();
  const RawClient deaf{address()};
  ASSERT_TRUE(deaf.say(kGet));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(RawClient{address()}.ask(kGet).size(), answer_.size());
  std::this_thread::sleep_for(4500ms);
  EXPECT_LT(deaf.hear().size(), answer_.size());
}

TEST_F(ListenerTest, AHeadWithoutEndIsCutOff) {
  start();
  const RawClient client{address()};
  std::size_t said = 0;
  while (said < 10'000'000 && client.say("X-More: and more\r\n")) said += 18;
  EXPECT_LT(said, 5'000'000U) << "what the kernel buffers, but no end";
  EXPECT_EQ(client.hear(), "");
}

TEST_F(ListenerTest, EndsWithClientsThatHang) {
  start();
  const RawClient idle{address()};
  const RawClient half{address()};
  ASSERT_TRUE(half.say("GET / HT"));
  // Then both were accepted before: what is not would stay with the socket.
  EXPECT_NE(RawClient{address()}.ask(kGet), "");
  auto ended = std::async(std::launch::async, [this] { listener_.reset(); });
  EXPECT_EQ(ended.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(idle.is_closed_within(5s));
}

TEST_F(ListenerTest, AnAnswerThatThrowsCostsOnlyItsConnection) {
  int asked = 0;
  listener_ = std::make_unique<Listener>(socket_, [&asked](std::string_view) -> std::string {
    if (++asked == 1) throw std::runtime_error("no memory");
    return "good";
  });
  EXPECT_EQ(RawClient{address()}.ask(kGet), "");
  EXPECT_EQ(RawClient{address()}.ask(kGet), "good");
}

TEST(ListenSocketTest, SaysWhereItListens) {
  for (const std::string host : {"127.0.0.1", "localhost", "127.5.5.5"}) {
    const ListenSocket socket{host + ":0"};
    EXPECT_THAT(socket.address(), StartsWith(host + ":"));
    EXPECT_NE(socket.address(), host + ":0");
  }
}

TEST(ListenSocketTest, TakesIpv6InBrackets) {
  try {
    EXPECT_THAT(ListenSocket{"[::1]:0"}.address(), StartsWith("[::1]:"));
  } catch (const std::runtime_error& error) {
    // A machine without IPv6 says so in our words.
    EXPECT_THAT(error.what(), HasSubstr("http.listen: [::1]:0 cannot be listened on"));
  }
}

TEST(ListenSocketTest, ATakenPortIsAnErrorThatNamesTheKey) {
  const ListenSocket first{"127.0.0.1:0"};
  for (const std::string& address : {first.address(), "localhost" + first.address().substr(9)}) {
    try {
      const ListenSocket second{address};
      ADD_FAILURE() << "two on one port";
    } catch (const ConfigError& error) {
      ADD_FAILURE() << "it may pass by itself: " << error.what();
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(),
                "http.listen: " + address + " is taken by another program; end that, or name another port");
    }
  }
}

TEST(ListenSocketTest, AnAddressThatIsNotOursIsAnError) {
  EXPECT_THROW(ListenSocket{"192.0.2.1:9464"}, std::runtime_error);
  EXPECT_THROW(ListenSocket{"no.such.host.invalid:9464"}, ConfigError);
}

}  // namespace
}  // namespace simsync
