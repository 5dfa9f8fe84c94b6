// JSON as text: checks it, and makes it fit for PostgreSQL. On-demand parsing does not look inside what it skips, and
// metadata and unknown fields are kept as text, so whatever is kept or skipped passes through here. It builds no tree
// and knows no resource.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace simsync::json {

enum class Verdict {
  ok,
  invalid,       // not one JSON value
  too_deep,      // valid, but nested deeper than kMaxDepth
  out_of_range,  // valid, but a number that PostgreSQL's numeric, and so jsonb, cannot hold
};

struct Check {
  Verdict verdict = Verdict::invalid;
  bool has_escape = false;  // a backslash occurs, so clean_raw() may have something to do
};

inline constexpr std::size_t kMaxDepth = 64;

// Checks that `text` is exactly one JSON value (RFC 8259) without white space around it. Looks at every byte: control
// characters in strings, escapes, numbers and matching brackets; UTF-8 is the caller's to check. No recursion; takes
// memory for deep nesting only.
Check check(std::string_view text);

// Appends the JSON text `raw`, which check() found valid, with every \u0000 and lone surrogate escape replaced by
// \ufffd (product.md, promise 7). Other escapes stay as they came.
void append_clean(std::string_view raw, std::string& out);

// Appends the meaning of the JSON string `raw` (what stands between the quotes): escapes decoded to UTF-8, \u0000 and
// lone surrogates as U+FFFD. False where an escape is not one of JSON's; `out` is then unspecified.
bool append_decoded(std::string_view raw, std::string& out);

// Appends `text` (UTF-8) as a JSON string with its quotes.
void append_quoted(std::string_view text, std::string& out);

// Repairs a body that simdjson refuses for its bytes, so that one bad item does not cost a page (product.md, promises
// 6 and 7): what is not UTF-8, raw surrogates included, becomes U+FFFD, and so does a NUL in a string; another raw
// control character in a string becomes its escape. Slow; only for bodies that were refused.
std::string repaired(std::string_view body);

}  // namespace simsync::json
