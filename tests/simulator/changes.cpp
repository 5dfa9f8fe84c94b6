#include "tests/simulator/changes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "tests/simulator/generator.h"

namespace simsync::simulator {
namespace {

double* weight_named(ChangeMix& mix, std::string_view name) {
  if (name == "status") return &mix.status;
  if (name == "profile") return &mix.profile;
  if (name == "metadata") return &mix.metadata;
  if (name == "create") return &mix.create;
  if (name == "delete") return &mix.remove;
  return nullptr;
}

}  // namespace

ChangeMix parse_mix(std::string_view text) {
  ChangeMix mix{0, 0, 0, 0, 0};
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = part.find('=');
    double* weight = weight_named(mix, part.substr(0, equals));
    if (weight == nullptr || equals == std::string_view::npos)
      throw std::invalid_argument("mix: unknown part '" + std::string(part) + "'");
    const auto [end, error] = std::from_chars(part.data() + equals + 1, part.data() + part.size(), *weight);
    if (error != std::errc() || end != part.data() + part.size() || !(*weight >= 0) || *weight > 1e9)
      throw std::invalid_argument("mix: broken number in '" + std::string(part) + "'");
  }
  if (mix.status + mix.profile + mix.metadata + mix.create + mix.remove <= 0)
    throw std::invalid_argument("mix: every weight is zero");
  return mix;
}

template <typename Suits>
std::optional<Position> ChangeMaker::random_where(const Project& project, Suits suits) {
  if (project.living() == 0) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(project.end());
  for (int attempt = 0; attempt < 200; ++attempt) {
    const auto position = static_cast<Position>(random_.below(size));
    if (project.at(position).alive && suits(project.at(position))) return position;
  }
  // Rare in this world: look at all of it once, from a random place on.
  const std::uint64_t start = random_.below(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto position = static_cast<Position>((start + i) % size);
    if (project.at(position).alive && suits(project.at(position))) return position;
  }
  return std::nullopt;
}

std::optional<Position> ChangeMaker::random_living(const Project& project) {
  return random_where(project, [](const Sim&) { return true; });
}

bool ChangeMaker::change(Project& project, const ChangeMix& mix) {
  double draw = random_.unit() * (mix.status + mix.profile + mix.metadata + mix.create + mix.remove);
  if ((draw -= mix.status) < 0) return change_status(project);
  if ((draw -= mix.profile) < 0) return change_profile(project);
  if ((draw -= mix.metadata) < 0) return change_metadata(project);
  if ((draw -= mix.create) < 0) return create(project);
  const auto position = random_living(project);
  if (position) project.destroy(*position);
  return position.has_value();
}

bool ChangeMaker::change_status(Project& project) {
  // Retired is the end of a SIM's life; only a world of retired SIMs alone brings one back.
  auto position = random_where(project, [](const Sim& sim) { return sim.status != kRetired; });
  if (!position) position = random_living(project);
  if (!position) return false;
  const std::string_view other = project.at(*position).status == kActive ? "inactive" : "active";
  project.set_field(*position, Field::status,
                    random_.chance(0.1) && project.at(*position).status != kRetired ? "retired" : other);
  return true;
}

bool ChangeMaker::change_profile(Project& project) {
  static constexpr std::array<std::string_view, 4> kReported = {"deleted", "disabled", "enabled", "installed"};
  const Seconds now = now_seconds();
  const auto reports = [&](const Sim& sim) {
    return sim.type == kEsim && project.words().reports_profiles(sim.provider);
  };
  // A SIM's updatedAt rises with each transition, in whole seconds: best a SIM that had none in this one.
  auto position = random_where(project, [&](const Sim& sim) { return reports(sim) && sim.profile_updated_at < now; });
  if (!position) position = random_where(project, reports);
  if (!position) return false;
  const Sim& sim = project.at(*position);
  // A disable that cuts the device off is reported late (facts.md, eSIM profile).
  const bool late = random_.chance(0.15);
  const Seconds wanted = late ? now - std::chrono::seconds(60 + random_.below(840)) : now;
  const Seconds updated_at = std::max(wanted, sim.profile_updated_at + std::chrono::seconds(1));
  std::string_view status = kReported[random_.below(kReported.size())];
  if (late) status = "disabled";
  if (status == project.words().profile_statuses.plain(sim.profile_status))
    status = status == "enabled" ? "disabled" : "enabled";
  project.set_profile(*position, status, updated_at);
  return true;
}

bool ChangeMaker::change_metadata(Project& project) {
  const auto position = random_living(project);
  if (!position) return false;
  std::string metadata = random_.chance(0.2) ? "{}" : random_metadata(random_);
  if (project.at(*position).metadata() == metadata)
    metadata = R"({"edit":")" + std::to_string(random_.below(1'000'000'000)) + R"("})";
  project.set_field(*position, Field::metadata, metadata);
  return true;
}

bool ChangeMaker::create(Project& project) {
  const Seconds now = now_seconds();
  // Above every generated number, so that no ICCID comes twice.
  const std::uint64_t number = 100'000'000'000 + project.log().size();
  project.create(random_sim(random_, now, now, number));
  return true;
}

}  // namespace simsync::simulator
