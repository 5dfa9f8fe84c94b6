#include "tests/support/world.h"

#include <ctime>
#include <set>
#include <stdexcept>

namespace simsync::test {
namespace {

using Json = nlohmann::json;

TrueSim sim_of(const Json& line) {
  static const std::set<std::string> known = {"object",   "id",     "metadata", "createdAt", "iccid",
                                              "provider", "status", "type",     "profile"};
  TrueSim sim;
  for (const char* field : {"iccid", "provider", "status", "type"}) sim.fields[field] = line.at(field);
  sim.fields["metadata"] = line.at("metadata").dump();
  sim.fields["created_at"] = std::to_string(micros_of(line.at("createdAt")));
  Json extra = Json::object();
  for (const auto& [name, value] : line.items()) {
    if (!known.contains(name)) extra[name] = value;
  }
  sim.fields["extra"] = extra.dump();
  const Json& profile = line.at("profile");
  if (profile.is_object()) sim.profile = TrueProfile{profile.at("status"), micros_of(profile.at("updatedAt"))};
  return sim;
}

// The log spells extras as members that follow the known ones: `,"key":value`.
std::string value_of(const std::string& field, const std::string& logged) {
  if (field == "metadata") return canonical_json(logged);
  if (field == "extra") return canonical_json("{" + (logged.empty() ? logged : logged.substr(1)) + "}");
  return logged;
}

}  // namespace

Micros micros_of(const std::string& api_time) {
  std::tm parts{};
  const char* rest = strptime(api_time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) throw std::runtime_error("not a time: " + api_time);
  Micros micros = static_cast<Micros>(timegm(&parts)) * 1'000'000;
  if (*rest == '.') {
    Micros weight = 100'000;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, weight /= 10) micros += (*rest - '0') * weight;
  }
  if (std::string{rest} != "Z") throw std::runtime_error("not in UTC: " + api_time);
  return micros;
}

std::string canonical_json(const std::string& text) {
  return Json::parse(text).dump();
}

World::World(const Simulator& simulator, const std::string& project) : project_(project) {
  for (const Json& line : simulator.truth(project)) sims_[line.at("id")] = sim_of(line);
  for (const Json& line : simulator.log(project)) read_change(line);
}

void World::read_change(const Json& line) {
  const std::string sim = line.at("sim");
  const std::string what = line.at("what");
  const Micros at = line.at("at");
  if (what == "created") {
    created_[sim] = at;
  } else if (what == "deleted") {
    deleted_[sim] = at;
  } else {
    const std::string field = line.at("field");
    Step step{at, value_of(field, line.at("old")), value_of(field, line.at("new")), std::nullopt};
    if (line.contains("updatedAt")) step.updated_at = micros_of(line.at("updatedAt"));
    steps_[{sim, field}].push_back(std::move(step));
  }
}

// The only value there ever was.
Span World::present_span(const std::string& sim, const std::string& field) const {
  Span span;
  const auto found = sims_.find(sim);
  if (found == sims_.end()) {
    span.unknown = true;
  } else if (field == "profile") {
    const std::optional<TrueProfile>& profile = found->second.profile;
    span.unknown = !profile;
    if (profile) span.value = profile->status;
    if (profile) span.updated_at = profile->updated_at;
  } else {
    span.value = found->second.fields.at(field);
  }
  return span;
}

Timeline World::timeline(const std::string& sim, const std::string& field) const {
  Timeline line;
  const auto steps = steps_.find({sim, field});
  if (steps == steps_.end()) {
    line.push_back(present_span(sim, field));
  } else {
    line.emplace_back().value = steps->second.front().old_value;
    for (const Step& step : steps->second) {
      line.back().to = step.at;
      line.push_back({false, step.new_value, step.updated_at, step.at, kForever});
    }
  }
  if (field != "status") return line;
  if (const auto created = created_.find(sim); created != created_.end()) {
    line.front().from = created->second;
    line.insert(line.begin(), Span{false, std::nullopt, std::nullopt, kAlways, created->second});
  }
  if (const auto deleted = deleted_.find(sim); deleted != deleted_.end()) {
    line.back().to = deleted->second;
    line.push_back({false, std::nullopt, std::nullopt, deleted->second, kForever});
  } else if (!sims_.contains(sim)) {
    line = {Span{false, std::nullopt, std::nullopt, kAlways, kForever}};
  }
  return line;
}

}  // namespace simsync::test
