// What an HTTP outcome means: an answer that may be read, or the ApiError that it is, with a message that says what to
// do. Pure. Messages name the endpoint, never the token, an activation code or a value of a SIM.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/api/api_observer.h"
#include "sync/api/connection.h"
#include "sync/api/lane.h"
#include "sync/api/sim_api.h"

namespace simsync {

// The endpoint as it stands in messages, what a 404 of it means, and where its requests wait.
struct Endpoint {
  ApiCall call = ApiCall::list;
  std::string_view name;     // list, get, profile, credentials, update_metadata, search
  std::string text;          // `GET /projects/acme/sims/{sim}`
  std::string_view missing;  // what a 404 says
  Lane lane = Lane::others;
};

// What messages need to know of the project.
struct ProjectNames {
  std::string id;
  std::string url;         // scheme and host of the API
  std::string_view token;  // taken out of anything the server says
};

// The error of an outcome; nullopt for a 2xx answer that looks like JSON, which is then to be read. `api_message` is
// the message of the API's error body, nullopt where the body is not the API's. Retry-After is not looked at.
std::optional<ApiError> judge(const HttpOutcome& outcome, std::string_view body_start,
                              const std::optional<std::string>& api_message, const Endpoint& endpoint,
                              const ProjectNames& project);

// The error of a 2xx answer that could not be read for `problem`.
ApiError malformed_answer(int status, std::string_view problem, const Endpoint& endpoint);

// `text` from outside as it may stand in a message: one line, at most 200 bytes, without the token.
std::string presentable(std::string_view text, std::string_view token);

}  // namespace simsync
