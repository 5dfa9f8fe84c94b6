// The admin calls that look at one project's SIMs or change them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/simulator/admin.h"
#include "tests/simulator/generator.h"
#include "tests/simulator/json_text.h"

namespace simsync::simulator {
namespace {

using Json = nlohmann::json;

const std::vector<std::string_view> kSimMembers = {"status",  "metadata", "provider", "type",        "iccid",
                                                   "profile", "extra",    "raw",      "error_status"};

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As an admin call sends it: an order that fails half-way would leave the world in between, so all is judged first.
struct SimOrder {
  std::vector<std::pair<Field, std::string>> fields;
  std::optional<std::string> profile_status;
  std::string profile_updated_at;
  std::optional<std::string> extra;
  std::optional<std::string> raw;
  std::optional<int> error_status;
};

std::string read_plain(const Json& value, std::string_view name) {
  std::string text = value.get<std::string>();
  const bool plain =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; });
  if (!plain || text.size() > 1000) throw BadOrder(std::string(name) + " must be a plain, short text");
  return text;
}

void read_profile(const Json& profile, SimOrder& order) {
  know_only(profile, {"status", "updatedAt"});
  order.profile_status = read_plain(profile.at("status"), "profile.status");
  order.profile_updated_at = read_plain(profile.value("updatedAt", Json("")), "profile.updatedAt");
  if (!order.profile_updated_at.empty() && !parse_utc(order.profile_updated_at))
    throw BadOrder("profile.updatedAt is no time such as 2024-03-13T15:36:01Z");
}

std::string read_extra(const Json& extra) {
  if (!extra.is_object()) throw BadOrder("extra must be an object");
  std::string members;
  for (const auto& [name, value] : extra.items()) members += "," + json_quoted(name) + ":" + text_of(value);
  return members;
}

SimOrder read_sim_order(const Json& body) {
  SimOrder order;
  if (body.contains("metadata") && !body["metadata"].is_object()) throw BadOrder("metadata must be an object");
  for (const Field field : {Field::status, Field::type, Field::provider, Field::iccid}) {
    const auto member = body.find(field_name(field));
    if (member != body.end()) order.fields.emplace_back(field, read_plain(*member, field_name(field)));
  }
  if (body.contains("metadata")) order.fields.emplace_back(Field::metadata, text_of(body["metadata"]));
  if (body.contains("profile")) read_profile(body["profile"], order);
  if (body.contains("extra")) order.extra = read_extra(body["extra"]);
  if (body.contains("raw")) order.raw = body["raw"].is_null() ? "" : body["raw"].get<std::string>();
  if (body.contains("error_status"))
    order.error_status = body["error_status"].is_null() ? 0 : body["error_status"].get<int>();
  return order;
}

void carry_out(const SimOrder& order, Project& project, Position position) {
  for (const auto& [field, value] : order.fields) project.set_field(position, field, value);
  if (order.profile_status) {
    const Seconds now = now_seconds();
    const auto& spelled = order.profile_updated_at;
    const Seconds at = spelled.empty() ? now : parse_utc(spelled).value_or(now);
    project.set_profile(position, *order.profile_status, at, spelled == utc_text(at) ? "" : spelled);
  }
  if (order.extra) project.set_extra(position, *order.extra);
  if (order.raw) project.peculiar(position).raw = *order.raw;
  if (order.error_status) project.peculiar(position).error_status = *order.error_status;
}

void append_truth(const Project& project, const Sim& sim, std::string& out) {
  out.append(sim.json, 0, sim.json.size() - 1);
  out += R"(,"profile":)";
  if (sim.type == kEsim) {
    out.append(R"({"status":)").append(project.words().profile_statuses.quoted(sim.profile_status));
    out += R"(,"updatedAt":")";
    sim.append_updated_at(out);
    out += "\"}}\n";
  } else {
    out += "null}\n";
  }
}

}  // namespace

void Admin::truth(Project& project, Answer& answer) {
  // Piece by piece, so that a million SIMs neither fill the memory nor hold up the others; the reader goes on by the
  // serial number. What changes meanwhile is seen or not: whoever needs one moment pauses the world first.
  std::uint64_t newest = 0;
  {
    const std::scoped_lock lock(project.mutex());
    newest = project.end() > 0 ? std::uint64_t{project.at(project.end() - 1).serial} + 1 : 0;
    answer.headers = "X-Log-Seq: " + std::to_string(project.log().size()) + "\r\n";
  }
  answer.stream = [&project, serial = newest](std::string& out) mutable {
    const std::scoped_lock lock(project.mutex());
    auto position = project.newest_below(serial);
    if (!position) return false;
    Position at = *position;
    for (int piece = 0; piece < 500 && at >= 0; --at) {
      serial = project.at(at).serial;
      if (!project.at(at).alive) continue;
      append_truth(project, project.at(at), out);
      ++piece;
    }
    return at >= 0;
  };
}

void Admin::users(Project& project, Answer& answer) {
  const std::scoped_lock lock(project.mutex());
  std::vector<std::pair<std::string, std::size_t>> users;
  for (const auto& [user, serials] : project.users()) users.emplace_back(user, serials.size());
  std::sort(users.begin(), users.end());
  for (const auto& [user, sims] : users) {
    answer.body += R"({"user":)" + json_quoted(user) + R"(,"sims":[)";
    bool first = true;
    for (const auto serial : project.users().at(user)) {
      const auto position = project.newest_below(std::uint64_t{serial} + 1);
      if (!position || project.at(*position).serial != serial) continue;
      answer.body += std::exchange(first, false) ? "\"" : ",\"";
      answer.body.append(project.at(*position).id_text()).append("\"");
    }
    answer.body += "]}\n";
  }
}

void Admin::change(Project& project, const Json& body, Answer& answer) {
  know_only(body, {"count", "mix"});
  const auto count = body.value("count", std::size_t{1});
  if (count > 10'000'000) throw BadOrder("count is absurd");
  ChangeMix mix;
  if (body.contains("mix")) mix = read_mix(body["mix"]);
  const auto [first, last] = world_.change(project, count, body.contains("mix") ? &mix : nullptr);
  const std::scoped_lock lock(project.mutex());
  for (std::size_t seq = first; seq < last; ++seq) answer.body.append(project.log()[seq - 1]).append("\n");
  answer.content_type = "application/x-ndjson";
}

void Admin::set(Project& project, const Json& body, Answer& answer) {
  auto names = kSimMembers;
  names.push_back("sim");
  know_only(body, names);
  const SimOrder order = read_sim_order(body);
  const std::string sim = body.at("sim").get<std::string>();
  const std::scoped_lock lock(project.mutex());
  const auto position = project.find(sim);
  if (!position) throw BadOrder("no such sim");
  const std::size_t before = project.log().size();
  carry_out(order, project, *position);
  for (std::size_t i = before; i < project.log().size(); ++i) answer.body.append(project.log()[i]).append("\n");
  answer.content_type = "application/x-ndjson";
}

void Admin::create(Project& project, const Json& body, Answer& answer) {
  auto names = kSimMembers;
  names.push_back("count");
  know_only(body, names);
  const SimOrder order = read_sim_order(body);
  const auto count = body.value("count", std::size_t{1});
  if (count > 10'000'000) throw BadOrder("count is absurd");
  const std::scoped_lock lock(world_.chance_mutex(), project.mutex());
  answer.body = R"({"ids":[)";
  const Seconds now = now_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    // A number space of its own: neither the generated ones nor those of the world's own births.
    const std::uint64_t number = 200'000'000'000 + project.log().size();
    const Position position = project.create(random_sim(world_.changes().random(), now, now, number));
    carry_out(order, project, position);
    answer.body += i == 0 ? "\"" : ",\"";
    answer.body.append(project.at(position).id_text()).append("\"");
  }
  answer.body += "]}";
}

void Admin::destroy(Project& project, const Json& body, Answer& answer) {
  know_only(body, {"sims", "count", "share"});
  if (body.size() != 1) throw BadOrder("one of sims, count, share");
  const std::scoped_lock lock(world_.chance_mutex(), project.mutex());
  std::vector<std::string> ids;
  if (body.contains("sims")) {
    ids = body["sims"].get<std::vector<std::string>>();
    for (const auto& id : ids)
      if (!project.find(id)) throw BadOrder("no such sim: " + id);
  }
  const double share = body.value("share", 0.0);
  if (!(share >= 0 && share <= 1)) throw BadOrder("share must be 0 … 1");
  const auto living = static_cast<double>(project.living());
  std::size_t count =
      body.contains("share") ? static_cast<std::size_t>(share * living) : body.value("count", std::size_t{0});
  count = std::min(count, project.living());
  answer.body = R"({"ids":[)";
  const auto destroy_at = [&](Position position) {
    answer.body += answer.body.back() == '[' ? "\"" : ",\"";
    answer.body.append(project.at(position).id_text()).append("\"");
    project.destroy(position);
  };
  for (const auto& id : ids)
    if (const auto position = project.find(id)) destroy_at(*position);
  for (std::size_t i = 0; i < count; ++i)
    if (const auto position = world_.changes().random_living(project)) destroy_at(*position);
  answer.body += "]}";
}

void Admin::token(Project& project, const Json& body, Answer& answer) {
  know_only(body, {"token"});
  const std::string token = body.at("token").get<std::string>();
  if (token.empty()) throw BadOrder("token must not be empty");
  const std::scoped_lock lock(project.mutex());
  project.set_token(token);
  answer.body = R"({"ok":true})";
}

}  // namespace simsync::simulator
