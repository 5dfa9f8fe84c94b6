#include "sync/api/json_text.h"

#include <cstdint>
#include <optional>

namespace simsync::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of four hex digits at `at`.
std::optional<std::uint32_t> code_unit(std::string_view text, std::size_t at) {
  if (at > text.size() || text.size() - at < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  return value;
}

bool is_high_surrogate(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low_surrogate(std::uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

// The escape \uXXXX at `at` (the backslash), a correct surrogate pair taken as one.
struct UnicodeEscape {
  std::uint32_t code_point;  // U+FFFD for what PostgreSQL cannot hold
  std::size_t length;        // 6 or 12
  bool replaced;
};

std::optional<UnicodeEscape> unicode_escape(std::string_view text, std::size_t at) {
  const auto unit = code_unit(text, at + 2);
  if (!unit) return std::nullopt;
  if (*unit == 0 || is_low_surrogate(*unit)) return UnicodeEscape{0xFFFD, 6, true};
  if (!is_high_surrogate(*unit)) return UnicodeEscape{*unit, 6, false};
  const bool another = text.size() - at >= 8 && text[at + 6] == '\\' && text[at + 7] == 'u';
  const auto low = another ? code_unit(text, at + 8) : std::nullopt;
  if (!low || !is_low_surrogate(*low)) return UnicodeEscape{0xFFFD, 6, true};
  return UnicodeEscape{0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00), 12, false};
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

// The character that the escape letter stands for; 0 for none.
char simple_escape(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

// The length of the correct UTF-8 sequence at the front of `text`; 0 for none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned char second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
  return wrong ? 0 : length;
}

// A surrogate written in UTF-8's manner (CESU-8): one character that cannot be, so one replacement.
bool is_raw_surrogate(std::string_view text) {
  return text.size() >= 3 && text[0] == '\xED' && (text[1] & 0xE0) == 0xA0 && (text[2] & 0xC0) == 0x80;
}

void append_control(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xFU];
}

}  // namespace

void append_clean(std::string_view raw, std::string& out) {
  std::size_t kept = 0;  // start of what is not yet copied
  for (std::size_t at = raw.find('\\'); at != std::string_view::npos && at + 1 < raw.size(); at = raw.find('\\', at)) {
    const auto escape = raw[at + 1] == 'u' ? unicode_escape(raw, at) : std::nullopt;
    if (escape && escape->replaced) {
      out.append(raw, kept, at - kept).append("\\ufffd");
      kept = at + escape->length;
    }
    at += escape ? escape->length : 2;
  }
  out.append(raw, kept);
}

bool append_decoded(std::string_view raw, std::string& out) {
  std::size_t kept = 0;
  for (std::size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    out.append(raw, kept, at - kept);
    if (at + 1 == raw.size()) return false;
    if (raw[at + 1] == 'u') {
      const auto escape = unicode_escape(raw, at);
      if (!escape) return false;
      append_utf8(escape->code_point, out);
      at += escape->length;
    } else {
      const char meant = simple_escape(raw[at + 1]);
      if (meant == 0) return false;
      out.push_back(meant);
      at += 2;
    }
    kept = at;
  }
  out.append(raw, kept);
  return true;
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control(c, out);
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string repaired(std::string_view body) {
  std::string out;
  out.reserve(body.size() + body.size() / 8);
  bool in_string = false;
  for (std::size_t at = 0; at < body.size();) {
    const char c = body[at];
    const std::size_t length = utf8_sequence(body.substr(at));
    if (length == 0) {
      out += kReplacement;
      at += is_raw_surrogate(body.substr(at)) ? 3 : 1;
    } else if (in_string && c == '\\' && at + 1 < body.size() && static_cast<unsigned char>(body[at + 1]) >= 0x20 &&
               static_cast<unsigned char>(body[at + 1]) < 0x80) {
      out.append(body, at, 2);
      at += 2;
    } else if (in_string && static_cast<unsigned char>(c) < 0x20) {
      if (c == '\0') {
        out += kReplacement;
      } else {
        append_control(c, out);
      }
      ++at;
    } else {
      if (c == '"') in_string = !in_string;
      out.append(body, at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace simsync::json
