#include "tests/simulator/admin.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/simulator/json_text.h"

namespace simsync::simulator {
namespace {

constexpr std::string_view kPrefix = "/_admin/";
constexpr std::string_view kNdjson = "application/x-ndjson";

void refuse(Answer& answer, int status, std::string_view why) {
  answer.clear();
  answer.status = status;
  answer.body = R"({"error":)" + json_quoted(why) + "}";
}

void done(Answer& answer) {
  answer.body = R"({"ok":true})";
}

// The number in "?name=N", or `otherwise`.
std::uint64_t number_in_query(const HttpRequest& request, std::string_view name, std::uint64_t otherwise) {
  const auto pairs = parse_query(request.query);
  if (!pairs) throw BadOrder("broken query");
  for (const auto& [its_name, value] : *pairs) {
    if (its_name != name) throw BadOrder("unknown query parameter '" + its_name + "'");
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), otherwise);
    if (error != std::errc() || end != value.data() + value.size()) throw BadOrder("not a number: " + value);
  }
  return otherwise;
}

}  // namespace

nlohmann::json read_order(const HttpRequest& request) {
  if (request.body.empty()) return nlohmann::json::object();
  auto body = nlohmann::json::parse(request.body.begin(), request.body.end(), nullptr, false);
  if (body.is_discarded() || !body.is_object()) throw BadOrder("the body is not a JSON object");
  return body;
}

void know_only(const nlohmann::json& body, const std::vector<std::string_view>& names) {
  for (const auto& [name, value] : body.items())
    if (std::find(names.begin(), names.end(), name) == names.end()) throw BadOrder("unknown member '" + name + "'");
}

ChangeMix read_mix(const nlohmann::json& mix) {
  if (mix.is_string()) return parse_mix(mix.get<std::string>());
  if (!mix.is_object()) throw BadOrder("mix must be an object or a text");
  std::string text;
  for (const auto& [name, weight] : mix.items()) text += (text.empty() ? "" : ",") + name + "=" + weight.dump();
  return parse_mix(text);
}

void Admin::answer(const HttpRequest& request, Answer& answer) {
  try {
    dispatch(request, answer);
  } catch (const BadOrder& order) {
    refuse(answer, 400, order.what());
  } catch (const std::invalid_argument& argument) {
    refuse(answer, 400, argument.what());
  } catch (const std::length_error& error) {
    refuse(answer, 400, error.what());
  } catch (const Json::exception& error) {  // a member of the wrong type
    refuse(answer, 400, error.what());
  }
}

void Admin::dispatch(const HttpRequest& request, Answer& answer) {
  const std::string_view call = request.path.substr(kPrefix.size());
  const bool is_get = request.method == "GET", is_post = request.method == "POST";
  if (call.starts_with("projects/")) {
    const std::string_view rest = call.substr(9);
    const auto slash = rest.find('/');
    Project* project = world_.find(percent_decode(rest.substr(0, slash)).value_or(""));
    if (project == nullptr || slash == std::string_view::npos) return refuse(answer, 404, "no such project");
    return dispatch_project(request, *project, rest.substr(slash + 1), answer);
  }
  if (call == "health" && is_get) return done(answer);
  if (call == "settings" && (is_get || is_post)) return settings(request, answer);
  if (call == "faults") return faults(request, answer);
  if (call == "stats" && is_get) {
    answer.body = stats_.to_json();
  } else if (call == "stats/reset" && is_post) {
    stats_.reset();
    done(answer);
  } else if (call == "requests" && is_get) {
    answer.content_type = kNdjson;
    answer.body = stats_.last_requests(number_in_query(request, "last", 1000));
  } else if ((call == "pause" || call == "resume") && is_post) {
    world_.settings().paused = call == "pause";
    // A change under way holds this mutex: once it was free, a paused world stands still.
    const std::scoped_lock settled(world_.chance_mutex());
    done(answer);
  } else {
    refuse(answer, 404, "no such admin call");
  }
}

void Admin::dispatch_project(const HttpRequest& request, Project& project, std::string_view call, Answer& answer) {
  if (request.method == "GET") {
    answer.content_type = kNdjson;
    if (call == "truth") return truth(project, answer);
    if (call == "log") return log(project, request, answer);
    if (call == "users") return users(project, answer);
  } else if (request.method == "POST") {
    const Json body = read_order(request);
    if (call == "change") return change(project, body, answer);
    if (call == "set") return set(project, body, answer);
    if (call == "create") return create(project, body, answer);
    if (call == "delete") return destroy(project, body, answer);
    if (call == "token") return token(project, body, answer);
  }
  refuse(answer, 404, "no such admin call");
}

void Admin::settings(const HttpRequest& request, Answer& answer) {
  Settings& settings = world_.settings();
  if (request.method == "POST") {
    const Json body = read_order(request);
    know_only(body, {"latency_ms", "changes_per_second", "mix", "patch_merges", "gone_cursor_status"});
    const int latency = body.value("latency_ms", settings.latency_ms.load());
    const double rate = body.value("changes_per_second", settings.changes_per_second.load());
    const int gone = body.value("gone_cursor_status", settings.gone_cursor_status.load());
    if (latency < 0 || !(rate >= 0 && rate <= 1e6)) throw BadOrder("negative or absurd setting");
    if (gone != 400 && gone != 404) throw BadOrder("gone_cursor_status is 400 or 404");
    const bool merges = body.value("patch_merges", settings.patch_merges.load());
    if (body.contains("mix")) world_.set_mix(read_mix(body["mix"]));
    settings.latency_ms = latency;
    settings.changes_per_second = rate;
    settings.gone_cursor_status = gone;
    settings.patch_merges = merges;
  }
  const ChangeMix mix = world_.mix();
  answer.body = Json({{"latency_ms", settings.latency_ms.load()},
                      {"changes_per_second", settings.changes_per_second.load()},
                      {"paused", settings.paused.load()},
                      {"patch_merges", settings.patch_merges.load()},
                      {"gone_cursor_status", settings.gone_cursor_status.load()},
                      {"mix",
                       {{"status", mix.status},
                        {"profile", mix.profile},
                        {"metadata", mix.metadata},
                        {"create", mix.create},
                        {"delete", mix.remove}}}})
                    .dump();
}

void Admin::faults(const HttpRequest& request, Answer& answer) {
  if (request.method == "POST") {
    faults_.add(read_fault(read_order(request), world_));
    done(answer);
  } else if (request.method == "DELETE") {
    faults_.clear();
    done(answer);
  } else {
    answer.body = faults_to_json(faults_);
  }
}

void Admin::log(Project& project, const HttpRequest& request, Answer& answer) {
  // Lines are only ever added: a reader may let go of the lock between pieces.
  const std::uint64_t after = number_in_query(request, "after", 0);
  answer.stream = [&project, next = after](std::string& out) mutable {
    const std::scoped_lock lock(project.mutex());
    const auto& lines = project.log();
    for (std::size_t piece = 0; piece < 2000 && next < lines.size(); ++piece) out.append(lines[next++]).append("\n");
    return next < lines.size();
  };
}

}  // namespace simsync::simulator
