// Messages as JSON: the CloudEvent, and the reading of details.
#include <nlohmann/json.hpp>

#include "config/printable.h"
#include "daemon/alerts/json.h"
#include "daemon/alerts/message_details.h"
#include "daemon/alerts/message_text.h"

namespace simsync {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestValue = 1000;
constexpr std::size_t kLongestDetails = 16 * 1024;

// Programs read it, so control characters stay; JSON escapes them.
std::string bounded(const std::string& value) {
  return shortened(value, kLongestValue);
}

Json parsed_details(const std::string& text) {
  if (text.empty() || text.size() > kLongestDetails) return nullptr;
  Json details = Json::parse(text, nullptr, false);
  return details.is_object() ? details : Json(nullptr);
}

Json json_of(const AlertBreakdown& row) {
  return {{"provider", bounded(row.provider)},
          {"from", bounded(row.from)},
          {"to", bounded(row.to)},
          {"alerts", row.alerts}};
}

Json json_of(const AlertOfSim& alert) {
  return {{"alert_id", alert.alert_id},    {"sim_id", bounded(alert.sim_id)},
          {"iccid", bounded(alert.iccid)}, {"provider", bounded(alert.provider)},
          {"from", bounded(alert.from)},   {"to", bounded(alert.to)},
          {"count", alert.count},          {"raised_at", iso_time(alert.raised_at)}};
}

template <typename Rows>
Json json_array(const Rows& rows) {
  Json array = Json::array();
  for (const auto& row : rows) array.push_back(json_of(row));
  return array;
}

Json data_of(const AlertMessage& message) {
  return {{"project", message.project},
          {"rule", message.rule},
          {"severity", message.severity},
          {"event", message.event == AlertEvent::resolved ? "resolved" : "raised"},
          {"lasting", message.lasting},
          {"test", message.test},
          {"summary", subject_of(message)},
          {"first_raised_at", iso_time(message.first_raised_at)},
          {"last_raised_at", iso_time(message.last_raised_at)},
          {"resolved_at", message.resolved_at ? Json(iso_time(*message.resolved_at)) : Json(nullptr)},
          {"alerts", message.alerts},
          {"breakdown", json_array(message.breakdown)},
          {"first", json_array(message.first)},
          {"details", parsed_details(message.details)},
          {"query", query_of(message)}};
}

// A segment of a URI's path (RFC 3986).
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded.append({'%', kDigits[byte >> 4], kDigits[byte & 0xF]});
    }
  }
  return encoded;
}

}  // namespace

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> details_of(const AlertMessage& message) {
  constexpr std::size_t kMost = 20;
  const Json details = parsed_details(message.details);
  std::vector<std::pair<std::string, std::string>> members;
  if (!details.is_object()) return members;
  for (const auto& [key, value] : details.items()) {
    // Of several alerts, each is a member of its own.
    for (const Json& one : key == "alerts" && value.is_array() ? value : Json::array({value})) {
      if (members.size() == kMost) return members;
      members.emplace_back(key, one.is_string() ? one.get<std::string>() : json_text(one));
    }
  }
  return members;
}

std::string cloud_event(const AlertMessage& message) {
  return json_text({{"specversion", "1.0"},
                    {"id", message.id},
                    {"source", "/simsyncd/" + percent_encoded(message.project)},
                    {"type", message.type},
                    {"subject", message.rule},
                    {"time", iso_time(message.resolved_at.value_or(message.last_raised_at))},
                    {"datacontenttype", "application/json"},
                    {"data", data_of(message)}});
}

}  // namespace simsync
