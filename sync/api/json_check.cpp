// The strict reader behind check(): a loop over the bytes with a stack of open brackets.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "sync/api/json_text.h"

namespace simsync::json {
namespace {

// PostgreSQL 15, "Numeric Types": 131072 digits before the decimal point, 16383 behind it.
constexpr std::int64_t kMaxIntegerDigits = 131072;
constexpr std::int64_t kMaxFractionDigits = 16383;

constexpr std::string_view kEscapes = "\"\\/bfnrt";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Whether one of eight bytes is a quote, a backslash or a control character: eight bytes a step instead of one.
bool has_special(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  const auto has_zero = [](std::uint64_t v) { return (v - kOnes) & ~v & kHigh; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHigh;
  return (has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\') | control) != 0;
}

// Brackets that are open: a bit each, on the stack as long as the nesting is sane.
class OpenBrackets {
 public:
  void push(bool object) {
    if (depth_ < 64) {
      bits_ = bits_ << 1U | static_cast<std::uint64_t>(object);
    } else {
      deep_.push_back(static_cast<char>(object));
    }
    ++depth_;
  }
  void pop() {
    --depth_;
    if (depth_ >= 64) {
      deep_.pop_back();
    } else {
      bits_ >>= 1U;
    }
  }
  [[nodiscard]] bool in_object() const { return depth_ > 64 ? deep_.back() != 0 : (bits_ & 1U) != 0; }
  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  std::uint64_t bits_ = 0;
  std::string deep_;
  std::size_t depth_ = 0;
};

class Checker {
 public:
  explicit Checker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  Check run() {
    if (!values() || at_ != end_) return {Verdict::invalid, has_escape_};
    if (too_deep_) return {Verdict::too_deep, has_escape_};
    return {out_of_range_ ? Verdict::out_of_range : Verdict::ok, has_escape_};
  }

 private:
  // One value and all that is inside it.
  bool values() {
    for (;;) {
      if (at_ == end_) return false;
      const char c = *at_;
      if (c == '{' || c == '[') {
        ++at_;
        open_.push(c == '{');
        too_deep_ = too_deep_ || open_.depth() > kMaxDepth;
        spaces();
        if (at_ != end_ && *at_ == (c == '{' ? '}' : ']')) {
          ++at_;
          open_.pop();
        } else {
          if (c == '{' && !key()) return false;
          continue;
        }
      } else if (!scalar(c)) {
        return false;
      }
      const Next next = after_value();
      if (next == Next::done) return true;
      if (next == Next::broken) return false;
    }
  }

  enum class Next { value, done, broken };

  // Behind a value: a comma leads to the next one, brackets close.
  Next after_value() {
    while (open_.depth() > 0) {
      spaces();
      if (at_ == end_) return Next::broken;
      const char c = *at_++;
      if (c == ',') {
        spaces();
        return !open_.in_object() || key() ? Next::value : Next::broken;
      }
      if (c != (open_.in_object() ? '}' : ']')) return Next::broken;
      open_.pop();
    }
    return Next::done;
  }

  bool key() {
    if (at_ == end_ || *at_ != '"' || !string()) return false;
    spaces();
    if (at_ == end_ || *at_ != ':') return false;
    ++at_;
    spaces();
    return true;
  }

  bool scalar(char first) {
    switch (first) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool string() {
    ++at_;
    for (;;) {
      while (end_ - at_ >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at_, sizeof word);
        if (has_special(word)) break;
        at_ += 8;
      }
      for (; at_ != end_ && *at_ != '"' && *at_ != '\\'; ++at_) {
        if (static_cast<unsigned char>(*at_) < 0x20) return false;
      }
      if (at_ == end_) return false;
      if (*at_ == '"') {
        ++at_;
        return true;
      }
      if (!escape()) return false;
    }
  }

  bool escape() {
    has_escape_ = true;
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    if (rest.size() < 2) return false;
    if (rest[1] != 'u') {
      at_ += 2;
      return kEscapes.find(rest[1]) != std::string_view::npos;
    }
    if (rest.size() < 6) return false;
    at_ += 6;
    return std::all_of(rest.begin() + 2, rest.begin() + 6, is_hex_digit);
  }

  std::int64_t digits() {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ - first;
  }

  bool number() {
    if (*at_ == '-') ++at_;
    const bool zero = at_ != end_ && *at_ == '0';
    const std::int64_t integer = digits();
    if (integer == 0 || (zero && integer > 1)) return false;
    std::int64_t fraction = 0;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      fraction = digits();
      if (fraction == 0) return false;
    }
    std::int64_t exponent = 0;
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      const bool negative = at_ != end_ && *at_ == '-';
      if (negative || (at_ != end_ && *at_ == '+')) ++at_;
      const char* const first = at_;
      if (digits() == 0) return false;
      for (const char* c = first; c != at_ && exponent < 1'000'000'000; ++c) exponent = exponent * 10 + (*c - '0');
      if (negative) exponent = -exponent;
    }
    if (integer + exponent > kMaxIntegerDigits || fraction - exponent > kMaxFractionDigits) out_of_range_ = true;
    return true;
  }

  void spaces() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }

  const char* at_;
  const char* end_;
  OpenBrackets open_;
  bool has_escape_ = false;
  bool too_deep_ = false;
  bool out_of_range_ = false;
};

}  // namespace

Check check(std::string_view text) {
  if (text == "{}") return {Verdict::ok, false};  // most metadata
  return Checker(text).run();
}

}  // namespace simsync::json
