#include "tests/simulator/route.h"

#include <vector>

namespace simsync::simulator {
namespace {

// At most six segments: longer paths are none of ours.
struct Segments {
  std::array<std::string_view, 6> parts;
  std::size_t count = 0;
};

Segments split(std::string_view path) {
  Segments segments;
  path.remove_prefix(1);
  for (;;) {
    if (segments.count == segments.parts.size()) return segments;
    const auto slash = path.find('/');
    segments.parts[segments.count++] = path.substr(0, slash);
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

void choose(Route& route, std::string_view method, std::string_view get_like, Endpoint endpoint) {
  if (method == get_like)
    route.endpoint = endpoint;
  else
    route.allow = get_like;
}

}  // namespace

Route route_of(const HttpRequest& request) {
  Route route;
  const Segments path = split(request.path);
  if (path.count < 3 || path.parts[0] != "projects" || path.parts[2] != "sims") return route;
  const auto project = percent_decode(path.parts[1]);
  const auto sim = path.count > 3 ? percent_decode(path.parts[3]) : std::string();
  if (!project || !sim) return route;
  route.project = *project;
  route.sim = *sim;
  const std::string_view last = path.count == 5 ? path.parts[4] : std::string_view();
  if (path.count == 3) {
    choose(route, request.method, "GET", Endpoint::list);
  } else if (path.count == 4 && route.sim == "search") {
    choose(route, request.method, "POST", Endpoint::search);
  } else if (path.count == 4 && !route.sim.empty()) {
    choose(route, request.method, "GET", Endpoint::sim);
    if (request.method == "PATCH") route.endpoint = Endpoint::update;
    if (!route.allow.empty()) route.allow = "GET, PATCH";
  } else if (last == "eSimProfile") {
    choose(route, request.method, "GET", Endpoint::profile);
  } else if (last == "credentials") {
    choose(route, request.method, "GET", Endpoint::credentials);
  }
  return route;
}

}  // namespace simsync::simulator
