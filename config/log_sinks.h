// Where lines go that spdlog's own sinks do not serve well: the journal with fields, and stderr that is the journal.
// Internal to config/.
#pragma once

#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simsync::log {

// As syslog(3) counts: 3 error, 4 warning, 6 info, 7 debug.
int priority_of(spdlog::level::level_enum level);

// Whether what goes to stderr ends in the journal, which then takes the priority from a `<N>` before each line.
bool stderr_is_journal();

// Sends entries whose text is packed journal fields (log_line.h), with priority and identifier, by the native protocol.
spdlog::sink_ptr journal_sink(const std::string& identifier);

// The pattern, each line with its priority as `<N>` before it if that is wanted.
std::unique_ptr<spdlog::formatter> line_formatter(const std::string& pattern, bool with_priority);

}  // namespace simsync::log
