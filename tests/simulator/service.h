// Everything behind the sockets: routes a request to the API or the admin calls and counts it. Refuses to know
// sockets, so that connections with and without TLS share it.
#pragma once

#include "tests/simulator/admin.h"
#include "tests/simulator/answer.h"
#include "tests/simulator/api.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/http_request.h"
#include "tests/simulator/stats.h"
#include "tests/simulator/world.h"

namespace simsync::simulator {

// A request between its arrival and the end of its answer.
struct Ticket {
  std::uint64_t number = 0;
  Endpoint endpoint = Endpoint::other;
  bool counted = false;  // admin calls are not
};

class Service {
 public:
  Service(const std::vector<ProjectOrder>& orders, std::uint64_t seed, ChangeMix mix)
      : world_(orders, seed, mix),
        faults_(seed ^ stable_hash("faults")),
        api_(world_, faults_),
        admin_(world_, faults_, stats_) {}

  World& world() { return world_; }
  Stats& stats() { return stats_; }

  // Fills `answer`. Thread-safe; hand the ticket to done() once.
  Ticket handle(const HttpRequest& request, Answer& answer) {
    answer.clear();
    if (request.path.starts_with("/_admin/")) {
      admin_.answer(request, answer);
      return {};
    }
    const Route route = route_of(request);
    const Ticket ticket{stats_.arrived(request, route.endpoint), route.endpoint, true};
    api_.answer(request, route, answer);
    return ticket;
  }

  // `status` 0: nothing was answered.
  void done(const Ticket& ticket, int status) {
    if (ticket.counted) stats_.answered(ticket.number, ticket.endpoint, status);
  }

 private:
  World world_;
  Stats stats_;
  Faults faults_;
  Api api_;
  Admin admin_;
};

}  // namespace simsync::simulator
