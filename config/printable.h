// Makes bytes from outside fit to stand in one line of a log or an error: nothing in them can end the line,
// move a terminal's cursor, reorder the text around them or be anything but UTF-8. The daemon uses printable(),
// beginning(), shortened() and is_utf8(); the rest is internal to config/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace simsync {

// The first character of some bytes.
struct Utf8Character {
  std::size_t length = 0;   // in bytes; 1 where `valid` is false, 0 at the end
  char32_t code_point = 0;  // meaningless where `valid` is false
  bool valid = false;       // well-formed UTF-8: no overlong form, no surrogate, at most U+10FFFF
};

Utf8Character first_character(std::string_view bytes);

// C0, DEL and C1: what Unicode calls a control character.
bool is_control(char32_t code_point);

enum class Escaping { text, json };

// Appends `bytes` as they may stand between double quotes: quote and backslash, control characters, line and
// paragraph separators and bidirectional marks as \" \\ \n \r \t \uNNNN; a byte that is not UTF-8 as \xNN
// (`text`) or \\xNN (`json`, which has no \x of its own).
void append_escaped(std::string& out, std::string_view bytes, Escaping escaping);

// Whether append_escaped changes something in `bytes`; a lone backslash does not count.
bool needs_escaping(std::string_view bytes);

// Whether all of it is well-formed.
bool is_utf8(std::string_view bytes);

// `bytes` for a terminal, where quotes and backslashes may stay: '?' for each of the other characters that
// append_escaped escapes, and for each byte that is not UTF-8.
std::string printable(std::string_view bytes);

// The longest beginning of `bytes` that is at most `limit` bytes and does not cut a character in two.
std::string_view beginning(std::string_view bytes, std::size_t limit);

// The same, with "…" behind it where something was left out.
std::string shortened(std::string_view bytes, std::size_t limit);

// `bytes` for an error message: in double quotes, escaped, at most 80 bytes of them.
std::string in_quotes(std::string_view bytes);

}  // namespace simsync
