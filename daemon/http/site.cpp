#include "daemon/http/site.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string_view>

namespace simsync {
namespace {

constexpr char kPage[] = "/";
constexpr char kMetrics[] = "/metrics";
constexpr char kAlive[] = "/healthz";
constexpr char kReady[] = "/readyz";
constexpr std::string_view kPaths[] = {kPage, kMetrics, kAlive, kReady};

HttpAnswer text(int status, std::string body) {
  return {.status = status, .body = std::move(body) + "\n"};
}

// How long it takes says nothing of where they differ.
bool same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

// What stands behind the scheme, which may be spelled in either case.
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const auto same_letter = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b; };
  if (authorization.size() < kScheme.size() ||
      !std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                  [&](char scheme, char given) { return same_letter(given, scheme); })) {
    return {};
  }
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', kScheme.size()), authorization.size()));
  return authorization;
}

}  // namespace

Site::Site(SiteContent content, Secret token) : content_(std::move(content)), token_(std::move(token)) {}

HttpAnswer Site::answer(const HttpQuestion& question) const {
  HttpAnswer answer;
  if (!may_enter(question)) {
    answer = text(401, "this needs the token of http.token_file, as Authorization: Bearer TOKEN");
    answer.headers = {{"WWW-Authenticate", "Bearer realm=\"simsyncd\""}};
  } else if (std::ranges::find(kPaths, question.path) == std::end(kPaths)) {
    answer = text(404, "nothing is here; there are / /metrics /healthz /readyz");
  } else if (question.method != "GET" && question.method != "HEAD") {
    answer = text(405, "only GET and HEAD");
    answer.headers = {{"Allow", "GET, HEAD"}};
  } else {
    answer = content(question.path);
  }
  answer.headers.insert(
      answer.headers.end(),
      {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}});
  return answer;
}

bool Site::may_enter(const HttpQuestion& question) const {
  return token_.empty() || question.path == kAlive || same(bearer_of(question.authorization), token_.reveal());
}

HttpAnswer Site::content(const std::string& path) const {
  if (path == kMetrics) {
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = content_.metrics()};
  }
  if (path == kPage) {
    return {.type = "text/html; charset=utf-8",
            .body = content_.page(),
            .headers = {{"Content-Security-Policy", content_.page_policy}}};
  }
  if (path == kAlive) {
    const std::optional<std::string> stuck = content_.stuck();
    return stuck ? text(503, *stuck) : text(200, "ok");
  }
  const std::vector<std::string> reasons = content_.unready();
  if (reasons.empty()) return text(200, "ready");
  std::string lines;
  for (const std::string& reason : reasons) lines += (lines.empty() ? "" : "\n") + reason;
  return text(503, lines);
}

}  // namespace simsync
