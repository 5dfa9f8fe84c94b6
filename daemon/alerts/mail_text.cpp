#include "daemon/alerts/mail_text.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "config/printable.h"
#include "daemon/alerts/base64.h"

namespace simsync {
namespace {

// An address or the like: what cannot stand in a header line is left out.
std::string header_value(std::string_view text) {
  std::string value;
  std::ranges::copy_if(text, std::back_inserter(value), [](char c) { return c >= ' ' && c < 127; });
  return value;
}

// As encoded words, which are ASCII and may be folded between any two of them.
std::string encoded(std::string_view text) {
  constexpr std::size_t kMostBytes = 42;  // 56 characters of base64; with its frame 68, and `Subject: ` before it
  std::string value;
  while (!text.empty()) {
    const std::string_view piece = beginning(text, kMostBytes);
    if (piece.empty()) break;
    value.append(value.empty() ? "" : "\r\n ").append("=?UTF-8?B?").append(to_base64(piece)).append("?=");
    text.remove_prefix(piece.size());
  }
  return value;
}

bool is_plain(std::string_view text) {
  return text.size() <= 60 && text.find("=?") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

std::string date_of(TimePoint time) {
  // Not strftime: names of days and months are English here whatever the locale is.
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string{kDays.at(static_cast<std::size_t>(parts.tm_wday))} + ", " + two(parts.tm_mday) + " " +
         kMonths.at(static_cast<std::size_t>(parts.tm_mon)) + " " + std::to_string(parts.tm_year + 1900) + " " +
         two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec) + " +0000";
}

std::string message_id(const MailParts& parts) {
  std::string id;
  std::ranges::copy_if(parts.id, std::back_inserter(id),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
  const std::string from = header_value(parts.from);
  const auto at = from.rfind('@');
  return "<" + id + "@" + (at == std::string::npos ? "simsyncd.invalid" : from.substr(at + 1)) + ">";
}

std::string recipients(const std::vector<std::string>& to) {
  std::string value;
  for (const std::string& address : to) value.append(value.empty() ? "" : ",\r\n ").append(header_value(address));
  return value;
}

// Base64, so that neither a long line nor a dot at its beginning means anything to a mail server.
std::string body_of(const std::string& text) {
  std::string canonical;
  for (const char c : text) canonical.append(c == '\n' ? "\r\n" : std::string(1, c));
  constexpr std::size_t kBytesOfLine = 57;
  std::string body;
  for (std::size_t i = 0; i < canonical.size(); i += kBytesOfLine) {
    body.append(to_base64(std::string_view{canonical}.substr(i, kBytesOfLine))).append("\r\n");
  }
  return body;
}

}  // namespace

std::string mail_of(const MailParts& parts) {
  return "Date: " + date_of(parts.date) + "\r\nFrom: " + header_value(parts.from) + "\r\nTo: " + recipients(parts.to) +
         "\r\nSubject: " + (is_plain(parts.subject) ? parts.subject : encoded(parts.subject)) +
         "\r\nMessage-ID: " + message_id(parts) +
         "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n" +
         body_of(parts.text);
}

}  // namespace simsync
