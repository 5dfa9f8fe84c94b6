#include "daemon/alerts/webhook_channel.h"

#include "daemon/alerts/http_outcome.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/signature.h"
#include "daemon/alerts/transfer.h"

namespace simsync {
namespace {

class WebhookChannel final : public AlertChannel {
 public:
  explicit WebhookChannel(const WebhookOptions& options)
      : url_(options.url), signer_(options.secrets), timeout_(options.timeout) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    const std::string body = cloud_event(message);
    // Of this attempt: receivers refuse what is older than some minutes, as it may be a replay.
    const std::int64_t timestamp = std::chrono::floor<std::chrono::seconds>(wall_clock()).time_since_epoch().count();
    HttpPost request{url_, {}, body, timeout_};
    request.headers = {{"Content-Type", "application/cloudevents+json; charset=utf-8"},
                       {"User-Agent", "simsyncd"},
                       {"webhook-id", message.id},
                       {"webhook-timestamp", std::to_string(timestamp)}};
    if (const std::string signature = signer_.sign(message.id, timestamp, body); !signature.empty()) {
      request.headers.emplace_back("webhook-signature", signature);
    }
    return outcome_of(post(request, stop), wall_clock());
  }

 private:
  std::string url_;
  WebhookSigner signer_;
  std::chrono::milliseconds timeout_;
};

}  // namespace

std::unique_ptr<AlertChannel> make_webhook_channel(const WebhookOptions& options) {
  return std::make_unique<WebhookChannel>(options);
}

}  // namespace simsync
