// Lines of the log: one each, whatever the values are. U+0001 separates the event and the values.
#include <array>
#include <string>
#include <vector>

#include "config/log_line.h"
#include "config/printable.h"
#include "tests/fuzz/json_model.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

// journald cuts what is longer (log_line.cpp).
constexpr std::size_t kLongestOfJournald = std::size_t{48} * 1024;

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t end = 0;
  do {
    end = text.find('\x01');
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  } while (end != std::string_view::npos);
  return parts;
}

void promise_line(std::string_view line) {
  promise(printable(line) == line, "a line that is more than one, or moves a cursor");
  promise(line.size() < kLongestOfJournald, "a line that journald cuts");
}

}  // namespace

void logline(std::string_view input) {
  static constexpr std::array kKeys = {"error", "time", "sim", "status"};
  const unsigned repeats = take_choice(input) % 16;  // 16 times 4 KiB are more than journald takes
  const std::vector<std::string_view> parts = parts_of(input);
  std::vector<log::Field> fields;
  for (unsigned repeat = 0; repeat <= repeats; ++repeat) {
    for (std::size_t i = 1; i < parts.size() && fields.size() < 200; ++i) {
      fields.emplace_back(kKeys[i % kKeys.size()], parts[i]);
    }
  }
  promise_line(log::text_line(parts[0], fields));
  const std::string members = log::json_members(parts[0], fields);
  promise_line(members);
  promise(is_json('{' + members + '}'), "a line of JSON that is none");
  const std::vector<std::string> entry = log::journal_fields(parts[0], fields);
  promise(entry.size() >= 2 && entry[0].starts_with("MESSAGE="), "an entry without message");
  const std::string packed = log::packed(entry);
  const std::vector<std::string_view> again = log::unpacked(packed);
  promise(std::vector<std::string>(again.begin(), again.end()) == entry, "another entry once it was packed");
}

}  // namespace simsync::fuzz
