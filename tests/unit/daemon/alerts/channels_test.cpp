// The channels that speak HTTP, against a receiver that answers well, badly, or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>

#include "alert_message.h"
#include "config/config.h"
#include "daemon/alerts/channel_factory.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/signature.h"
#include "local_receiver.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Outcome = Delivery::Outcome;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kPath = "/services/T0SECRET/B0SECRET";

AlertChannelConfig config_of(const std::string& type, const std::string& url, std::chrono::milliseconds timeout = 60s) {
  AlertChannelConfig config;
  config.type = type;
  config.timeout = timeout;
  if (type == "slack") {
    config.secrets.emplace_back(url);
  } else {
    config.url = url;
  }
  if (type == "webhook") config.secrets.emplace_back(kSecret);
  return config;
}

Delivery deliver(const AlertChannelConfig& config, const AlertMessage& message = some_message()) {
  return make_alert_channel(config, 1h)->deliver(message, {});
}

std::string url_of(const LocalReceiver& receiver, const std::string& type) {
  return receiver.url(type == "alertmanager" ? "" : kPath);
}

class HttpChannel : public testing::TestWithParam<std::string> {
 protected:
  // What comes of one attempt at a receiver that answers so.
  static Delivery answered(int status, const std::string& body = {}) {
    LocalReceiver receiver{LocalReceiver::says(status, body)};
    return deliver(config_of(GetParam(), url_of(receiver, GetParam())));
  }
};

INSTANTIATE_TEST_SUITE_P(All, HttpChannel, testing::Values("webhook", "alertmanager", "slack"),
                         [](const auto& info) { return info.param; });

TEST_P(HttpChannel, IsDeliveredOnlyWithSuccess) {
  EXPECT_EQ(answered(200).outcome, Outcome::delivered);
  EXPECT_THAT(answered(200).error, IsEmpty());
  EXPECT_EQ(answered(500).outcome, Outcome::try_again);
  EXPECT_THAT(answered(500).error, HasSubstr("HTTP 500"));
  EXPECT_EQ(answered(410).outcome, Outcome::gone);
  for (const int status : {400, 413, 422}) EXPECT_EQ(answered(status).outcome, Outcome::refused) << status;
  for (const int status : {401, 403, 404, 405, 408}) EXPECT_EQ(answered(status).outcome, Outcome::try_again) << status;
}

TEST_P(HttpChannel, ReceivesWhatTheReceiverAsksFor) {
  LocalReceiver receiver{[](const auto&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "17");
  }};
  const Delivery delivery = deliver(config_of(GetParam(), url_of(receiver, GetParam())));
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_EQ(delivery.retry_after, std::optional<std::chrono::milliseconds>{17s});
}

TEST_P(HttpChannel, FollowsNoRedirect) {
  LocalReceiver elsewhere{LocalReceiver::says(200)};
  for (const int status : {301, 302, 307, 308}) {
    LocalReceiver receiver{[&](const auto&, httplib::Response& response) {
      response.status = status;
      response.set_header("Location", elsewhere.url());
    }};
    EXPECT_EQ(deliver(config_of(GetParam(), url_of(receiver, GetParam()))).outcome, Outcome::try_again);
    EXPECT_THAT(receiver.requests(), SizeIs(1)) << status;
  }
  EXPECT_THAT(elsewhere.requests(), IsEmpty());
}

TEST_P(HttpChannel, GivesUpAReceiverThatHangs) {
  LocalReceiver* self = nullptr;
  LocalReceiver receiver{[&self](const auto&, const auto&) { self->hang(); }};
  self = &receiver;
  auto attempt = std::async(std::launch::async,
                            [&] { return deliver(config_of(GetParam(), url_of(receiver, GetParam()), 200ms)); });
  const bool ended = attempt.wait_for(30s) == std::future_status::ready;
  EXPECT_TRUE(ended) << "the time limit is not kept";
  receiver.let_go();
  const Delivery delivery = attempt.get();
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_THAT(delivery.error, HasSubstr("timed out"));
}

TEST_P(HttpChannel, EndsWithTheDaemonAlsoWhereTheReceiverHangs) {
  LocalReceiver* self = nullptr;
  LocalReceiver receiver{[&self](const auto&, const auto&) { self->hang(); }};
  self = &receiver;
  std::stop_source stop;
  auto attempt = std::async(std::launch::async, [&] {
    return make_alert_channel(config_of(GetParam(), url_of(receiver, GetParam()), 10min), 1h)
        ->deliver(some_message(), stop.get_token());
  });
  EXPECT_TRUE(receiver.wait_for_a_request());
  stop.request_stop();
  EXPECT_EQ(attempt.wait_for(30s), std::future_status::ready);
  receiver.let_go();
  EXPECT_EQ(attempt.get().outcome, Outcome::try_again);
}

// The receiver stops by itself only after much more than any buffer between the two holds.
TEST_P(HttpChannel, ReadsOnlyTheBeginningOfAnEndlessAnswer) {
  constexpr std::size_t kMuch = 256UL << 20;
  for (const int status : {200, 500}) {
    std::atomic<std::size_t> sent = 0;
    Delivery delivery;
    {
      LocalReceiver receiver{[&](const auto&, httplib::Response& response) {
        response.status = status;
        response.set_chunked_content_provider("text/plain", [&](std::size_t, httplib::DataSink& sink) {
          static const std::string piece(64UL << 10, 'x');
          if (sent >= kMuch) sink.done();
          if (sent >= kMuch || !sink.write(piece.data(), piece.size())) return sent >= kMuch;
          sent += piece.size();
          return true;
        });
      }};
      delivery = deliver(config_of(GetParam(), url_of(receiver, GetParam())));
    }
    EXPECT_EQ(delivery.outcome, status == 200 ? Outcome::delivered : Outcome::try_again);
    EXPECT_LT(delivery.error.size(), 300U);
    EXPECT_LT(sent, kMuch) << "all of it was read";
  }
}

TEST_P(HttpChannel, SaysWhyInOneHarmlessLine) {
  const Delivery delivery = answered(400, "bad\x1b[31m\xff\r\nsecond line");
  EXPECT_THAT(delivery.error, HasSubstr("HTTP 400"));
  EXPECT_THAT(delivery.error, Not(AnyOf(HasSubstr("\x1b"), HasSubstr("\xff"), HasSubstr("\n"), HasSubstr("second"))));
}

TEST_P(HttpChannel, TellsNoSecretWhenNobodyListens) {
  std::string url;
  {
    const LocalReceiver receiver{LocalReceiver::says(200)};
    url = url_of(receiver, GetParam());
  }
  const Delivery delivery = deliver(config_of(GetParam(), url + "?token=SECRET", 5s));
  EXPECT_EQ(delivery.outcome, Outcome::try_again);
  EXPECT_THAT(delivery.error, Not(IsEmpty()));
  EXPECT_THAT(delivery.error, Not(HasSubstr("SECRET")));
}

// Addresses that libcurl itself does not take. One without a scheme, where the secret would be the host's name, the
// configuration refuses.
TEST(SlackChannel, TellsNothingOfAnAddressThatIsNone) {
  for (const char* url : {"ftp://127.0.0.1/T0SECRET", "http://127.0.0.1:99999/T0SECRET", "http://[/T0SECRET",
                          "http://user:T0SECRET@127.0.0.1:1/x"}) {
    const Delivery delivery = deliver(config_of("slack", url, 5s));
    EXPECT_EQ(delivery.outcome, Outcome::try_again) << url;
    EXPECT_THAT(delivery.error, Not(HasSubstr("SECRET"))) << url;
  }
}

TEST(SlackChannel, RepeatsOnlySlacksOwnWords) {
  LocalReceiver slack{LocalReceiver::says(404, "no_service")};
  EXPECT_EQ(deliver(config_of("slack", slack.url(kPath))).error, "HTTP 404: no_service");
  LocalReceiver proxy{[](const httplib::Request& request, httplib::Response& response) {
    response.status = 502;
    response.set_content("cannot reach " + request.path, "text/plain");
  }};
  EXPECT_EQ(deliver(config_of("slack", proxy.url(kPath))).error, "HTTP 502");
}

TEST(SlackChannel, SendsTextThatIsOnlyText) {
  LocalReceiver receiver{LocalReceiver::says(200, "ok")};
  AlertMessage message = some_message();
  message.first.front().sim_id = "<!channel> & <https://example.org|x>";
  ASSERT_EQ(deliver(config_of("slack", receiver.url(kPath)), message).outcome, Outcome::delivered);
  ASSERT_THAT(receiver.requests(), SizeIs(1));
  EXPECT_EQ(receiver.requests().front().path, kPath);
  const json body = json::parse(receiver.requests().front().body);
  EXPECT_THAT(body.at("text"), HasSubstr("&lt;!channel&gt; &amp; &lt;https://example.org|x&gt;"));
  EXPECT_THAT(std::string{body.at("text")}, Not(HasSubstr("<")));
  EXPECT_EQ(body.at("mrkdwn"), false);
}

TEST(WebhookChannel, SendsTheSignedEventWithTheSameIdAndBodyEachTime) {
  LocalReceiver receiver{LocalReceiver::says(204)};
  for (int attempt = 0; attempt < 2; ++attempt) deliver(config_of("webhook", receiver.url()));
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(2));
  for (const httplib::Request& request : requests) {
    EXPECT_EQ(request.body, cloud_event(some_message()));
    EXPECT_EQ(request.get_header_value("webhook-id"), some_message().id);
    EXPECT_EQ(request.get_header_value("Content-Type"), "application/cloudevents+json; charset=utf-8");
    const std::int64_t at = std::stoll(request.get_header_value("webhook-timestamp"));
    EXPECT_GT(at, some_time().time_since_epoch() / 1s) << "of the attempt, not of the alert";
    EXPECT_EQ(request.get_header_value("webhook-signature"),
              WebhookSigner{{Secret{kSecret}}}.sign(some_message().id, at, request.body));
    EXPECT_THAT(request.body, Not(HasSubstr("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")));
  }
}

class Alertmanager : public testing::Test {
 protected:
  // The alerts of the latest request.
  [[nodiscard]] json told() const { return json::parse(receiver.requests().back().body); }

  LocalReceiver receiver{LocalReceiver::says(200)};
  std::unique_ptr<AlertChannel> channel = make_alert_channel(config_of("alertmanager", receiver.url("")), 1h);
};

TEST_F(Alertmanager, HearsOfOneAlertForEachProvider) {
  AlertMessage message = some_message();
  message.providers = {"p8", "p9"};
  channel->deliver(message, {});
  EXPECT_EQ(receiver.requests().back().path, "/api/v2/alerts");
  const json alerts = told();
  ASSERT_THAT(alerts, SizeIs(2));
  EXPECT_EQ(alerts[0].at("labels"), json::parse(R"({"alertname":"profile-gone","project":"acme","severity":"critical",
                                                    "provider":"p8"})"));
  EXPECT_EQ(alerts[1].at("labels").at("provider"), "p9");
  EXPECT_EQ(alerts[0].at("startsAt"), iso_time(some_time()));
  EXPECT_GT(std::string{alerts[0].at("endsAt")}, std::string{alerts[0].at("startsAt")});
}

TEST_F(Alertmanager, HearsOfAnEndOnlyWhereNothingElseIsOpen) {
  AlertMessage message = some_message();
  message.lasting = true;
  channel->repeat({message}, {});
  ASSERT_THAT(receiver.requests(), SizeIs(1));
  message.event = AlertEvent::resolved;
  message.resolved_at = some_time();
  EXPECT_EQ(channel->deliver(message, {}).outcome, Outcome::delivered);
  EXPECT_THAT(receiver.requests(), SizeIs(1)) << "another SIM of the rule and provider is still open";
  channel->repeat({}, {});
  channel->deliver(message, {});
  ASSERT_THAT(receiver.requests(), SizeIs(2));
  EXPECT_LE(std::string{told()[0].at("endsAt")}, iso_time(wall_clock()));
}

}  // namespace
}  // namespace simsync
