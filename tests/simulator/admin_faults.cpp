// How a fault is ordered and reported in JSON; README.md has the table.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/simulator/admin.h"

namespace simsync::simulator {
namespace {

// "sim" is one SIM's resource, read or changed.
std::optional<Endpoint> read_where(const std::string& where) {
  if (where == "any") return std::nullopt;
  const auto found = std::find(kEndpointNames.begin(), kEndpointNames.end(), where);
  if (found == kEndpointNames.end()) throw BadOrder("unknown where '" + where + "'");
  return static_cast<Endpoint>(found - kEndpointNames.begin());
}

void read_parameters(const nlohmann::json& body, FaultOrder& order) {
  order.status = body.value("status", order.kind == FaultKind::gone_cursor ? 400 : order.status);
  order.retry_after = body.value("retry_after", order.retry_after);
  order.location = body.value("location", order.location);
  order.level = body.value("level", order.level);
  order.seconds = body.value("seconds", order.seconds);
  order.interval_seconds = body.value("interval_seconds", order.interval_seconds);
  order.bytes_per_second = body.value("bytes_per_second", order.bytes_per_second);
  order.bytes = body.value("bytes", order.bytes);
  order.count = body.value("count", order.count);
  order.depth = body.value("depth", order.depth);
  order.applied = body.value("applied", order.applied);
  if (order.status < 200 || order.status > 599) throw BadOrder("status must be 200 … 599");
  if (!(order.probability >= 0 && order.probability <= 1)) throw BadOrder("probability must be 0 … 1");
  if (!(order.seconds >= 0 && order.seconds < 1e7) || !(order.interval_seconds >= 0 && order.interval_seconds < 1e7))
    throw BadOrder("a time must be 0 … 1e7 seconds");
  if (!(order.bytes_per_second > 0)) throw BadOrder("bytes_per_second must be above 0");
  if (order.count == 0 || order.depth > 10'000'000) throw BadOrder("count must be above 0, depth at most 10,000,000");
  if (order.retry_after.find_first_of("\r\n") != std::string::npos ||
      order.location.find_first_of("\r\n") != std::string::npos)
    throw BadOrder("a header holds no line ends");
}

}  // namespace

FaultOrder read_fault(const nlohmann::json& body, const World& world) {
  know_only(body, {"fault", "where", "project", "probability", "times", "skip", "status", "retry_after", "location",
                   "level", "seconds", "interval_seconds", "bytes_per_second", "bytes", "count", "depth", "applied"});
  FaultOrder order;
  const auto kind = fault_named(body.value("fault", ""));
  if (!kind) throw BadOrder("unknown fault '" + body.value("fault", "") + "'");
  order.kind = *kind;
  order.where = read_where(body.value("where", "any"));
  order.project = body.value("project", "");
  if (!order.project.empty() && world.find(order.project) == nullptr) throw BadOrder("unknown project");
  order.probability = body.value("probability", 1.0);
  if (body.contains("times")) order.times = body["times"].get<std::uint64_t>();
  order.skip = body.value("skip", std::uint64_t{0});
  read_parameters(body, order);
  return order;
}

std::string faults_to_json(const Faults& faults) {
  auto list = nlohmann::json::array();
  for (const auto& [order, matched, fired] : faults.counts()) {
    nlohmann::json line = {{"fault", fault_name(order->kind)},
                           {"where", order->where ? kEndpointNames[static_cast<std::size_t>(*order->where)] : "any"},
                           {"project", order->project},
                           {"probability", order->probability},
                           {"skip", order->skip},
                           {"matched", matched},
                           {"fired", fired}};
    line["times"] = order->times ? nlohmann::json(*order->times) : nlohmann::json();
    list.push_back(std::move(line));
  }
  return nlohmann::json({{"faults", std::move(list)}}).dump();
}

}  // namespace simsync::simulator
