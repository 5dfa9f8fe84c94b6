#include "daemon/alerts/email_channel.h"

#include <algorithm>
#include <stdexcept>

#include "config/log.h"
#include "config/printable.h"
#include "daemon/alerts/mail_text.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/transfer.h"

namespace simsync {
namespace {

bool is_address(const std::string& text) {
  const auto at = text.rfind('@');
  return at != std::string::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '<' && c != '>' && c != ','; });
}

void require_address(const std::string& text) {
  if (!is_address(text)) throw std::invalid_argument("not a mail address: " + in_quotes(text));
}

Delivery outcome_of(const MailAnswer& answer) {
  if (answer.accepted) return {};
  const std::string error = (answer.status > 0 ? "SMTP " + std::to_string(answer.status) + ": " : "") + answer.error;
  // These ask for a login or TLS: a matter of the configuration, which somebody will mend.
  const bool of_login = answer.status == 530 || answer.status == 534 || answer.status == 535 || answer.status == 538;
  return answer.of_mail && answer.status / 100 == 5 && !of_login ? Delivery::refuse(error) : Delivery::again(error);
}

class EmailChannel final : public AlertChannel {
 public:
  explicit EmailChannel(const EmailOptions& options) : options_(options) {
    require_address(options.from);
    if (options.to.empty()) throw std::invalid_argument("no mail address to send to");
    for (const std::string& address : options.to) require_address(address);
  }

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    const MailSubmission submission{
        options_.server,
        options_.from,
        options_.to,
        options_.user,
        options_.password,
        mail_of({options_.from, options_.to, subject_of(message), text_of(message), message.id, wall_clock()}),
        options_.timeout};
    const MailAnswer answer = send_mail(submission, stop);
    // The others have it, so it is not sent again: only this line tells of it.
    for (const auto& [address, reply] : answer.refused) {
      log::warning("recipient refused", {{"recipient", address}, {"message", message.id}, {"reply", reply}});
    }
    return outcome_of(answer);
  }

 private:
  EmailOptions options_;
};

}  // namespace

std::unique_ptr<AlertChannel> make_email_channel(const EmailOptions& options) {
  return std::make_unique<EmailChannel>(options);
}

}  // namespace simsync
