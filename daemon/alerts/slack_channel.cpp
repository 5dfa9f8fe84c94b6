#include "daemon/alerts/slack_channel.h"

#include <algorithm>

#include "daemon/alerts/http_outcome.h"
#include "daemon/alerts/json.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/transfer.h"

namespace simsync {
namespace {

// Slack says what is wrong in one word, such as no_service; anything else is not from Slack.
bool is_slack_error(const std::string& body) {
  return !body.empty() && body.size() <= 40 &&
         std::ranges::all_of(body, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

class SlackChannel final : public AlertChannel {
 public:
  explicit SlackChannel(const SlackOptions& options) : options_(options) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    // Without mrkdwn an asterisk or an underscore in an identifier is only that.
    const std::string body = json_text({{"text", slack_escaped(text_of(message))},
                                        {"mrkdwn", false},
                                        {"unfurl_links", false},
                                        {"unfurl_media", false}});
    const HttpPost request{std::string{options_.url.reveal()},
                           {{"Content-Type", "application/json; charset=utf-8"}, {"User-Agent", "simsyncd"}},
                           body,
                           options_.timeout};
    const PostAnswer answer = post(request, stop);
    return outcome_of(answer, wall_clock(), is_slack_error(answer.body) ? ShowBody::yes : ShowBody::no);
  }

 private:
  SlackOptions options_;
};

}  // namespace

std::unique_ptr<AlertChannel> make_slack_channel(const SlackOptions& options) {
  return std::make_unique<SlackChannel>(options);
}

std::string slack_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace simsync
