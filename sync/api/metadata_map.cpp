#include "sync/api/metadata_map.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "sync/api/json_text.h"

namespace simsync {
namespace {

// All of these walk through text that json::check() has passed: every bracket and string in it ends, and nothing is
// nested deeper than json::kMaxDepth.

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  [[nodiscard]] char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() { ++at_; }
  [[nodiscard]] std::size_t place() const { return at_; }
  [[nodiscard]] std::string_view since(std::size_t from) const { return text_.substr(from, at_ - from); }

  // The value that begins here, and moves on behind it.
  std::string_view value() {
    const std::size_t from = at_;
    if (next() == '"') {
      skip_string();
    } else if (next() == '{' || next() == '[') {
      skip_brackets();
    } else {
      while (at_ < text_.size() && !is_space(next()) && next() != ',' && next() != '}' && next() != ']') ++at_;
    }
    return since(from);
  }

 private:
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  void skip_brackets() {
    std::size_t open = 0;
    do {
      if (next() == '"') {
        skip_string();
        continue;
      }
      if (next() == '{' || next() == '[') ++open;
      if (next() == '}' || next() == ']') --open;
      ++at_;
    } while (open > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Member {
  std::string_view key;    // between its quotes
  std::string_view value;  // as it stands
  std::string_view text;   // from the key's quote to the value's end
};

// `take` is called with each member of an object, or with each element of an array.
template <typename Take>
void each_member(std::string_view object, const Take& take) {
  Cursor cursor{object};
  cursor.step();
  for (cursor.skip_space(); cursor.next() == '"'; cursor.skip_space()) {
    const std::size_t from = cursor.place();
    Member member;
    member.key = cursor.value();
    member.key = member.key.substr(1, member.key.size() - 2);
    cursor.skip_space();
    cursor.step();  // the colon
    cursor.skip_space();
    member.value = cursor.value();
    member.text = cursor.since(from);
    take(member);
    cursor.skip_space();
    if (cursor.next() == ',') cursor.step();
  }
}

template <typename Take>
void each_element(std::string_view array, const Take& take) {
  Cursor cursor{array};
  cursor.step();
  for (cursor.skip_space(); cursor.next() != ']' && cursor.next() != '\0'; cursor.skip_space()) {
    take(cursor.value());
    cursor.skip_space();
    if (cursor.next() == ',') cursor.step();
  }
}

// What a string between its quotes means. What PostgreSQL cannot hold can be asked for by nobody, so it only has to be
// unlike everything else: it stays as it is written, behind a byte that no text begins with.
std::string meaning_of(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string{raw};
  std::string clean;
  json::append_clean(raw, clean);
  if (clean != raw) return '\xFF' + std::string{raw};
  std::string decoded;
  json::append_decoded(raw, decoded);
  return decoded;
}

// A number without regard to its spelling: its digits without zeros at the ends, and a power of ten.
std::string number_meaning(std::string_view raw) {
  const bool negative = raw.front() == '-';
  if (negative) raw.remove_prefix(1);
  std::int64_t power = 0;
  if (const std::size_t e = raw.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = raw.substr(e + 1);
    if (exponent.front() == '+') exponent.remove_prefix(1);
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
    raw = raw.substr(0, e);
  }
  std::string digits{raw};
  if (const std::size_t point = digits.find('.'); point != std::string::npos) {
    power -= static_cast<std::int64_t>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return "0";
  const std::size_t last = digits.find_last_not_of('0');
  power += static_cast<std::int64_t>(digits.size() - last - 1);
  digits.resize(last + 1);
  return (negative ? "-" : "") + digits + "e" + std::to_string(power);
}

void append_sized(const std::string& text, std::string& out) {
  out += std::to_string(text.size()) + ':' + text;
}

// Equal for values that mean the same, and for no others.
std::string value_meaning(std::string_view raw) {
  switch (raw.front()) {
    case '"': {
      std::string out = "\"";
      append_sized(meaning_of(raw.substr(1, raw.size() - 2)), out);
      return out;
    }
    case '{': {
      std::map<std::string, std::string> members;
      each_member(raw, [&](const Member& member) { members[meaning_of(member.key)] = value_meaning(member.value); });
      std::string out = "{";
      for (const auto& [key, value] : members) {
        append_sized(key, out);
        append_sized(value, out);
      }
      return out;
    }
    case '[': {
      std::string out = "[";
      each_element(raw, [&](std::string_view element) { append_sized(value_meaning(element), out); });
      return out;
    }
    case 't':
    case 'f':
    case 'n':
      return std::string{raw};
    default:
      return number_meaning(raw);
  }
}

bool is_good(std::string_view text, char begin) {
  return text.starts_with(begin) && json::check(text).verdict == json::Verdict::ok;
}

}  // namespace

std::optional<MetadataChange> MetadataChange::read(std::string_view set, std::string_view remove) {
  if (!is_good(set, '{') || !is_good(remove, '[')) return std::nullopt;
  MetadataChange change;
  std::unordered_map<std::string, std::size_t> places;
  each_member(set, [&](const Member& member) {
    Wish wish{meaning_of(member.key), std::string{member.text}, std::string{member.value}};
    const auto [place, is_new] = places.emplace(wish.key, change.wishes_.size());
    if (is_new) change.wishes_.emplace_back();
    change.wishes_[place->second] = std::move(wish);
  });
  bool texts = true;
  each_element(remove, [&](std::string_view element) {
    texts = texts && element.front() == '"';
    if (!texts) return;
    std::string key = meaning_of(element.substr(1, element.size() - 2));
    if (places.emplace(key, change.wishes_.size()).second) change.wishes_.push_back({std::move(key), {}, std::nullopt});
  });
  return texts ? std::optional{std::move(change)} : std::nullopt;
}

std::vector<MetadataChange::Difference> MetadataChange::differences(std::string_view whole) const {
  std::unordered_map<std::string, std::string_view> there;
  each_member(whole, [&](const Member& member) { there[meaning_of(member.key)] = member.value; });
  std::vector<Difference> differing;
  for (const Wish& wish : wishes_) {
    const auto found = there.find(wish.key);
    const bool is_there = found != there.end();
    if (!is_there && !wish.value) continue;
    if (is_there && wish.value && value_meaning(found->second) == value_meaning(*wish.value)) continue;
    differing.push_back({wish.key, wish.value, is_there ? std::optional{std::string{found->second}} : std::nullopt});
  }
  return differing;
}

std::string MetadataChange::merged(std::string_view whole) const {
  std::unordered_map<std::string_view, const Wish*> named;
  for (const Wish& wish : wishes_) named.emplace(wish.key, &wish);
  std::string out = "{";
  const auto add = [&out](std::string_view text) {
    if (out.size() > 1) out += ',';
    out += text;
  };
  std::unordered_map<std::string_view, const Wish*> missing = named;
  each_member(whole, [&](const Member& member) {
    const auto wish = named.find(meaning_of(member.key));
    if (wish == named.end()) {
      add(member.text);
    } else if (wish->second->value && missing.erase(wish->first) > 0) {
      add(wish->second->text);
    }
  });
  for (const Wish& wish : wishes_) {
    if (wish.value && missing.contains(wish.key)) add(wish.text);
  }
  return out + '}';
}

}  // namespace simsync
