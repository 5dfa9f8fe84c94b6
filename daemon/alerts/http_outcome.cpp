#include "daemon/alerts/http_outcome.h"

#include "config/printable.h"
#include "sync/api/retry_policy.h"

namespace simsync {
namespace {

std::string first_line(std::string_view body) {
  const auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  body.remove_prefix(begin);
  return printable(beginning(body.substr(0, body.find_first_of("\r\n")), 200));
}

}  // namespace

Delivery outcome_of(const PostAnswer& answer, TimePoint now, ShowBody show_body) {
  if (answer.status == 0) return Delivery::again(answer.error);
  if (answer.status / 100 == 2) return {};
  std::string error = "HTTP " + std::to_string(answer.status);
  if (answer.status / 100 == 3) return Delivery::again(error + ": a redirect, which is not followed");
  if (const std::string line = first_line(answer.body); show_body == ShowBody::yes && !line.empty()) {
    error += ": " + line;
  }
  if (answer.status == 410) return {Delivery::Outcome::gone, error, std::nullopt};
  // What is wrong with the message stays wrong. All else, be it 401 or 404, somebody mends.
  if (answer.status == 400 || answer.status == 413 || answer.status == 422) return Delivery::refuse(error);
  return {Delivery::Outcome::try_again, error, parse_retry_after(answer.retry_after, now)};
}

}  // namespace simsync
