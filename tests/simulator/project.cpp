#include "tests/simulator/project.h"

#include <algorithm>

#include "tests/simulator/json_text.h"
#include "tests/simulator/random.h"

namespace simsync::simulator {
namespace {

std::string_view without_filler(std::string_view iccid) {
  if (!iccid.empty() && (iccid.back() == 'F' || iccid.back() == 'f')) iccid.remove_suffix(1);
  return iccid;
}

}  // namespace

std::string_view field_name(Field field) {
  switch (field) {
    case Field::status:
      return "status";
    case Field::provider:
      return "provider";
    case Field::type:
      return "type";
    case Field::iccid:
      return "iccid";
    case Field::metadata:
      return "metadata";
  }
  return "?";
}

Project::Project(std::string id, std::string token, std::size_t expected_sims)
    : id_(std::move(id)), token_(std::move(token)), by_id_(expected_sims), by_iccid_(expected_sims) {
  // Room for births: growing the vector would hold everything twice for a moment.
  sims_.reserve(expected_sims + expected_sims / 16 + 1024);
}

std::optional<Position> Project::find(std::string_view sim_id) const {
  std::optional<Position> found;
  by_id_.visit(stable_hash(sim_id), [&](std::uint32_t position) {
    const Sim& sim = sims_[position];
    if (sim.alive && sim.id_text() == sim_id) found = position;
    return found.has_value();
  });
  return found;
}

std::vector<Position> Project::find_iccid(std::string_view iccid) const {
  const auto wanted = without_filler(iccid);
  std::vector<Position> found;
  by_iccid_.visit(stable_hash(wanted), [&](std::uint32_t position) {
    const Sim& sim = sims_[position];
    // An ICCID that was set twice left two entries: each SIM counts once.
    if (sim.alive && without_filler(sim.iccid()) == wanted &&
        std::find(found.begin(), found.end(), Position{position}) == found.end())
      found.push_back(position);
    return false;
  });
  std::sort(found.rbegin(), found.rend());
  return found;
}

std::optional<Position> Project::newest_below(std::uint64_t serial) const {
  auto above = std::lower_bound(sims_.begin(), sims_.end(), serial,
                                [](const Sim& sim, std::uint64_t wanted) { return sim.serial < wanted; });
  while (above != sims_.begin())
    if ((--above)->alive) return above - sims_.begin();
  return std::nullopt;
}

void Project::index(Position position) {
  const Sim& sim = at(position);
  by_id_.insert(stable_hash(sim.id_text()), static_cast<std::uint32_t>(position));
  by_iccid_.insert(stable_hash(without_filler(sim.iccid())), static_cast<std::uint32_t>(position));
}

Position Project::load(const SimDraft& draft) {
  Sim& sim = sims_.emplace_back();
  std::copy_n(draft.id.begin(), std::min(draft.id.size(), sim.id.size()), sim.id.begin());
  sim.serial = next_serial_++;
  sim.created_at = draft.created_at;
  sim.fraction = draft.fraction;
  sim.provider = words_.providers.intern(draft.provider);
  sim.status = words_.statuses.intern(draft.status);
  sim.type = words_.types.intern(draft.type);
  sim.profile_status = words_.profile_statuses.intern(draft.profile_status);
  sim.profile_updated_at = draft.profile_updated_at;
  sim.render(words_, draft.metadata, draft.iccid);
  if (!draft.user.empty()) users_[draft.user].push_back(sim.serial);
  ++living_;
  index(end() - 1);
  return end() - 1;
}

Position Project::create(SimDraft draft) {
  if (!sims_.empty()) draft.created_at = std::max(draft.created_at, sims_.back().created_at);
  const Position position = load(draft);
  record(at(position), "created", "", "", "");
  return position;
}

void Project::destroy(Position position) {
  Sim& sim = sims_[static_cast<std::size_t>(position)];
  sim.alive = false;
  record(sim, "deleted", "", "", "");
  // The place stays until the next clearing, with its id and creation time; the text would only cost memory.
  std::string().swap(sim.json);
  sim.metadata_length = 0;
  sim.iccid_length = 0;
  sim.peculiar.reset();
  --living_;
  if (sims_.size() > 4096 && living_ < sims_.size() / 2) drop_the_dead();
}

void Project::drop_the_dead() {
  // The newest stays even if dead: the next birth takes its creation time as the least it may have.
  const std::uint32_t newest = sims_.back().serial;
  std::erase_if(sims_, [newest](const Sim& sim) { return !sim.alive && sim.serial != newest; });
  by_id_ = PositionIndex(sims_.size());
  by_iccid_ = PositionIndex(sims_.size());
  for (Position position = 0; position < end(); ++position)
    if (at(position).alive) index(position);
}

std::string_view Project::value_of(const Sim& sim, Field field) const {
  switch (field) {
    case Field::status:
      return words_.statuses.plain(sim.status);
    case Field::provider:
      return words_.providers.plain(sim.provider);
    case Field::type:
      return words_.types.plain(sim.type);
    case Field::iccid:
      return sim.iccid();
    case Field::metadata:
      return sim.metadata();
  }
  return {};
}

void Project::assign(Position position, Field field, std::string_view value) {
  Sim& sim = sims_[static_cast<std::size_t>(position)];
  std::string metadata(sim.metadata());
  std::string iccid(sim.iccid());
  switch (field) {
    case Field::status:
      sim.status = words_.statuses.intern(value);
      break;
    case Field::provider:
      sim.provider = words_.providers.intern(value);
      break;
    case Field::type:
      sim.type = words_.types.intern(value);
      break;
    case Field::iccid:
      iccid = value;
      break;
    case Field::metadata:
      metadata = value;
      break;
  }
  sim.render(words_, metadata, iccid);
  if (field == Field::iccid) by_iccid_.insert(stable_hash(without_filler(iccid)), static_cast<std::uint32_t>(position));
}

void Project::set_field(Position position, Field field, std::string_view value) {
  const std::string old_value(value_of(at(position), field));
  if (old_value == value) return;
  assign(position, field, value);
  const Sim& sim = at(position);
  record(sim, "field", field_name(field), old_value, value);
  // A provider that reports no profiles says "unknown" of every SIM (reference, eSimProfile).
  if (field == Field::provider && !words_.reports_profiles(sim.provider))
    set_profile(position, "unknown", sim.profile_updated_at);
}

void Project::set_profile(Position position, std::string_view status, Seconds updated_at, std::string_view spelled) {
  Sim& sim = sims_[static_cast<std::size_t>(position)];
  const std::uint8_t index = words_.profile_statuses.intern(status);
  const std::string_view old_spelling = sim.peculiar ? std::string_view(sim.peculiar->updated_at_text) : "";
  if (index == sim.profile_status && updated_at == sim.profile_updated_at && spelled == old_spelling) return;
  const std::string old_status = words_.profile_statuses.plain(sim.profile_status);
  sim.profile_status = index;
  sim.profile_updated_at = updated_at;
  if (spelled != old_spelling) sim.make_peculiar().updated_at_text = spelled;
  record(sim, "profile", "profile", old_status, status, true);
}

void Project::set_extra(Position position, std::string_view members) {
  Sim& sim = sims_[static_cast<std::size_t>(position)];
  const std::string old_members = sim.make_peculiar().extra;
  if (old_members == members) return;
  sim.peculiar->extra = members;
  sim.render(words_, std::string(sim.metadata()), std::string(sim.iccid()));
  record(sim, "field", "extra", old_members, members);
}

void Project::record(const Sim& sim, std::string_view what, std::string_view field, std::string_view old_value,
                     std::string_view new_value, bool with_updated_at) {
  std::string line = R"({"seq":)" + std::to_string(log_.size() + 1) + R"(,"at":)" + std::to_string(now_unix_micros());
  line.append(R"(,"sim":")").append(sim.id_text()).append(R"(","what":")").append(what);
  line.append(R"(","field":")").append(field).append(R"(","old":)");
  append_quoted(line, old_value);
  line += R"(,"new":)";
  append_quoted(line, new_value);
  if (with_updated_at) {
    line += R"(,"updatedAt":")";
    sim.append_updated_at(line);
    line += '"';
  }
  line += '}';
  log_.push_back(std::move(line));
}

}  // namespace simsync::simulator
