// What asks the status listener: one whole answer, whatever was asked.
#include <optional>
#include <string>

#include "daemon/http/http_message.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

constexpr std::string_view kBody = "ready\n";

std::string_view header(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

}  // namespace

void request(std::string_view input) {
  std::optional<HttpQuestion> asked;
  HttpMessages messages([&](const HttpQuestion& question) {
    promise(!asked, "the site is asked twice");
    asked = question;
    return HttpAnswer{200, "text/plain; charset=utf-8", std::string(kBody), {{"X-Site", "yes"}}};
  });
  std::string answer = messages.answer(input);
  // What is asked for by Expect.
  constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  if (answer.starts_with(kGoOn)) answer.erase(0, kGoOn.size());
  if (answer.empty()) return promise(!asked, "asked, but not answered");
  promise(answer.starts_with("HTTP/1."), "no HTTP");
  const std::size_t end = answer.find("\r\n\r\n");
  promise(end != std::string::npos, "a head without end");
  const std::string_view head = std::string_view(answer).substr(0, end + 2);
  const std::string_view body = std::string_view(answer).substr(end + 4);
  if (!asked) return promise(answer.size() > 9 && answer[9] != '2', "nobody was asked, but it is fine");
  promise(header(head, "\r\nX-Site: ") == "yes", "the site's header is missing");
  if (!header(head, "\r\nContent-Encoding: ").empty()) return;
  promise(header(head, "\r\nContent-Length: ") == std::to_string(kBody.size()), "another length");
  promise(body == (asked->method == "HEAD" ? std::string_view{} : kBody), "another body");
}

}  // namespace simsync::fuzz
