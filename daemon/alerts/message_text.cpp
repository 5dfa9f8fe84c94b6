#include "daemon/alerts/message_text.h"

#include <algorithm>
#include <string_view>

#include "config/printable.h"
#include "daemon/alerts/message_details.h"
#include "storage/pg_text.h"

namespace simsync {
namespace {

constexpr std::size_t kLongestWord = 100;
constexpr std::size_t kLongestDetail = 300;

// A value as it may stand in a line.
std::string word(std::string_view value, std::size_t most = kLongestWord) {
  return printable(shortened(value, most));
}

std::string number_of(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string transition(const std::string& from, const std::string& to) {
  if (from.empty()) return word(to);
  return to.empty() ? word(from) : word(from) + " → " + word(to);
}

bool about_a_sim(const AlertMessage& message) {
  return std::ranges::any_of(message.first, [](const AlertOfSim& alert) { return !alert.sim_id.empty(); });
}

// What happened, without whom it concerns.
std::string state_of(const AlertMessage& message) {
  if (message.event == AlertEvent::resolved) return "resolved";
  return message.lasting ? "firing" : "";
}

std::string join(std::vector<std::string> parts, std::string_view separator) {
  std::erase(parts, "");
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : separator).append(part);
  return text;
}

std::string breakdown_lines(const AlertMessage& message) {
  std::string text;
  std::uint64_t listed = 0;
  for (const AlertBreakdown& row : message.breakdown) {
    const std::string what = join({word(row.provider), transition(row.from, row.to)}, "  ");
    if (!what.empty()) text += "  " + std::to_string(row.alerts) + "  " + what + "\n";
    listed += row.alerts;
  }
  if (listed < message.alerts) text += "  " + std::to_string(message.alerts - listed) + "  others\n";
  return text;
}

std::string sim_line(const AlertOfSim& alert) {
  const std::string times = alert.count > 1 ? number_of(alert.count, "time", "times") : "";
  const std::string iccid = alert.iccid.empty() ? "" : "ICCID " + word(alert.iccid);
  return "  " +
         join({iso_time(alert.raised_at), word(alert.sim_id), iccid, word(alert.provider),
               transition(alert.from, alert.to), times},
              "  ") +
         "\n";
}

std::string first_lines(const AlertMessage& message) {
  if (!about_a_sim(message)) return {};
  const bool all = message.first.size() >= message.alerts;
  std::string text = all ? "\nThe SIMs:\n" : "\nThe first " + std::to_string(message.first.size()) + ":\n";
  for (const AlertOfSim& alert : message.first) text += sim_line(alert);
  return text;
}

std::string detail_lines(const AlertMessage& message) {
  std::string text;
  for (const auto& [key, value] : details_of(message))
    text += "  " + word(key) + ": " + word(value, kLongestDetail) + "\n";
  return text;
}

void append_code_point(std::string& literal, char32_t code_point) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  literal += "\\U";
  for (int shift = 28; shift >= 0; shift -= 4) literal += kDigits[(code_point >> shift) & 0xF];
}

// An SQL string of printable characters. The plain form wherever it will do; else E'…', in which a backslash is one
// whatever standard_conforming_strings says.
std::string sql_literal(std::string_view value) {
  std::string literal;
  bool escaped = false;
  while (!value.empty()) {
    const Utf8Character character = first_character(value);
    const std::string_view bytes = value.substr(0, std::max<std::size_t>(character.length, 1));
    value.remove_prefix(bytes.size());
    if (!character.valid || character.code_point == 0) {
      literal += "\uFFFD";  // what the database holds in its place
    } else if (printable(bytes) != bytes) {
      append_code_point(literal, character.code_point);
      escaped = true;
    } else if (bytes == "'" || bytes == "\\") {
      literal.append(bytes).append(bytes);
      escaped = escaped || bytes == "\\";
    } else {
      literal += bytes;
    }
  }
  return (escaped ? "E'" : "'") + literal + "'";
}

}  // namespace

std::string iso_time(TimePoint time) {
  // PostgreSQL writes the same but for a blank in the middle and the zone as +00.
  std::string text = to_pg(time);
  text.replace(text.find(' '), 1, "T");
  return text.replace(text.rfind("+00"), 3, "Z");
}

std::string subject_of(const AlertMessage& message) {
  std::string what;
  if (!about_a_sim(message)) {
    what = message.alerts > 1 ? number_of(message.alerts, "alert", "alerts") : "";
  } else if (message.alerts == 1) {
    what = "SIM " + word(message.first.front().sim_id);
  } else {
    what = number_of(message.alerts, "alert", "alerts");
  }
  const bool one_kind = message.breakdown.size() == 1 && message.breakdown.front().alerts == message.alerts;
  const std::string kind = one_kind ? transition(message.breakdown.front().from, message.breakdown.front().to) : "";
  const std::string told = join({state_of(message), what, kind}, ", ");
  return (message.test ? "TEST " : "") + std::string{"["} + word(message.severity) + "] " + word(message.rule) +
         (told.empty() ? "" : ": ") + told + " (" + word(message.project) + ")";
}

std::string text_of(const AlertMessage& message) {
  std::string text = subject_of(message) + "\n\n";
  if (message.test) text += "This is a test, sent by 'simsyncd alerts test'. Nothing has happened.\n";
  text += "Rule " + word(message.rule) + " in project " + word(message.project) + ": " +
          join({number_of(message.alerts, "alert", "alerts"), state_of(message)}, ", ") + ".\n";
  text += message.first_raised_at == message.last_raised_at
              ? "Raised at " + iso_time(message.first_raised_at) + ".\n"
              : "Raised from " + iso_time(message.first_raised_at) + " to " + iso_time(message.last_raised_at) + ".\n";
  if (message.resolved_at) text += "Resolved at " + iso_time(*message.resolved_at) + ".\n";
  if (message.alerts > 1) text += breakdown_lines(message);
  text += detail_lines(message);
  text += first_lines(message);
  return text + "\nAll of them:\n  " + query_of(message) + "\n\nMessage " + word(message.id) + "\n";
}

std::string query_of(const AlertMessage& message) {
  const std::string ended =
      message.resolved_at ? " AND state = 'resolved' AND resolved_at <= '" + to_pg(*message.resolved_at) + "'" : "";
  return "SELECT * FROM simsync.alert WHERE project = " + sql_literal(message.project) +
         " AND rule = " + sql_literal(message.rule) + " AND raised_at BETWEEN '" + to_pg(message.first_raised_at) +
         "' AND '" + to_pg(message.last_raised_at) + "'" + ended + " ORDER BY alert_id;";
}

}  // namespace simsync
