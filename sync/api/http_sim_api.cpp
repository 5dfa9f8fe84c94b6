#include "sync/api/http_sim_api.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <random>

#include "config/load_config.h"
#include "config/log.h"
#include "sync/api/answer_judge.h"
#include "sync/api/connection_pool.h"
#include "sync/api/json_text.h"
#include "sync/api/paced_budget.h"
#include "sync/api/retry_policy.h"
#include "sync/stopping.h"

#ifndef SIMSYNC_VERSION
#define SIMSYNC_VERSION "0"
#endif

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kListLimit = 32U << 20U;
constexpr std::size_t kOneLimit = 4U << 20U;
// While the token is refused each call waits this long before it fails, so that a caller that ignores the error cannot
// spin.
constexpr milliseconds kRefusedWait{1000};

ConnectionSettings settings_for(const ApiConfig& api, const ProjectConfig& project) {
  ConnectionSettings settings;
  const auto address = parse_address(api.base_url);
  if (!address) throw ConfigError("api.base_url: write https://host or https://host:port");
  settings.address = *address;
  settings.proxy = proxy_for(*address, [](const char* name) { return std::getenv(name); });
  settings.ca_file = api.ca_file;
  settings.timeout = api.timeout;
  settings.headers = {{"Authorization", "Bearer " + std::string(project.token.reveal())},
                      {"Accept", "application/json"},
                      {"Accept-Encoding", "identity"},
                      {"User-Agent", "simsyncd/" SIMSYNC_VERSION}};
  return settings;
}

void append_parameter(std::string& path, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  path += path.find('?') == std::string::npos ? '?' : '&';
  path += name;
  path += '=';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) path += ',';
    path += percent_encoded(values[i]);
  }
}

void append_parameter(std::string& path, std::string_view name, const std::string& value) {
  if (!value.empty()) append_parameter(path, name, std::vector{value});
}

class HttpSimApi : public SimApi {
 public:
  HttpSimApi(const ApiConfig& api, const ProjectConfig& project, HttpSimApiOptions options)
      : token_(project.token),
        pool_(settings_for(api, project), api.connections),
        budget_(api.requests_per_second),
        options_(std::move(options)),
        names_{project.id, pool_.settings().address.url(), token_.reveal()},
        sims_("/projects/" + percent_encoded(project.id) + "/sims"),
        seed_(std::random_device{}()) {
    const std::string sims = "/projects/" + project.id + "/sims";
    const std::string_view no_sim = "the SIM does not exist";
    list_ = {ApiCall::list, "list", "GET " + sims, "the API does not know project or cursor; check projects.id"};
    get_ = {ApiCall::get, "get", "GET " + sims + "/{sim}", no_sim};
    profile_ = {ApiCall::profile, "profile", "GET " + sims + "/{sim}/eSimProfile",
                "the SIM has no eSIM profile or does not exist", Lane::polls};
    credentials_ = {ApiCall::credentials, "credentials", "GET " + sims + "/{sim}/credentials", no_sim};
    update_ = {ApiCall::update_metadata, "update_metadata", "PATCH " + sims + "/{sim}", no_sim};
    search_ = {ApiCall::search, "search", "POST " + sims + "/search",
               "the API does not know the project; check projects.id"};
  }

  SimPage list(const ListQuery& query, std::stop_token stop) override {
    SimPage page;
    read_list(query, std::move(stop), page, nullptr);
    return page;
  }

  void read_list(const ListQuery& query, std::stop_token stop, SimPage& page, KnownItems* known) override {
    HttpRequest request{"GET", sims_, {}, kListLimit};
    append_parameter(request.path, "provider", query.providers);
    append_parameter(request.path, "status", query.statuses);
    append_parameter(request.path, "type", query.type);
    append_parameter(request.path, "user", query.user);
    append_parameter(request.path, "after", query.after);
    append_parameter(request.path, "before", query.before);
    append_parameter(request.path, "limit", std::to_string(query.limit));
    page.exchange = call(list_, request, Repeat::harmless, stop, [&page, known](Connection& connection) {
      return connection.parser().read_page(connection.body(), page, known);
    });
  }

  SimAnswer get(const std::string& sim_id, std::stop_token stop) override {
    const HttpRequest request{"GET", sim_path(sim_id, get_), {}, kOneLimit};
    return sim_answer(get_, request, Repeat::harmless, sim_id, stop);
  }

  ProfileAnswer profile(const std::string& sim_id, std::stop_token stop) override {
    return profile_answer(sim_id, nullptr, stop);
  }

  WholeProfileAnswer whole_profile(const std::string& sim_id, std::stop_token stop) override {
    WholeProfileAnswer whole;
    whole.answer = profile_answer(sim_id, &whole.sim, stop);
    return whole;
  }

  SimCredentials credentials(const std::string& sim_id, std::stop_token stop) override {
    const HttpRequest request{"GET", sim_path(sim_id, credentials_) + "/credentials", {}, kOneLimit};
    SimCredentials answer;
    call(credentials_, request, Repeat::harmless, stop, [&](Connection& connection) {
      auto problem = connection.parser().read_credentials(connection.body(), answer);
      return problem ? problem : other_sim(sim_id, answer.sim_id);
    });
    return answer;
  }

  SimAnswer update_metadata(const std::string& sim_id, const std::string& metadata, std::stop_token stop) override {
    if (!metadata.starts_with('{') || json::check(metadata).verdict != json::Verdict::ok) {
      throw ApiError(ApiFailure::rejected, 0, update_.text + ": metadata is not a JSON object; nothing was sent");
    }
    const HttpRequest request{"PATCH", sim_path(sim_id, update_), "{\"metadata\":" + metadata + "}", kOneLimit};
    return sim_answer(update_, request, Repeat::never, sim_id, stop);
  }

  SimPage search(const std::string& iccid, const std::vector<std::string>& types, std::stop_token stop) override {
    HttpRequest request{"POST", sims_ + "/search", "{\"iccid\":", kListLimit};
    json::append_quoted(iccid, request.body);
    for (std::size_t i = 0; i < types.size(); ++i) {
      request.body += i == 0 ? ",\"type\":[" : ",";
      json::append_quoted(types[i], request.body);
    }
    request.body += types.empty() ? "}" : "]}";
    SimPage page;
    page.exchange = call(search_, request, Repeat::harmless, stop, [&page](Connection& connection) {
      return connection.parser().read_page(connection.body(), page);
    });
    return page;
  }

 private:
  // One attempt's end: an error, or none.
  struct Attempt {
    std::optional<ApiError> error;
    Clock::duration rate_wait{};  // waited for the operator's own rate and for other callers
    TimePoint asked_at{};
    TimePoint observed_at{};
  };

  // An id is one segment of the path, whatever it holds; `.` and `..` would be taken for steps even when encoded.
  std::string sim_path(const std::string& sim_id, const Endpoint& endpoint) const {
    if (sim_id.empty() || sim_id == "." || sim_id == ".." || sim_id.size() > kMaxFieldBytes) {
      throw ApiError(ApiFailure::rejected, 0, endpoint.text + ": this cannot be the id of a SIM; nothing was sent");
    }
    return sims_ + "/" + percent_encoded(sim_id);
  }

  static PageParser::Problem other_sim(const std::string& asked, const std::string& answered) {
    return asked == answered ? PageParser::Problem{} : "the answer is about another SIM";
  }

  ProfileAnswer profile_answer(const std::string& sim_id, std::optional<Sim>* sim, const std::stop_token& stop) {
    const HttpRequest request{"GET", sim_path(sim_id, profile_) + "/eSimProfile", {}, kOneLimit};
    ProfileAnswer answer;
    answer.exchange = call(profile_, request, Repeat::harmless, stop, [&](Connection& connection) {
      auto problem = connection.parser().read_profile(connection.body(), answer.profile, sim);
      return problem ? problem : other_sim(sim_id, answer.profile.sim_id);
    });
    return answer;
  }

  SimAnswer sim_answer(const Endpoint& endpoint, const HttpRequest& request, Repeat repeat, const std::string& sim_id,
                       const std::stop_token& stop) {
    SimAnswer answer;
    answer.exchange = call(endpoint, request, repeat, stop, [&](Connection& connection) {
      auto problem = connection.parser().read_sim(connection.body(), answer.sim, &answer.metadata_text);
      return problem ? problem : other_sim(sim_id, answer.sim.id);
    });
    return answer;
  }

  // Sends until there is an answer that `read` could read, or no retry is left.
  template <typename Read>
  Exchange call(const Endpoint& endpoint, const HttpRequest& request, Repeat repeat, const std::stop_token& stop,
                Read&& read) {
    RetryPolicy policy(options_.retry, seed_.fetch_add(1, std::memory_order_relaxed));
    Clock::time_point start = Clock::now();
    for (unsigned attempts = 1;; ++attempts) {
      // A pause that the API asked for is waited out by what may be sent later as well.
      const Clock::duration patience =
          repeat == Repeat::never ? Clock::duration::zero() : options_.retry.total - (Clock::now() - start);
      Attempt attempt = try_once(endpoint, request, repeat, stop, patience, attempts, read);
      if (!attempt.error) return {attempt.asked_at, attempt.observed_at, attempts};
      ApiError& error = *attempt.error;
      // The limit is for the API's trouble; a rate that is low by the operator's own wish leaves the retries as many.
      start += attempt.rate_wait;
      const auto elapsed = std::chrono::ceil<milliseconds>(Clock::now() - start);
      const FailedAttempt failed{error.failure(), error.http_status(), error.retry_after()};
      const auto wait = policy.wait_before_next(repeat, failed, attempts, elapsed);
      if (!wait) {
        error.set_attempts(attempts);
        throw error;
      }
      log::debug("request failed, trying again",
                 {{"project", names_.id}, {"endpoint", endpoint.name}, {"error", error.what()}, {"attempt", attempts}});
      sleep(*wait, stop, endpoint);
    }
  }

  template <typename Read>
  Attempt try_once(const Endpoint& endpoint, const HttpRequest& request, Repeat repeat, const std::stop_token& stop,
                   Clock::duration patience, unsigned attempts, Read& read) {
    const Clock::time_point came = Clock::now();
    // Connections are handed out in turn, so waiting for the budget with one in hand keeps a lane's callers in order.
    // Where polls hold all of them, waiting for the rate, one of these has to go and be answered before another call
    // gets its connection; only then does it find what the polls left of the rate.
    const auto lease = pool_.lease(endpoint.lane, stop);
    if (!lease) throw stopped(endpoint);
    Connection& connection = **lease;
    const Clock::time_point queued = Clock::now();
    const bool probe = take_turn(endpoint, came, patience, stop);
    Attempt attempt;
    const Clock::time_point sent = Clock::now();
    attempt.rate_wait = sent - came - budget_.paused_between(came, sent);
    attempt.asked_at = wall_clock();
    HttpOutcome outcome = connection.send(request, stop, repeat == Repeat::never);
    if (outcome.maybe_stale && repeat == Repeat::harmless) {
      // The server closed the idle connection while the request was on its way. That is nobody's error.
      attempt.asked_at = wall_clock();
      outcome = connection.send(request, stop, true);
    }
    attempt.observed_at = std::max(wall_clock(), attempt.asked_at);
    attempt.error = error_of(outcome, connection, endpoint, read);
    note(outcome, attempt.error, probe);
    if (options_.observer != nullptr) {
      options_.observer->ended({endpoint.call, outcome.status,
                                attempt.error ? std::optional(attempt.error->failure()) : std::nullopt,
                                Clock::now() - sent, sent - queued, attempts > 1});
    }
    return attempt;
  }

  template <typename Read>
  std::optional<ApiError> error_of(const HttpOutcome& outcome, Connection& connection, const Endpoint& endpoint,
                                   Read& read) {
    const bool answered = outcome.delivery == Transmission::answered;
    const bool good = answered && outcome.status >= 200 && outcome.status < 300;
    const std::string start = connection.body().substr(0, 64);
    std::optional<std::string> message;
    if (answered && !good) message = connection.parser().read_error(connection.body());
    std::optional<ApiError> error = judge(outcome, start, message, endpoint, names_);
    if (!error) {
      if (const auto problem = read(connection)) error = malformed_answer(outcome.status, *problem, endpoint);
    } else if (outcome.status == 429 || outcome.status == 503) {
      if (const auto wait = parse_retry_after(outcome.retry_after, wall_clock())) error->set_retry_after(*wait);
    }
    return error;
  }

  // What the whole project learns from one answer.
  void note(const HttpOutcome& outcome, const std::optional<ApiError>& error, bool probe) {
    if (outcome.delivery != Transmission::answered) return;
    const Clock::time_point now = Clock::now();
    if (error && error->failure() == ApiFailure::unauthorized) {
      if (probe || !token_refused_.exchange(true)) {
        log::info("token refused", {{"project", names_.id}, {"error", error->what()}});
      }
      budget_.token_refused(now, probe);
    } else if (!error) {
      if (token_refused_.load(std::memory_order_relaxed) && token_refused_.exchange(false)) {
        log::recovered("token accepted again", {{"project", names_.id}});
        budget_.token_accepted();
      }
    } else if (error->retry_after()) {
      budget_.pause(now, now + *error->retry_after());
      if (options_.observer != nullptr) options_.observer->paused(now, now + *error->retry_after());
    }
  }

  // Waits for the budget since `came`. True when this request is a probe of a token that was refused.
  bool take_turn(const Endpoint& endpoint, Clock::time_point came, Clock::duration patience,
                 const std::stop_token& stop) {
    using Kind = RequestBudget::Turn::Kind;
    const auto turn = budget_.take(endpoint.lane, stop, came, patience);
    if (stop.stop_requested()) throw stopped(endpoint);
    if (turn.kind == Kind::granted) return turn.probe;
    const auto again = std::chrono::ceil<milliseconds>(turn.again - Clock::now());
    if (turn.kind == Kind::refused) sleep(std::min(again, kRefusedWait), stop, endpoint);
    ApiError error = turn.kind == Kind::refused
                         ? ApiError(ApiFailure::unauthorized, 0,
                                    endpoint.text + ": not sent, the token of project " + names_.id +
                                        " was refused; check it (it is tried again now and then)")
                         : ApiError(ApiFailure::throttled, 0,
                                    endpoint.text + ": not sent, the API asked project " + names_.id + " to wait");
    error.set_retry_after(again);
    error.set_attempts(0);
    throw error;
  }

  static void sleep(milliseconds time, const std::stop_token& stop, const Endpoint& endpoint) {
    if (!sleep_for(time, stop)) throw stopped(endpoint);
  }

  static ApiError stopped(const Endpoint& endpoint) { return {ApiFailure::stopped, 0, endpoint.text + ": stopped"}; }

  const Secret token_;
  ConnectionPool pool_;
  PacedBudget budget_;
  const HttpSimApiOptions options_;
  const ProjectNames names_;
  const std::string sims_;  // the path of the list, encoded
  Endpoint list_, get_, profile_, credentials_, update_, search_;
  std::atomic<std::uint64_t> seed_;
  std::atomic<bool> token_refused_ = false;  // for the log only
};

}  // namespace

std::chrono::milliseconds longest_call(const ApiConfig& api) {
  // Whoever waits stands behind one caller a connection, of either lane.
  const double turn = api.requests_per_second > 0 ? 2 * api.connections / api.requests_per_second : 0;
  return RetryPolicy::Limits{}.total + RetryPolicy::Limits{}.longest + api.timeout + kRefusedWait +
         milliseconds{static_cast<milliseconds::rep>(std::min(turn, 1e9) * 1000)};
}

std::unique_ptr<SimApi> make_http_sim_api(const ApiConfig& api, const ProjectConfig& project,
                                          HttpSimApiOptions options) {
  // A write to a connection that the server has closed must be an error of that request, not the end of the program;
  // the HTTP library does not see to that on the client's side.
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
  return std::make_unique<HttpSimApi>(api, project, std::move(options));
}

}  // namespace simsync
