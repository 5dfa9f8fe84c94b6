#include "tests/simulator/list_query.h"

#include <algorithm>
#include <charconv>

#include "tests/simulator/http_request.h"

namespace simsync::simulator {
namespace {

bool is_base62(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

bool has_id_format(std::string_view text, std::string_view prefix) {
  return text.size() == kIdLength && text.starts_with(prefix) && is_base62(text.substr(prefix.size()));
}

// "a,b" → {a, b}. False for an empty element.
bool split_list(std::string_view text, std::vector<std::string>& out) {
  out.clear();
  for (;;) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (out.back().empty()) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool refuse(Answer& answer, std::string_view name, std::string_view why) {
  make_error(answer, 400, "invalid", "Query parameter '" + std::string(name) + "' " + std::string(why));
  return false;
}

class Reader {
 public:
  Reader(const Project& project, int gone_cursor_status, ListQuery& query, Answer& answer)
      : project_(project), gone_cursor_status_(gone_cursor_status), query_(query), answer_(answer) {}

  bool read(const std::string& name, const std::string& value) {
    if (name == "after") return cursor(name, value, query_.after);
    if (name == "before") return cursor(name, value, query_.before);
    if (name == "limit") return limit(value);
    if (name == "status") return status(value);
    if (name == "provider") return provider(value);
    if (name == "type") return type(value);
    if (name == "user") return user(value);
    return refuse(answer_, name, "is unknown");
  }

 private:
  bool cursor(std::string_view name, std::string_view value, std::optional<Position>& position) {
    if (!has_id_format(value, "sim_")) return refuse(answer_, name, "is not the id of a SIM");
    position = project_.find(value);
    if (position) return true;
    // Not documented (facts.md, Lists): both statuses are to be expected, a test chooses.
    make_error(answer_, gone_cursor_status_, error_type(gone_cursor_status_),
               "The object of the cursor '" + std::string(name) + "' does not exist");
    return false;
  }

  bool limit(const std::string& value) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc() || end != value.data() + value.size() || number > 200)
      return refuse(answer_, "limit", "must be an integer between 0 and 200");
    query_.limit = number;
    return true;
  }

  bool status(const std::string& value) {
    if (!split_list(value, query_.statuses)) return refuse(answer_, "status", "has an empty element");
    for (const auto& one : query_.statuses)
      if (one != "inactive" && one != "active" && one != "retired")
        return refuse(answer_, "status", "must be of inactive, active, retired");
    return true;
  }

  bool provider(const std::string& value) {
    // No enum in the reference: an unknown provider is a filter that nothing passes.
    if (!split_list(value, query_.providers.emplace())) return refuse(answer_, "provider", "has an empty element");
    return true;
  }

  bool type(const std::string& value) {
    // A string, not an array (reference, List all SIMs): "eSIM,pSIM" is outside the enum.
    if (value != "eSIM" && value != "pSIM") return refuse(answer_, "type", "must be eSIM or pSIM");
    query_.type = value;
    return true;
  }

  bool user(const std::string& value) {
    if (!has_id_format(value, "usr_")) return refuse(answer_, "user", "is not the id of a user");
    query_.user = value;
    return true;
  }

  const Project& project_;
  const int gone_cursor_status_;
  ListQuery& query_;
  Answer& answer_;
};

}  // namespace

bool read_list_query(std::string_view text, const Project& project, int gone_cursor_status, ListQuery& query,
                     std::string& own_after, Answer& answer) {
  const auto parameters = parse_query(text);
  if (!parameters) {
    make_error(answer, 400, "malformed", "The query string has a broken escape");
    return false;
  }
  Reader reader(project, gone_cursor_status, query, answer);
  const auto named = [&](std::string_view name) {
    return std::count_if(parameters->begin(), parameters->end(), [&](const auto& pair) { return pair.first == name; });
  };
  if (named("after") > 0 && named("before") > 0) {
    make_error(answer, 400, "invalid", "'after' and 'before' are mutually exclusive");
    return false;
  }
  for (const auto& [name, value] : *parameters) {
    if (named(name) > 1) return refuse(answer, name, "is given more than once");
    if (!reader.read(name, value)) return false;
    if (name == "after") own_after = value;
  }
  return true;
}

bool is_iccid(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 20) return text.size() == 20;
  return digits == 19 && (text.size() == 19 || (text.size() == 20 && (text[19] == 'F' || text[19] == 'f')));
}

}  // namespace simsync::simulator
