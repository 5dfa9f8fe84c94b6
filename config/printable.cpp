#include "config/printable.h"

#include <array>

namespace simsync {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// The lead byte says how long the character is and which code points are too small for that length.
struct Lead {
  std::size_t length;
  char32_t bits;
  char32_t smallest;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xE0U) == 0xC0U) return {2, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0U) return {3, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0U) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

// Separators end a line for some readers, bidirectional marks show text in another order than it has.
bool is_treacherous(char32_t c) {
  return is_control(c) || c == 0x2028 || c == 0x2029 || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHexDigits[(value >> shift) & 0xFU];
}

void append_escaped_character(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u";
  append_hex(out, c, 4);  // every treacherous character is below U+10000
}

}  // namespace

bool is_control(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
}

Utf8Character first_character(std::string_view bytes) {
  if (bytes.empty()) return {};
  constexpr Utf8Character kInvalid{1, 0, false};
  const Lead lead = lead_of(static_cast<unsigned char>(bytes[0]));
  if (lead.length == 0 || lead.length > bytes.size()) return kInvalid;
  char32_t code_point = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if ((byte & 0xC0U) != 0x80U) return kInvalid;
    code_point = (code_point << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < lead.smallest || surrogate || code_point > 0x10FFFF) return kInvalid;
  return {lead.length, code_point, true};
}

void append_escaped(std::string& out, std::string_view bytes, Escaping escaping) {
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    if (!c.valid) {
      out += escaping == Escaping::json ? "\\\\x" : "\\x";
      append_hex(out, static_cast<unsigned char>(bytes[0]), 2);
    } else if (c.code_point == '"' || c.code_point == '\\') {
      out += '\\';
      out += bytes[0];
    } else if (is_treacherous(c.code_point)) {
      append_escaped_character(out, c.code_point);
    } else {
      out += bytes.substr(0, c.length);
    }
    bytes.remove_prefix(c.length);
  }
}

bool needs_escaping(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    if (!c.valid || c.code_point == '"' || is_treacherous(c.code_point)) return true;
    bytes.remove_prefix(c.length);
  }
  return false;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    if (!c.valid) return false;
    bytes.remove_prefix(c.length);
  }
  return true;
}

std::string printable(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    if (!c.valid || is_treacherous(c.code_point)) {
      out += '?';
    } else {
      out += bytes.substr(0, c.length);
    }
    bytes.remove_prefix(c.length);
  }
  return out;
}

std::string_view beginning(std::string_view bytes, std::size_t limit) {
  if (bytes.size() <= limit) return bytes;
  // A character is at most four bytes long, so one that the limit cuts in two begins at most three before it. Bytes
  // that are none stand each for themselves.
  for (std::size_t back = 1; back < 4 && back <= limit; ++back) {
    const Utf8Character c = first_character(bytes.substr(limit - back));
    if (c.valid && c.length > back) return bytes.substr(0, limit - back);
  }
  return bytes.substr(0, limit);
}

std::string shortened(std::string_view bytes, std::size_t limit) {
  const std::string_view kept = beginning(bytes, limit);
  return std::string{kept} + (kept.size() < bytes.size() ? "…" : "");
}

std::string in_quotes(std::string_view bytes) {
  constexpr std::size_t kLongest = 80;
  std::string out = "\"";
  append_escaped(out, beginning(bytes, kLongest), Escaping::text);
  out += bytes.size() > kLongest ? "…\"" : "\"";
  return out;
}

}  // namespace simsync
