// The provider's six operations, as strict as the real ones: sims-reference.txt and facts.md are the authority, and
// each rule says where it stands. Refuses to be lenient: what is not documented as allowed is an error.
#pragma once

#include <string_view>

#include "tests/simulator/answer.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/http_request.h"
#include "tests/simulator/route.h"
#include "tests/simulator/world.h"

namespace simsync::simulator {

class Api {
 public:
  Api(World& world, Faults& faults) : world_(world), faults_(faults) {}

  // Thread-safe; does not block but for a project's mutex. `answer` must be clear.
  void answer(const HttpRequest& request, const Route& route, Answer& answer);

 private:
  // A fault's order for the content of the answer being made, and whether it could be done.
  struct Edit {
    const FaultOrder* order = nullptr;
    bool done = false;
  };

  // Null after it has written the error.
  Project* authorize(const HttpRequest& request, const Route& route, Answer& answer) const;
  void evaluate(const HttpRequest& request, const Route& route, Edit& edit, Answer& answer);
  void list(const HttpRequest& request, Project& project, Edit& edit, Answer& answer);
  void search(const HttpRequest& request, Project& project, Edit& edit, Answer& answer);
  void retrieve(const Route& route, Project& project, Edit& edit, Answer& answer);
  void update(const HttpRequest& request, const Route& route, Project& project, Answer& answer);
  void profile(const Route& route, Project& project, Edit& edit, Answer& answer);
  void credentials(const Route& route, Project& project, Answer& answer);
  void write_page(const ListPage& page, std::string_view own_after, Edit& edit, Answer& answer);

  World& world_;
  Faults& faults_;
};

}  // namespace simsync::simulator
