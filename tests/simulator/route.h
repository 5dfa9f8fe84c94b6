// Which of the six operations a request asks for. Refuses to judge anything but method and path.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tests/simulator/http_request.h"

namespace simsync::simulator {

// `other`: a path that the API does not have, or a method that the path does not have.
enum class Endpoint { list, search, sim, update, profile, credentials, other };
inline constexpr std::size_t kEndpointCount = 7;
inline constexpr std::array<std::string_view, kEndpointCount> kEndpointNames = {
    "list", "search", "sim", "update", "profile", "credentials", "other"};

struct Route {
  Endpoint endpoint = Endpoint::other;
  std::string project;  // empty when the path has none
  std::string sim;
  std::string_view allow = {};  // set when only the method is wrong: the ones that would be right
};

Route route_of(const HttpRequest& request);

}  // namespace simsync::simulator
