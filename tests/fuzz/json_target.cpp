// JSON as text: the fast check says what the slow one says, and what is made of a text is what it says it is.
#include <string>

#include "config/printable.h"
#include "sync/api/json_text.h"
#include "tests/fuzz/json_model.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

bool has_space_around(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  return text.empty() || kSpace.find(text.front()) != std::string_view::npos ||
         kSpace.find(text.back()) != std::string_view::npos;
}

void check_as_the_model(std::string_view text) {
  JsonModel model{text};
  const bool valid = !has_space_around(text) && model.is_json();
  const json::Verdict verdict = json::check(text).verdict;
  promise(valid == (verdict != json::Verdict::invalid), "the check and the grammar disagree");
  if (valid && model.depth() > json::kMaxDepth) promise(verdict == json::Verdict::too_deep, "too deep, but taken");
  if (verdict == json::Verdict::too_deep) promise(model.depth() > json::kMaxDepth, "refused as too deep");
}

void clean(std::string_view text) {
  std::string once;
  json::append_clean(text, once);
  promise(is_json(once), "cleaned text is no JSON");
  promise(once.size() == text.size(), "cleaned text has another length");
  if (!json::check(text).has_escape) promise(once == text, "text without escapes was changed");
  std::string twice;
  json::append_clean(once, twice);
  promise(once == twice, "cleaned text is cleaned again");
}

void decode(std::string_view text) {
  const std::string_view inner = text.substr(1, text.size() - 2);
  std::string decoded;
  promise(json::append_decoded(inner, decoded), "a valid string cannot be decoded");
  promise(decoded.find('\0') == std::string::npos && is_utf8(decoded), "what was decoded cannot be stored");
  std::string quoted;
  json::append_quoted(decoded, quoted);
  promise(is_json(quoted) && quoted.starts_with('"'), "quoted text is no JSON string");
  std::string again;
  promise(json::append_decoded(std::string_view(quoted).substr(1, quoted.size() - 2), again) && again == decoded,
          "quoted text means something else");
}

}  // namespace

void json(std::string_view input) {
  const bool utf8 = is_utf8(input);
  check_as_the_model(input);
  const std::string repaired = json::repaired(input);
  promise(is_utf8(repaired), "repaired text is not UTF-8");
  promise(json::repaired(repaired) == repaired, "repaired text is repaired again");
  std::string ignored;
  json::append_decoded(input, ignored);
  if (!utf8 || json::check(input).verdict == json::Verdict::invalid) return;
  promise(repaired == input, "valid text was repaired");
  clean(input);
  if (input.starts_with('"')) decode(input);
}

}  // namespace simsync::fuzz
