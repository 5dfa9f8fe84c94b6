#include "config/log_line.h"

#include <cstddef>

#include "config/printable.h"

namespace simsync::log {
namespace {

// journald cuts what comes from stderr into lines of 48 KiB; a line longer than that could forge the next one.
// A value is at most kLongestValue bytes, six times that once escaped, and no field begins after kLongestLine.
constexpr std::size_t kLongestValue = 2048;
constexpr std::size_t kLongestLine = std::size_t{24} * 1024;
constexpr std::size_t kLongestName = 64;  // of a journal's field

// Keys come from the code; a slip there must not break the line either.
void append_key(std::string& out, std::string_view key) {
  for (const char c : key) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    out += plain ? c : '_';
  }
}

// The journal takes nothing but capitals, digits and underscores.
std::string journal_name(std::string_view key) {
  std::string name = "SIMSYNC_";
  for (const char c : key.substr(0, kLongestName - name.size())) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
  }
  return name;
}

void append_string(std::string& out, std::string_view value, Escaping escaping) {
  out += '"';
  append_escaped(out, beginning(value, kLongestValue), escaping);
  out += value.size() > kLongestValue ? "…\"" : "\"";
}

// Without quotes around it, and as it is where it may be.
std::string journal_value(std::string_view value) {
  if (value.size() <= kLongestValue && !needs_escaping(value)) return std::string{value};
  std::string out;
  append_escaped(out, beginning(value, kLongestValue), Escaping::text);
  if (value.size() > kLongestValue) out += "…";
  return out;
}

}  // namespace

std::string text_line(std::string_view event, std::span<const Field> fields) {
  std::string line;
  append_escaped(line, beginning(event, kLongestValue), Escaping::text);
  for (const Field& field : fields) {
    if (line.size() > kLongestLine) return line += " cut=true";
    line += ' ';
    append_key(line, field.key);
    line += '=';
    const std::string& value = field.value;
    const bool plain = !value.empty() && value.size() <= kLongestValue &&
                       value.find_first_of(" =") == std::string::npos && !needs_escaping(value);
    if (plain) {
      line += value;
    } else {
      append_string(line, value, Escaping::text);
    }
  }
  return line;
}

std::string json_members(std::string_view event, std::span<const Field> fields) {
  std::string line = R"("event":)";
  append_string(line, event, Escaping::json);
  for (const Field& field : fields) {
    if (line.size() > kLongestLine) return line += R"(,"cut":true)";
    line += ",\"";
    append_key(line, field.key);
    // A second member of that name would hide the true one from some readers.
    if (field.key == "time" || field.key == "level" || field.key == "event") line += '_';
    line += "\":";
    if (field.bare) {
      line += field.value;
    } else {
      append_string(line, field.value, Escaping::json);
    }
  }
  return line;
}

std::vector<std::string> journal_fields(std::string_view event, std::span<const Field> fields) {
  std::vector<std::string> entry = {"MESSAGE=" + text_line(event, fields), "SIMSYNC_EVENT=" + journal_value(event)};
  std::size_t size = 0;
  for (const Field& field : fields) {
    entry.push_back(journal_name(field.key) + '=' + journal_value(field.value));
    size += entry.back().size();
    if (size > kLongestLine) break;
  }
  return entry;
}

std::string packed(const std::vector<std::string>& journal_fields) {
  std::string text;
  for (const std::string& field : journal_fields) text.append(field).push_back('\0');
  return text;
}

std::vector<std::string_view> unpacked(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
    fields.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return fields;
}

}  // namespace simsync::log
