#include "tests/support/alert_scene.h"

#include <set>

namespace simsync::test {
namespace {

std::string with_address(std::string yaml, const std::string& address) {
  constexpr std::string_view kPlace = "HOOK";
  for (auto at = yaml.find(kPlace); at != std::string::npos; at = yaml.find(kPlace, at + address.size())) {
    yaml.replace(at, kPlace.size(), address);
  }
  return yaml;
}

SimulatorOptions options_of(unsigned sims) {
  SimulatorOptions options;
  options.projects.front().sims = sims;
  return options;
}

bool is_polled(const nlohmann::json& sim) {
  static const std::set<std::string> kProviders = {"p3", "p14", "p15"};
  return !sim.at("profile").is_null() && kProviders.contains(sim.at("provider").get<std::string>());
}

}  // namespace

AlertScene::AlertScene(unsigned sims, const std::string& channels, const std::string& rules, const std::string& more)
    : scene(options_of(sims), [&](Settings& settings) {
        settings = busy(settings);
        settings.more =
            with_address("alerts:\n" + more + "  channels:\n" + channels + "  rules:\n" + rules, receiver.url(""));
      }) {
  scene.daemon.set_environment("SIGNING_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
}

std::vector<std::string> AlertScene::with_profile(const std::string& status) const {
  std::vector<std::string> ids;
  for (const auto& sim : scene.simulator.truth()) {
    if (is_polled(sim) && sim.at("status") != "retired" && sim.at("profile").at("status") == status) {
      ids.push_back(sim.at("id"));
    }
  }
  return ids;
}

void AlertScene::set_profile(const std::string& sim, const std::string& status) const {
  scene.simulator.set(sim, {{"profile", {{"status", status}}}});
}

std::uint64_t AlertScene::alerts_told(const std::string& path) const {
  std::set<std::string> ids;
  std::uint64_t alerts = 0;
  for (const ReceivedHook& hook : receiver.received(path)) {
    const auto data = hook.event().at("data");
    if (hook.answer != 204 || data.at("event") != "raised" || !ids.insert(hook.id).second) continue;
    alerts += data.at("alerts").get<std::uint64_t>();
  }
  return alerts;
}

}  // namespace simsync::test
