// JSON as text: the simulator pre-renders its resources, so strings are quoted here and never re-parsed on the way
// out. Refuses to validate: what it quotes is passed on byte by byte.
#pragma once

#include <string>
#include <string_view>

namespace simsync::simulator {

// Appends `text` as a JSON string; everything at or above 0x20 but quote and backslash goes out as it is.
inline void append_quoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

inline std::string json_quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

}  // namespace simsync::simulator
