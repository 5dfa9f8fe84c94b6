#include "sync/api/answer_judge.h"

#include <algorithm>

#include "config/printable.h"

namespace simsync {
namespace {

constexpr std::size_t kMostOfMessage = 200;
// A shorter token is no secret (a test's `tok`), and taking it out would only spoil words.
constexpr std::size_t kShortestSecret = 8;

struct Verdict {
  ApiFailure failure;
  std::string text;
};

// No whole answer came.
Verdict judge_delivery(const HttpOutcome& outcome, const ProjectNames& project) {
  std::string why;
  if (!outcome.error.empty()) why.append(" (").append(presentable(outcome.error, project.token)).append(")");
  switch (outcome.delivery) {
    case Transmission::unsent:
      return {ApiFailure::unreachable,
              "cannot connect to " + project.url + why + "; check api.base_url and the network"};
    case Transmission::tls:
      return {ApiFailure::tls, "TLS with " + project.url + " failed" + why +
                                   "; check api.base_url, and api.ca_file if the certificate is your own"};
    case Transmission::timeout:
      return {ApiFailure::timeout,
              "no whole answer from " + project.url + " within api.timeout; check the network, or raise api.timeout"};
    case Transmission::too_large:
      return {
          ApiFailure::too_large,
          "the answer is larger than can be believed; check api.base_url, and if it stays report it to the provider"};
    case Transmission::stopped:
      return {ApiFailure::stopped, "stopped"};
    default:
      return {ApiFailure::unreachable, "the connection to " + project.url + " was lost" + why +
                                           "; check the network, and if it stays report it to the provider"};
  }
}

bool looks_like_html(const HttpOutcome& outcome, std::string_view body) {
  std::string type = outcome.content_type;
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  if (type.find("html") != std::string::npos) return true;
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && body[start] == '<';
}

ApiFailure failure_of(int status) {
  if (status == 401 || status == 403) return ApiFailure::unauthorized;
  if (status == 404) return ApiFailure::not_found;
  if (status == 407) return ApiFailure::unreachable;
  if (status == 408) return ApiFailure::timeout;
  if (status == 429) return ApiFailure::throttled;
  if (status == 502 || status == 503 || status == 504) return ApiFailure::unavailable;
  if (status >= 500) return ApiFailure::server_error;
  return status >= 400 ? ApiFailure::rejected : ApiFailure::malformed;
}

// That the API forbids one SIM, or writing to it, says nothing about the other requests of the project.
bool is_forbidden_alone(int status, bool said_by_api, ApiCall call) {
  return status == 403 && said_by_api && (call == ApiCall::get || call == ApiCall::update_metadata);
}

// What the operator can do about it.
std::string advice(ApiFailure failure, int status, const Endpoint& endpoint, const ProjectNames& project) {
  if (status >= 300 && status < 400) return "; redirects are not followed, check api.base_url";
  if (status == 407) return ": the proxy wants other credentials, check https_proxy";
  if (failure == ApiFailure::unauthorized) return "; check the token of project " + project.id;
  if (failure == ApiFailure::not_found) return "; " + std::string(endpoint.missing);
  if (failure == ApiFailure::throttled)
    return "; the API wants fewer requests, lower api.requests_per_second if it stays";
  if (failure == ApiFailure::rejected && status == 403)
    return "; the token of project " + project.id + " lacks the right";
  if (failure == ApiFailure::rejected)
    return "; the API does not take this request, if it stays report it to the provider";
  if (failure == ApiFailure::malformed) return "; this is no answer of the API, check api.base_url";
  return "; the API has trouble, if it stays report it to the provider";
}

}  // namespace

std::string presentable(std::string_view text, std::string_view token) {
  std::string clean(text);
  std::erase_if(clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (token.size() >= kShortestSecret) {
    for (std::size_t at = clean.find(token); at != std::string::npos; at = clean.find(token, at + 1)) {
      clean.replace(at, token.size(), 1, '*');
    }
  }
  clean.resize(beginning(clean, kMostOfMessage).size());
  return clean;
}

ApiError malformed_answer(int status, std::string_view problem, const Endpoint& endpoint) {
  return {ApiFailure::malformed, status,
          endpoint.text + ": " + std::string(problem) + "; if it stays, report it to the provider"};
}

std::optional<ApiError> judge(const HttpOutcome& outcome, std::string_view body_start,
                              const std::optional<std::string>& api_message, const Endpoint& endpoint,
                              const ProjectNames& project) {
  if (outcome.delivery != Transmission::answered) {
    const Verdict verdict = judge_delivery(outcome, project);
    return ApiError(verdict.failure, 0, endpoint.text + ": " + verdict.text);
  }
  const int status = outcome.status;
  const bool html = looks_like_html(outcome, body_start);
  if (status >= 200 && status < 300) {
    if (!html) return std::nullopt;
    return ApiError(ApiFailure::malformed, status,
                    endpoint.text + ": " + project.url + " answered HTML, not JSON: check api.base_url");
  }
  ApiFailure failure = failure_of(status);
  if (is_forbidden_alone(status, api_message.has_value(), endpoint.call)) failure = ApiFailure::rejected;
  std::string text = endpoint.text + ": HTTP " + std::to_string(status);
  if (failure == ApiFailure::not_found && !api_message) {
    // Only the API itself can say that something does not exist (product.md, promise 2): a page of a proxy or of
    // another server must not make SIMs disappear.
    failure = ApiFailure::malformed;
    text += " without the API's error body; check api.base_url";
  } else {
    if (api_message && !api_message->empty()) text += ": " + presentable(*api_message, project.token);
    text += advice(failure, status, endpoint, project);
  }
  ApiError error(failure, status, text);
  if (api_message) error.set_said_by_api();
  return error;
}

}  // namespace simsync
