// Small steps over simdjson's on-demand values that page_parser.cpp and sim_reader.h share. Only these three files name
// simdjson. On-demand checks the structure it walks through and nothing that it skips; these steps close that gap.
#pragma once

#include <simdjson.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "sync/api/json_text.h"
#include "sync/api/page_parser.h"

namespace simsync::reading {

namespace ondemand = simdjson::ondemand;

// What is wrong, as a fixed phrase; nullptr when nothing is.
using Fault = const char*;
inline constexpr Fault kNotJson = "the answer is not valid or not whole JSON";

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Moves on behind a scalar. A string that is not taken would be: simdjson takes a string before a colon for a name when
// it skips, so that `["a":1]` would pass.
inline Fault consume_scalar(ondemand::value& value) {
  ondemand::raw_json_string ignored;
  const bool is_string = value.raw_json_token().front() == '"';
  return is_string && value.get_raw_json_string().get(ignored) ? kNotJson : nullptr;
}

// The text of any value. simdjson only counts brackets to find its end, so it is JSON only once json::check says so.
inline Fault raw_text(ondemand::value& value, std::string_view& raw) {
  const std::string_view token = value.raw_json_token();
  if (token.empty()) return kNotJson;
  if (token.front() == '{') {
    ondemand::object object;
    if (value.get_object().get(object) || object.raw_json().get(raw)) return kNotJson;
  } else if (token.front() == '[') {
    ondemand::array array;
    if (value.get_array().get(array) || array.raw_json().get(raw)) return kNotJson;
  } else {
    raw = trimmed(token);
    return consume_scalar(value);
  }
  raw = trimmed(raw);
  return nullptr;
}

// A value that is not used must still be JSON: otherwise it could hide the end of its item.
inline Fault skip(ondemand::value& value) {
  std::string_view raw;
  if (const Fault fault = raw_text(value, raw)) return fault;
  return json::check(raw).verdict == json::Verdict::invalid ? kNotJson : nullptr;
}

inline Fault unfit_for_storage(const json::Check& check, std::size_t size) {
  if (size > kMaxJsonBytes) return "metadata or unknown fields are larger than 1 MiB";
  if (check.verdict == json::Verdict::too_deep) return "metadata or unknown fields are nested too deep";
  if (check.verdict == json::Verdict::out_of_range) return "a number in metadata or unknown fields is out of range";
  return nullptr;
}

// A string's bytes between its quotes; `found` is false for a value of another type, which is then skipped.
inline Fault string_text(ondemand::value& value, std::string_view& raw, bool& found) {
  const std::string_view token = value.raw_json_token();
  found = !token.empty() && token.front() == '"';
  if (!found) return skip(value);
  const std::string_view text = trimmed(token);
  if (text.size() < 2 || text.back() != '"') return kNotJson;
  raw = text.substr(1, text.size() - 2);
  return consume_scalar(value);
}

// Reads a string into `out`. `problem` is set where it is of another type or too long.
inline Fault read_text(ondemand::value& value, std::string& out, Fault& problem, Fault if_not_string, Fault if_too_long,
                       std::size_t limit = kMaxFieldBytes) {
  std::string_view raw;
  bool found = false;
  if (const Fault fault = string_text(value, raw, found)) return fault;
  if (!found) {
    problem = if_not_string;
    return nullptr;
  }
  out.clear();
  if (std::memchr(raw.data(), '\\', raw.size()) == nullptr) {
    if (raw.size() <= limit) out.assign(raw);
    if (raw.size() > limit) problem = if_too_long;
    return nullptr;
  }
  if (!json::append_decoded(raw, out)) return kNotJson;
  if (out.size() > limit) {
    out.clear();
    problem = if_too_long;
  }
  return nullptr;
}

// A known field's name with its closing quote (`id"`), at most 16 bytes, kept as two words with masks: comparing eight
// names a SIM byte by byte is a fifth of all parsing.
class KnownName {
 public:
  constexpr explicit KnownName(std::string_view quoted_end) : text_(quoted_end) {
    for (std::size_t i = 0; i < quoted_end.size(); ++i) {
      words_[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(quoted_end[i])) << shift(i);
      masks_[i / 8] |= std::uint64_t{0xFF} << shift(i);
    }
  }

  // `at` has at least 16 readable bytes.
  [[nodiscard]] bool matches(const char* at) const {
    std::array<std::uint64_t, 2> bytes{};
    std::memcpy(bytes.data(), at, sizeof bytes);
    return (((bytes[0] ^ words_[0]) & masks_[0]) | ((bytes[1] ^ words_[1]) & masks_[1])) == 0;
  }

  [[nodiscard]] std::string_view name() const { return text_.substr(0, text_.size() - 1); }

 private:
  static constexpr unsigned shift(std::size_t i) {
    const unsigned byte = i % 8;
    return 8 * (std::endian::native == std::endian::little ? byte : 7 - byte);
  }

  std::string_view text_;
  std::array<std::uint64_t, 2> words_{};
  std::array<std::uint64_t, 2> masks_{};
};

// A field's name in the body. The body ends in padding, so looking at 16 bytes of it never leaves the buffer.
class Name {
 public:
  explicit Name(const char* text) : text_(text) {}

  [[nodiscard]] bool is(const KnownName& known) const { return known.matches(text_); }

  // The bytes up to the closing quote, which stage one of simdjson has seen.
  [[nodiscard]] std::string_view raw() const {
    const char* end = text_;
    for (; *end != '"'; ++end) {
      if (*end == '\\') ++end;
    }
    return {text_, static_cast<std::size_t>(end - text_)};
  }

 private:
  const char* text_;
};

// The place of `name` in `names`, looked for from `expected` on: fields mostly come in the
// reference's order. names.size() for an unknown one. A name may be written with escapes and is then decoded.
template <std::size_t N>
Fault find_name(const Name& name, const std::array<KnownName, N>& names, std::size_t expected, std::size_t& found) {
  for (std::size_t i = 0; i < N; ++i) {
    found = expected + i < N ? expected + i : expected + i - N;
    if (name.is(names[found])) return nullptr;
  }
  found = N;
  const std::string_view raw = name.raw();
  if (raw.find('\\') == std::string_view::npos) return nullptr;
  std::string decoded;
  if (!json::append_decoded(raw, decoded)) return kNotJson;
  for (std::size_t i = 0; i < N; ++i) {
    if (decoded == names[i].name()) found = i;
  }
  return nullptr;
}

// Calls `on_field(name, value)` for each field; it returns a Fault and may leave the value untouched.
template <typename F>
Fault each_field(ondemand::object& object, F&& on_field) {
  for (auto result : object) {
    ondemand::field field;
    if (std::move(result).get(field)) return kNotJson;
    if (const Fault fault = on_field(Name{field.key().raw()}, field.value())) return fault;
  }
  return nullptr;
}

}  // namespace simsync::reading
