#include "config/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "config/printable.h"

namespace simsync::log {

namespace {

// journald cuts what comes from stderr into lines of 48 KiB; a line longer than that could forge the next one.
// A value is at most kLongestValue bytes, six times that once escaped, and no field begins after kLongestLine.
constexpr std::size_t kLongestValue = 2048;
constexpr std::size_t kLongestLine = std::size_t{24} * 1024;

constexpr const char* kIdentifier = "simsyncd";

// Which form the lines of spdlog's default logger have. The logger itself cannot be asked.
std::atomic<LogFormat>& current_format() {
  static std::atomic<LogFormat> format{LogFormat::text};
  return format;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void install(LogLevel level, LogFormat format) {
  spdlog::sink_ptr sink;
  if (format == LogFormat::journal) {
    sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(kIdentifier);  // the journal knows time and level itself
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>(kIdentifier, std::move(sink));
  logger->set_pattern(
      format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc);
  logger->set_level(level_of(level));
  logger->flush_on(spdlog::level::trace);                // every line: the last one before a crash is the wanted one
  logger->set_error_handler([](const std::string&) {});  // where a line cannot be written, neither can the complaint
  spdlog::set_default_logger(std::move(logger));
  current_format() = format;
}

// Until configure is called: text at level info, instead of spdlog's own default on stdout.
void ensure_installed() {
  static const bool kInstalled = [] {
    install(LogLevel::info, LogFormat::text);
    return true;
  }();
  static_cast<void>(kInstalled);
}

// Keys come from the code; a slip there must not break the line either.
void append_key(std::string& out, std::string_view key) {
  for (const char c : key) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    out += plain ? c : '_';
  }
}

void append_string(std::string& out, std::string_view value, Escaping escaping) {
  out += '"';
  append_escaped(out, beginning(value, kLongestValue), escaping);
  out += value.size() > kLongestValue ? "…\"" : "\"";
}

std::string text_line(std::string_view event, Fields fields) {
  std::string line;
  append_escaped(line, beginning(event, kLongestValue), Escaping::text);
  for (const Field& field : fields) {
    if (line.size() > kLongestLine) return line += " cut=true";
    line += ' ';
    append_key(line, field.key);
    line += '=';
    const std::string& value = field.value;
    const bool bare = !value.empty() && value.size() <= kLongestValue &&
                      value.find_first_of(" =") == std::string::npos && !needs_escaping(value);
    if (bare) {
      line += value;
    } else {
      append_string(line, value, Escaping::text);
    }
  }
  return line;
}

// The members of the object after time and level, which the logger's pattern puts before them.
std::string json_members(std::string_view event, Fields fields) {
  std::string line = R"("event":)";
  append_string(line, event, Escaping::json);
  for (const Field& field : fields) {
    if (line.size() > kLongestLine) return line += R"(,"cut":"true")";
    line += ",\"";
    append_key(line, field.key);
    // A second member of that name would hide the true one from some readers.
    if (field.key == "time" || field.key == "level" || field.key == "event") line += '_';
    line += "\":";
    append_string(line, field.value, Escaping::json);
  }
  return line;
}

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) noexcept {
  try {
    ensure_installed();
    spdlog::logger* logger = spdlog::default_logger_raw();
    if (logger == nullptr || !logger->should_log(level)) return;
    const std::string line =
        current_format() == LogFormat::json ? json_members(event, fields) : text_line(event, fields);
    logger->log(level, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line is no reason to stop the sync
  }
}

}  // namespace

void configure(const LogConfig& config) {
  ensure_installed();
  if (config.format == current_format()) {
    spdlog::default_logger_raw()->set_level(level_of(config.level));
  } else {
    install(config.level, config.format);
  }
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, event, fields);
}

void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, event, fields);
}

void warning(std::string_view event, Fields fields) {
  write(spdlog::level::warn, event, fields);
}

void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, event, fields);
}

}  // namespace simsync::log
