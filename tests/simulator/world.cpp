#include "tests/simulator/world.h"

#include <stdexcept>

#include "tests/simulator/generator.h"

namespace simsync::simulator {

World::World(const std::vector<ProjectOrder>& orders, std::uint64_t seed, ChangeMix mix)
    : changes_(seed ^ stable_hash("changes")), mix_(mix) {
  for (const auto& order : orders) {
    if (find(order.id) != nullptr) throw std::invalid_argument("project '" + order.id + "' is given twice");
    projects_.push_back(generate_project(order.id, order.token, order.sims, seed));
    weight_of_.push_back(order.sims + 1);
    weights_ += order.sims + 1;
  }
}

Project* World::find(std::string_view project_id) const {
  for (const auto& project : projects_)
    if (project->id() == project_id) return project.get();
  return nullptr;
}

Project* World::of_token(std::string_view token) const {
  for (const auto& project : projects_) {
    const std::scoped_lock lock(project->mutex());
    if (project->token() == token) return project.get();
  }
  return nullptr;
}

std::pair<std::size_t, std::size_t> World::change(Project& project, std::size_t count, const ChangeMix* mix) {
  const std::scoped_lock lock(chance_mutex_, project.mutex());
  const std::size_t first = project.log().size();
  // A draw can be impossible (no reporting eSIM): try others, but not for ever.
  for (std::size_t attempt = 0; project.log().size() < first + count && attempt < count * 20 + 100; ++attempt)
    changes_.change(project, mix != nullptr ? *mix : mix_);
  return {first + 1, project.log().size() + 1};
}

void World::live(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::scoped_lock chance(chance_mutex_);
    if (projects_.empty()) return;
    std::uint64_t draw = changes_.random().below(weights_);
    std::size_t chosen = 0;
    while (draw >= weight_of_[chosen]) draw -= weight_of_[chosen++];
    const std::scoped_lock lock(projects_[chosen]->mutex());
    changes_.change(*projects_[chosen], mix_);
  }
}

ChangeMix World::mix() const {
  const std::scoped_lock lock(chance_mutex_);
  return mix_;
}

void World::set_mix(const ChangeMix& mix) {
  const std::scoped_lock lock(chance_mutex_);
  mix_ = mix;
}

}  // namespace simsync::simulator
