#include "tests/simulator/stats.h"

#include <algorithm>
#include <utility>

#include "tests/simulator/json_text.h"
#include "tests/simulator/timestamps.h"

namespace simsync::simulator {

std::uint64_t Stats::arrived(const HttpRequest& request, Endpoint endpoint) {
  const std::int64_t now = now_unix_micros();
  const std::scoped_lock lock(mutex_);
  ++requests_[static_cast<std::size_t>(endpoint)];
  most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
  // The slot is reused with its strings' memory: this runs for every request.
  Seen& seen = last_[++number_ % kKept];
  seen.at = now;
  seen.number = number_;
  seen.status = -1;
  seen.endpoint = endpoint;
  seen.authorized = false;
  seen.method = request.method;
  seen.target = request.target;
  seen.headers.clear();
  seen.body = request.body.substr(0, 4096);
  for (std::size_t i = 0; i < request.header_count; ++i) {
    const auto& [name, value] = request.headers[i];
    if (equals_ignoring_case(name, "authorization")) {
      seen.authorized = true;
      continue;
    }
    seen.headers.append(name).append(1, '\0').append(value).append(1, '\0');
  }
  return number_;
}

void Stats::answered(std::uint64_t number, Endpoint endpoint, int status) {
  const std::scoped_lock lock(mutex_);
  if (in_flight_ > 0) --in_flight_;
  Seen& seen = last_[number % kKept];
  if (seen.number == number) seen.status = status;
  if (number > cleared_at_) ++by_status_[static_cast<std::size_t>(endpoint)][status];
}

void Stats::connected() {
  const std::scoped_lock lock(mutex_);
  ++connections_;
  most_open_ = std::max(most_open_, ++open_);
}

void Stats::disconnected() {
  const std::scoped_lock lock(mutex_);
  --open_;
}

void Stats::reset() {
  const std::scoped_lock lock(mutex_);
  requests_.fill(0);
  for (auto& statuses : by_status_) statuses.clear();
  cleared_at_ = number_;
  connections_ = 0;
  most_open_ = open_;
  most_in_flight_ = in_flight_;
}

std::string Stats::to_json() const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t all = 0;
  std::string out = R"({"endpoints":{)";
  for (std::size_t i = 0; i < kEndpointCount; ++i) {
    all += requests_[i];
    if (i > 0) out += ',';
    append_quoted(out, kEndpointNames[i]);
    out += R"(:{"requests":)" + std::to_string(requests_[i]) + R"(,"answers":{)";
    bool first = true;
    for (const auto& [status, count] : by_status_[i]) {
      if (!std::exchange(first, false)) out += ',';
      append_quoted(out, status == 0 ? std::string("none") : std::to_string(status));
      out.append(":").append(std::to_string(count));
    }
    out += "}}";
  }
  out += R"(},"requests":)" + std::to_string(all) + R"(,"connections_accepted":)" + std::to_string(connections_);
  out +=
      R"(,"connections_open":)" + std::to_string(open_) + R"(,"most_connections_open":)" + std::to_string(most_open_);
  out += R"(,"in_flight":)" + std::to_string(in_flight_) + R"(,"most_in_flight":)" + std::to_string(most_in_flight_);
  return out + '}';
}

std::string Stats::last_requests(std::size_t count) const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  const std::uint64_t known = std::min<std::uint64_t>({number_ - cleared_at_, kKept, count});
  for (std::uint64_t number = number_ - known + 1; number <= number_; ++number) {
    const Seen& seen = last_[number % kKept];
    out += R"({"number":)" + std::to_string(number) + R"(,"at":)" + std::to_string(seen.at) + R"(,"endpoint":)";
    append_quoted(out, kEndpointNames[static_cast<std::size_t>(seen.endpoint)]);
    out += R"(,"method":)" + json_quoted(seen.method) + R"(,"target":)" + json_quoted(seen.target);
    out += R"(,"status":)" + (seen.status < 0 ? "null" : std::to_string(seen.status));
    out += std::string(R"(,"authorization":)") + (seen.authorized ? "true" : "false") + R"(,"headers":{)";
    for (std::size_t at = 0; at < seen.headers.size();) {
      const std::string_view name = seen.headers.data() + at;
      const std::string_view value = name.data() + name.size() + 1;
      if (at > 0) out += ',';
      append_quoted(out, name);
      out += ':';
      append_quoted(out, value);
      at += name.size() + value.size() + 2;
    }
    out += R"(},"body":)" + json_quoted(seen.body) + "}\n";
  }
  return out;
}

}  // namespace simsync::simulator
