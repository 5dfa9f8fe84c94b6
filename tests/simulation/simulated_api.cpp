#include "tests/simulation/simulated_api.h"

#include <algorithm>
#include <array>

#include "sync/stopping.h"
#include "tests/simulation/virtual_threads.h"

namespace simsync::simulation {
namespace {

bool among(const std::vector<std::string>& wanted, const std::string& value) {
  return std::ranges::find(wanted, value) != wanted.end();
}

// While it lives, this fibre belongs to no machine.
class OnNoMachine {
 public:
  OnNoMachine() = default;
  ~OnNoMachine() { move_to(before_); }
  OnNoMachine(const OnNoMachine&) = delete;
  OnNoMachine& operator=(const OnNoMachine&) = delete;

 private:
  Machine* const before_ = move_to(nullptr);
};

class SimulatedApi : public SimApi {
 public:
  SimulatedApi(World& world, const ApiFaults& faults, const Line& line) : world_(world), faults_(faults), line_(line) {}

  SimPage list(const ListQuery& query, std::stop_token stop) override {
    SimPage page;
    page.exchange = call(stop, [&] { page.more_after = read(query, page); });
    return page;
  }

  SimAnswer get(const std::string& sim_id, std::stop_token stop) override {
    SimAnswer answer;
    answer.exchange = call(stop, [&] { answer.sim = existing(sim_id); });
    answer.metadata_text = answer.sim.metadata;
    return answer;
  }

  ProfileAnswer profile(const std::string& sim_id, std::stop_token stop) override {
    ProfileAnswer answer;
    answer.exchange = call(stop, [&] {
      const std::optional<EsimProfile> found = world_.profile(sim_id);
      if (!found) throw ApiError(ApiFailure::not_found, 404, "no profile");
      answer.profile = *found;
    });
    return answer;
  }

  WholeProfileAnswer whole_profile(const std::string& sim_id, std::stop_token stop) override {
    return {profile(sim_id, std::move(stop)), std::nullopt};
  }

  SimCredentials credentials(const std::string&, std::stop_token) override { return {}; }

  SimAnswer update_metadata(const std::string& sim_id, const std::string& metadata, std::stop_token stop) override {
    SimAnswer answer;
    answer.exchange = call(stop, [&] {
      if (!world_.set_metadata(sim_id, metadata)) throw ApiError(ApiFailure::not_found, 404, "no such SIM");
      answer.sim = existing(sim_id);
    });
    answer.metadata_text = answer.sim.metadata;
    return answer;
  }

  SimPage search(const std::string& iccid, const std::vector<std::string>&, std::stop_token stop) override {
    SimPage page;
    page.exchange = call(stop, [&] {
      for (const auto& [place, sim] : world_.sims()) {
        if (sim.iccid == iccid) page.sims.push_back(sim);
      }
    });
    return page;
  }

 private:
  // The world is looked at in one moment between the question and its answer.
  template <typename Action>
  Exchange call(const std::stop_token& stop, const Action& action) {
    Exchange exchange;
    exchange.asked_at = wall_clock();
    const bool lost = carry_out(stop, action);
    travel(stop);
    if (lost) throw ApiError(ApiFailure::timeout, 0, "no answer");
    exchange.observed_at = wall_clock();
    return exchange;
  }

  // A request that was sent arrives, also when the process that sent it stands still. Whether its answer gets lost.
  template <typename Action>
  bool carry_out(const std::stop_token& stop, const Action& action) {
    const OnNoMachine on_the_way;
    travel(stop);
    if (faults_.away) throw ApiError(ApiFailure::unreachable, 0, "away");
    if (chance(faults_.token)) throw ApiError(ApiFailure::unauthorized, 401, "the token is refused");
    if (chance(faults_.refused)) refuse();
    const bool lost = chance(faults_.lost);
    if (!lost || random()() % 2 == 0) action();
    return lost;
  }

  void travel(const std::stop_token& stop) const {
    const std::chrono::milliseconds time{random()() % static_cast<std::uint64_t>(faults_.slowest.count() + 1)};
    const bool in_time = sleep_for(time, stop);
    if (in_time && !line_.severed) return;
    while (sleep_for(std::chrono::hours{1}, stop)) continue;  // of a process that was killed nobody hears any more
    throw ApiError(ApiFailure::stopped, 0, "stopped");
  }

  static bool chance(unsigned of_a_thousand) { return random()() % 1000 < of_a_thousand; }

  [[noreturn]] static void refuse() {
    static constexpr std::array<std::pair<ApiFailure, int>, 5> kRefusals = {{{ApiFailure::throttled, 429},
                                                                             {ApiFailure::unavailable, 503},
                                                                             {ApiFailure::server_error, 500},
                                                                             {ApiFailure::malformed, 200},
                                                                             {ApiFailure::unreachable, 0}}};
    const auto& [failure, status] = kRefusals[random()() % kRefusals.size()];
    throw ApiError(failure, status, "refused");
  }

  const Sim& existing(const std::string& id) const {
    const Sim* const sim = world_.find(id);
    if (sim == nullptr) throw ApiError(ApiFailure::not_found, 404, "no such SIM");
    return *sim;
  }

  // facts.md, "Lists". Returns the cursor for what follows.
  std::optional<std::string> read(const ListQuery& query, SimPage& page) const {
    static const std::vector<std::string> kDefault = {"inactive", "active"};
    auto at = world_.sims().begin();
    if (!query.after.empty()) {
      const auto behind = world_.behind(query.after);
      if (!behind) throw ApiError(ApiFailure::rejected, 400, "no such cursor");
      at = *behind;
    }
    const bool leaves_out = chance(faults_.left_out);
    std::optional<std::string> last;
    std::size_t listed = 0;
    for (; at != world_.sims().end(); ++at) {
      const Sim& sim = at->second;
      if (!query.providers.empty() && !among(query.providers, sim.provider)) continue;
      if (!query.type.empty() && query.type != sim.type) continue;
      if (!among(query.statuses.empty() ? kDefault : query.statuses, sim.status)) continue;
      if (listed == static_cast<std::size_t>(query.limit)) return last;
      ++listed;
      last = sim.id;
      if (!leaves_out || random()() % 4 != 0) page.sims.push_back(sim);
    }
    return std::nullopt;
  }

  World& world_;
  const ApiFaults& faults_;
  const Line& line_;
};

}  // namespace

std::unique_ptr<SimApi> make_simulated_api(World& world, const ApiFaults& faults, const Line& line) {
  return std::make_unique<SimulatedApi>(world, faults, line);
}

}  // namespace simsync::simulation
