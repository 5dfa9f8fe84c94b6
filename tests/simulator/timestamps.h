// The API's times: RFC 3339 in UTC with whole seconds. Refuses offsets, leap seconds and years outside 0–9999.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simsync::simulator {

using Seconds = std::chrono::sys_seconds;

// Appends "2021-01-21T19:38:34Z", or "…:34.0Z" when `fraction`: the API spells it both ways (facts.md, Lists).
void append_utc(std::string& out, Seconds time, bool fraction = false);
std::string utc_text(Seconds time);

// Nothing for a text that is no such time; a fraction is accepted and dropped.
std::optional<Seconds> parse_utc(std::string_view text);

// "Mon, 23 Nov 2026 12:33:03 GMT", as Retry-After may be spelled.
std::string http_date(Seconds time);

Seconds now_seconds();
std::int64_t now_unix_micros();

}  // namespace simsync::simulator
