#include "tests/simulator/api.h"

#include <nlohmann/json.hpp>

#include "tests/simulator/fault_effects.h"
#include "tests/simulator/list_query.h"
#include "tests/simulator/random.h"

namespace simsync::simulator {
namespace {

using Json = nlohmann::ordered_json;

void not_found(Answer& answer) {
  make_error(answer, 404, "notFound", "The requested resource does not exist");
}

void append_cursor(std::string& out, bool more, std::string_view id) {
  out += more ? "\"" + std::string(id) + "\"" : "null";
}

std::string_view bearer(const HttpRequest& request) {
  std::string_view value = request.header("authorization");
  if (value.size() < 8 || !equals_ignoring_case(value.substr(0, 7), "bearer ")) return {};
  return value.substr(7);
}

// The body as an object, or nothing after an error was written (facts.md, Errors: malformed is the syntax).
std::optional<Json> read_object(const HttpRequest& request, Answer& answer) {
  const std::string_view type = request.header("content-type");
  if (!type.empty() && !equals_ignoring_case(type.substr(0, type.find(';')), "application/json")) {
    make_error(answer, 400, "malformed", "The body must be application/json");
    return std::nullopt;
  }
  Json body = Json::parse(request.body.begin(), request.body.end(), nullptr, false);
  if (body.is_discarded()) {
    make_error(answer, 400, "malformed", "The body is not JSON");
    return std::nullopt;
  }
  if (body.is_object()) return body;
  make_error(answer, 400, "invalid", "The body must be an object");
  return std::nullopt;
}

bool knows_only(const Json& body, std::initializer_list<std::string_view> names, Answer& answer) {
  for (const auto& [name, value] : body.items()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    make_error(answer, 400, "invalid", "Unknown property '" + name + "'");
    return false;
  }
  return true;
}

// The types asked for; nothing after an error was written. "nullable array", default both (reference, Search).
std::optional<std::vector<std::string>> read_types(const Json& body, Answer& answer) {
  std::vector<std::string> types;
  const auto member = body.find("type");
  if (member == body.end() || member->is_null()) return {{"eSIM", "pSIM"}};
  bool good = member->is_array();
  if (good)
    for (const auto& one : *member) {
      good = good && one.is_string() && (one == "eSIM" || one == "pSIM");
      if (good) types.push_back(one.get<std::string>());
    }
  if (good) return types;
  make_error(answer, 400, "invalid", "'type' must be an array of eSIM and pSIM");
  return std::nullopt;
}

}  // namespace

void Api::answer(const HttpRequest& request, const Route& route, Answer& answer) {
  Faults::Chosen fault;
  if (faults_.any()) {
    const bool has_cursor = request.query.find("after=") != std::string_view::npos ||
                            request.query.find("before=") != std::string_view::npos;
    fault = faults_.choose({route.endpoint, route.project, has_cursor});
  }
  if (!fault) {
    Edit none;
    return evaluate(request, route, none, answer);
  }
  if (replaces_answer(fault->kind)) {
    Edit none;
    if (fault->applied) evaluate(request, route, none, answer);
    return replace_answer(*fault, answer);
  }
  Edit edit{fault.get(), false};
  evaluate(request, route, edit, answer);
  const bool by_content = edits_page(fault->kind) || fault->kind == FaultKind::half_list;
  if (by_content && !edit.done) faults_.give_back(fault);
  distort(*fault, answer);
}

Project* Api::authorize(const HttpRequest& request, const Route& route, Answer& answer) const {
  // Headers are judged first, then the path (facts.md, Errors). A token belongs to one project: with another's it is
  // a wrong one (facts.md, Addressing).
  const std::string_view token = bearer(request);
  Project* project = world_.find(route.project);
  bool known = false;
  if (project != nullptr) {
    const std::scoped_lock lock(project->mutex());
    known = !token.empty() && project->token() == token;
  } else {
    known = !token.empty() && world_.of_token(token) != nullptr;
  }
  if (!known) {
    answer.status = 401;
    answer.body = R"({"object":"error","message":"Invalid authorization token","type":"unauthenticated"})";
    return nullptr;
  }
  if (project == nullptr) not_found(answer);
  return project;
}

void Api::evaluate(const HttpRequest& request, const Route& route, Edit& edit, Answer& answer) {
  Project* project = authorize(request, route, answer);
  if (project == nullptr) return;
  if (route.endpoint == Endpoint::other) {
    if (route.allow.empty()) return not_found(answer);
    answer.headers.append("Allow: ").append(route.allow).append("\r\n");
    return make_error(answer, 405, "invalid", "The method is not allowed here");
  }
  // Only the list has query parameters; anything else is an unknown one (facts.md, Errors).
  if (route.endpoint != Endpoint::list && !request.query.empty())
    return make_error(answer, 400, "invalid", "Unknown query parameter");
  switch (route.endpoint) {
    case Endpoint::list:
      return list(request, *project, edit, answer);
    case Endpoint::search:
      return search(request, *project, edit, answer);
    case Endpoint::sim:
      return retrieve(route, *project, edit, answer);
    case Endpoint::update:
      return update(request, route, *project, answer);
    case Endpoint::profile:
      return profile(route, *project, edit, answer);
    default:
      return credentials(route, *project, answer);
  }
}

void Api::write_page(const ListPage& page, std::string_view own_after, Edit& edit, Answer& answer) {
  for (const Sim* sim : page.sims)
    if (sim->peculiar && sim->peculiar->error_status != 0) {
      const int status = sim->peculiar->error_status;
      return make_error(answer, status, error_type(status), "Ordered by a test for a SIM of this page");
    }
  const std::string_view first = page.sims.empty() ? std::string_view() : page.sims.front()->id_text();
  const std::string_view last = page.sims.empty() ? std::string_view() : page.sims.back()->id_text();
  PageDraft draft;
  const bool edited = edit.order != nullptr && edits_page(edit.order->kind);
  if (edited) {
    for (const Sim* sim : page.sims) draft.items.push_back(sim->shown());
    if (page.more_after) draft.more_after = last;
    if (page.more_before) draft.more_before = first;
    edit.done = edit_page(*edit.order, own_after, first, draft);
  }
  std::string& out = answer.body;
  out = R"({"object":"list","items":[)";
  const std::size_t start = out.size();
  const auto append_item = [&](const std::string& item) {
    if (out.size() > start) out += ',';
    out += item;
  };
  if (edited)
    for (const auto& item : draft.items) append_item(item);
  else
    for (const Sim* sim : page.sims) append_item(sim->shown());
  out += R"(],"moreItemsAfter":)";
  append_cursor(out, edited ? draft.more_after.has_value() : page.more_after,
                edited ? draft.more_after.value_or("") : std::string(last));
  out += R"(,"moreItemsBefore":)";
  append_cursor(out, edited ? draft.more_before.has_value() : page.more_before,
                edited ? draft.more_before.value_or("") : std::string(first));
  out += '}';
}

void Api::list(const HttpRequest& request, Project& project, Edit& edit, Answer& answer) {
  const std::scoped_lock lock(project.mutex());
  ListQuery query;
  std::string own_after;
  if (!read_list_query(request.query, project, world_.settings().gone_cursor_status, query, own_after, answer)) return;
  if (edit.order != nullptr && edit.order->kind == FaultKind::half_list) query.newest_half_only = edit.done = true;
  write_page(project.list(query), own_after, edit, answer);
}

void Api::search(const HttpRequest& request, Project& project, Edit& edit, Answer& answer) {
  const auto body = read_object(request, answer);
  if (!body || !knows_only(*body, {"iccid", "type"}, answer)) return;
  const auto iccid = body->find("iccid");
  if (iccid == body->end() || !iccid->is_string())
    return make_error(answer, 400, "invalid", "'iccid' is required and must be a string");
  if (!is_iccid(iccid->get_ref<const std::string&>()))
    return make_error(answer, 400, "invalid", "The ICCID has a bad format", "invalidIccid");
  const auto types = read_types(*body, answer);
  if (!types) return;
  const std::scoped_lock lock(project.mutex());
  ListPage page;
  for (const Position position : project.find_iccid(iccid->get_ref<const std::string&>())) {
    const Sim& sim = project.at(position);
    if (std::find(types->begin(), types->end(), project.words().types.plain(sim.type)) != types->end())
      page.sims.push_back(&sim);
  }
  write_page(page, {}, edit, answer);
}

void Api::retrieve(const Route& route, Project& project, Edit& edit, Answer& answer) {
  const std::scoped_lock lock(project.mutex());
  const auto position = project.find(route.sim);
  if (!position) return not_found(answer);
  answer.body = project.at(*position).shown();
  if (edit.order != nullptr) edit.done = edit_resource(*edit.order, answer.body);
}

void Api::update(const HttpRequest& request, const Route& route, Project& project, Answer& answer) {
  // Path before body (facts.md, Errors); the SIM may still go between the two looks.
  {
    const std::scoped_lock lock(project.mutex());
    if (!project.find(route.sim)) return not_found(answer);
  }
  const auto body = read_object(request, answer);
  if (!body || !knows_only(*body, {"metadata"}, answer)) return;
  const auto metadata = body->find("metadata");
  if (metadata != body->end() && !metadata->is_object())
    return make_error(answer, 400, "invalid", "'metadata' must be an object");
  const std::scoped_lock lock(project.mutex());
  const auto position = project.find(route.sim);
  if (!position) return not_found(answer);
  if (metadata != body->end()) {
    Json wanted = *metadata;
    // Whether a PATCH replaces or merges the map is not documented: a test chooses.
    if (world_.settings().patch_merges) {
      wanted = Json::parse(project.at(*position).metadata(), nullptr, false);
      if (wanted.is_discarded()) wanted = Json::object();
      wanted.merge_patch(*metadata);
    }
    project.set_field(*position, Field::metadata, wanted.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  answer.body = project.at(*position).json;
}

void Api::profile(const Route& route, Project& project, Edit& edit, Answer& answer) {
  const std::scoped_lock lock(project.mutex());
  const auto position = project.find(route.sim);
  // 404 for a pSIM and for a SIM that does not exist (reference, Retrieve an eSIM profile).
  if (!position || project.at(*position).type != kEsim) return not_found(answer);
  const Sim& sim = project.at(*position);
  std::string& out = answer.body;
  out.append(R"({"object":"eSimProfile","sim":)").append(sim.json).append(R"(,"status":)");
  out.append(project.words().profile_statuses.quoted(sim.profile_status)).append(R"(,"updatedAt":")");
  sim.append_updated_at(out);
  out += "\"}";
  if (edit.order != nullptr) edit.done = edit_resource(*edit.order, out);
}

void Api::credentials(const Route& route, Project& project, Answer& answer) {
  const std::scoped_lock lock(project.mutex());
  const auto position = project.find(route.sim);
  if (!position) return not_found(answer);
  const Sim& sim = project.at(*position);
  std::string& out = answer.body;
  out = R"({"object":"simCredentials","activationCode":)";
  if (sim.type == kEsim) {
    // Secrets of a SIM, made from its id so that they stay the same.
    Random random(stable_hash(sim.id_text()));
    out += R"("LPA:1$smdp.simulator.invalid$)";
    append_base62(out, random, 20);
    out += R"(","qrCodeUrl":"https://files.simulator.invalid/qrcode/)" + project.id() + "/";
    append_base62(out, random, 11);
    out += R"(.png")";
  } else {
    out += R"(null,"qrCodeUrl":null)";
  }
  out.append(R"(,"sim":")").append(sim.id_text()).append("\"}");
}

}  // namespace simsync::simulator
