// Small texts: what is to be printed, durations and numbers, patterns, activation codes, base64, mails' headers. The
// first byte says which.
#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <optional>
#include <string>

#include "config/printable.h"
#include "config/scalars.h"
#include "daemon/alerts/base64.h"
#include "daemon/alerts/mail_text.h"
#include "daemon/alerts/word_pattern.h"
#include "daemon/lpa_code.h"
#include "tests/fuzz/json_model.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

// The length of the character that `text` begins with, by the table of RFC 3629, section 4; 0: it is none.
std::size_t character_at(std::string_view text) {
  const auto in = [text](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && static_cast<unsigned char>(text[i]) >= low && static_cast<unsigned char>(text[i]) <= high;
  };
  const auto tail = [&in](std::size_t i) { return in(i, 0x80, 0xBF); };
  if (in(0, 0x00, 0x7F)) return 1;
  if (in(0, 0xC2, 0xDF) && tail(1)) return 2;
  const bool three = (in(0, 0xE0, 0xE0) && in(1, 0xA0, 0xBF)) || (in(0, 0xE1, 0xEC) && tail(1)) ||
                     (in(0, 0xED, 0xED) && in(1, 0x80, 0x9F)) || (in(0, 0xEE, 0xEF) && tail(1));
  if (three && tail(2)) return 3;
  const bool four = (in(0, 0xF0, 0xF0) && in(1, 0x90, 0xBF)) || (in(0, 0xF1, 0xF3) && tail(1)) ||
                    (in(0, 0xF4, 0xF4) && in(1, 0x80, 0x8F));
  return four && tail(2) && tail(3) ? 4 : 0;
}

// printable.h's "the longest beginning that is at most `limit` bytes and does not cut a character in two", literally.
std::size_t longest_beginning(std::string_view text, std::size_t limit) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next = end + std::max<std::size_t>(character_at(text.substr(end)), 1);
    if (next > limit) break;
    end = next;
  }
  return end;
}

void promise_harmless(std::string_view text) {
  promise(is_utf8(text), "printed text is not UTF-8");
  promise(!needs_escaping(text) || text.find('"') != std::string_view::npos, "printed text holds what it must not");
  for (const char c : text) promise(c != '\n' && c != '\r' && c != '\x1b' && c != '\0', "printed text has controls");
}

void print(std::string_view text) {
  std::size_t characters = 0;
  bool utf8 = true;
  for (std::string_view rest = text; !rest.empty(); ++characters) {
    const std::size_t length = character_at(rest);
    utf8 = utf8 && length > 0;
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  promise(is_utf8(text) == utf8, "UTF-8 or not");
  const std::string shown = printable(text);
  promise_harmless(shown);
  promise(printable(shown) == shown, "printed twice it is another");
  std::string escaped;
  append_escaped(escaped, text, Escaping::json);
  promise_harmless(escaped);
  promise(is_json('"' + escaped + '"'), "escaped for JSON it is no JSON");
  std::string plain;
  append_escaped(plain, text, Escaping::text);
  promise_harmless(plain);
  if (!needs_escaping(text) && text.find('\\') == std::string_view::npos) promise(plain == text, "escaped needlessly");
  promise_harmless(in_quotes(text));
}

// At most so many bytes as the next byte says.
void begin(std::string_view text) {
  const std::size_t limit = take_choice(text) % 90;
  const std::string_view start = beginning(text, limit);
  promise(text.starts_with(start), "a beginning of something else");
  promise(start.size() <= limit, "a beginning that is too long");
  promise(start.size() == longest_beginning(text, limit), "not the longest beginning");
}

template <typename Read>
auto taken(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const BadValue& bad) {
    promise(*bad.what() != '\0', "no reason");
    return std::nullopt;
  }
}

void numbers(std::string_view text) {
  using std::chrono::hours;
  if (const auto duration = taken([&] { return parse_duration(text); })) {
    promise(*duration >= Milliseconds{0} && *duration <= hours{24 * 366}, "a duration out of range");
    if (duration->count() > 0) promise(parse_duration(std::to_string(duration->count()) + "ms") == *duration, "in ms");
  }
  if (const auto keep = taken([&] { return parse_keep(text); })) {
    promise(*keep >= hours{24} && *keep <= hours{24} * 36'600, "a time to keep out of range");
  }
  if (const auto count = taken([&] { return parse_count(text, 3, 1000); }))
    promise(*count >= 3 && *count <= 1000, "count");
  if (const auto number = taken([&] { return parse_decimal(text, 0, 100); }))
    promise(*number >= 0 && *number <= 100, "number");
  if (const auto limit = taken([&] { return parse_disappearance_limit(text); })) {
    promise(limit->of(0) <= kMostSims && limit->of(kMostSims) <= kMostSims, "more than there are");
    promise(limit->of(10) <= limit->of(1000), "fewer of more");
  }
  taken([&] { return parse_bool(text); });
  if (const auto name = taken([&] { return parse_name(text, true); }))
    promise(*name == text && text.size() <= 100, "name");
  taken([&] { return expand_environment(text); });
  const std::vector<std::string> known = {"interval", "recent_interval", "projects", "url"};
  const std::string near = nearest(text, known);
  promise(near.empty() || std::ranges::find(known, near) != known.end(), "a word that nobody knows");
}

bool matches(std::string_view pattern, std::string_view word) {
  if (pattern.empty()) return word.empty();
  if (pattern.front() != '*') {
    return !word.empty() && pattern.front() == word.front() && matches(pattern.substr(1), word.substr(1));
  }
  return matches(pattern.substr(1), word) || (!word.empty() && matches(pattern, word.substr(1)));
}

void pattern(std::string_view text) {
  constexpr std::size_t kMostOfModel = 24;  // it takes exponential time
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view word = text.substr(std::min(end + 1, text.size()));
  const bool does = WordPattern{std::string(text.substr(0, end))}.matches(word);
  if (text.size() <= kMostOfModel) promise(does == matches(text.substr(0, end), word), "another match");
}

void codes(std::string_view text) {
  if (const auto code = parts_of_lpa(text)) {
    std::string again = "LPA:1$";
    again.append(code->address).append("$").append(code->matching_id);
    promise(text.starts_with(again) && !code->address.empty(), "another activation code");
  }
  promise(from_base64(to_base64(text)) == text, "another text after base64");
  if (const auto bytes = from_base64(text)) promise(from_base64(to_base64(*bytes)) == bytes, "another base64");
}

void mail(std::string_view text) {
  const std::string part{text};
  const std::string mail = mail_of({"ops@example.com", {"a@example.com"}, part, part, "17-3", {}});
  std::size_t begin = 0;
  while (begin < mail.size()) {
    const std::size_t end = mail.find("\r\n", begin);
    promise(end != std::string::npos && end - begin <= 78, "a line that is too long");
    for (std::size_t i = begin; i < end; ++i) promise(mail[i] >= ' ' && mail[i] < 127, "a line that is not ASCII");
    begin = end + 2;
  }
  promise(mail.find("\r\nBcc:") == std::string::npos, "a header of its own");
}

}  // namespace

void words(std::string_view input) {
  give_to_one_of(std::array{print, begin, numbers, pattern, codes, mail}, input);
}

}  // namespace simsync::fuzz
