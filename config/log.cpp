#include "config/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "config/log_line.h"
#include "config/log_repeats.h"
#include "config/log_sinks.h"

namespace simsync::log {

namespace {

constexpr const char* kIdentifier = "simsyncd";

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

// Writes lines of one format. Once made it is there until the program ends, so whoever writes needs no lock.
class Writer {
 public:
  explicit Writer(LogFormat format) : format_(format), logger_(kIdentifier, sink_for(format)) {
    logger_.set_formatter(formatter_for(format));
    logger_.flush_on(spdlog::level::trace);                // every line: the last one before a crash is the wanted one
    logger_.set_error_handler([](const std::string&) {});  // where a line cannot be written, neither can the complaint
  }

  void set_level(LogLevel level) { logger_.set_level(level_of(level)); }
  [[nodiscard]] bool takes(spdlog::level::level_enum level) const { return logger_.should_log(level); }

  void write(spdlog::level::level_enum level, std::string_view event, std::span<const Field> fields) {
    const std::string line = format_ == LogFormat::json      ? json_members(event, fields)
                             : format_ == LogFormat::journal ? packed(journal_fields(event, fields))
                                                             : text_line(event, fields);
    logger_.log(level, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  static spdlog::sink_ptr sink_for(LogFormat format) {
    if (format == LogFormat::journal) return journal_sink(kIdentifier);
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  static std::unique_ptr<spdlog::formatter> formatter_for(LogFormat format) {
    return line_formatter(format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                                    : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                          stderr_is_journal());
  }

  const LogFormat format_;
  spdlog::logger logger_;
};

class Log {
 public:
  Log() { configure({}); }

  void configure(const LogConfig& config) {
    const std::lock_guard lock{mutex_};
    std::unique_ptr<Writer>& writer = writers_.at(static_cast<std::size_t>(config.format));
    if (!writer) writer = std::make_unique<Writer>(config.format);
    writer->set_level(config.level);
    writer_ = writer.get();
  }

  [[nodiscard]] bool takes(spdlog::level::level_enum level) const { return writer_.load()->takes(level); }

  void write(spdlog::level::level_enum level, std::string_view event, std::span<const Field> fields) {
    writer_.load()->write(level, event, fields);
  }

  // Whether it is the first of its kind, or the first for a while.
  bool is_news(spdlog::level::level_enum level, std::string_view event, std::span<const Field> fields) {
    const std::lock_guard lock{mutex_};
    const bool say = repeats_.came(level, event, fields, Repeats::Clock::now());
    next_due_ = repeats_.next_due();
    return say;
  }

  void tell_repeats() {
    if (Repeats::Clock::now() >= next_due_.load(std::memory_order_relaxed)) tell_repeats(Repeats::Clock::now());
  }

  void tell_repeats(Repeats::TimePoint due) {
    std::vector<Repeats::Summary> summaries;
    {
      const std::lock_guard lock{mutex_};
      summaries = repeats_.due(due);
      next_due_ = repeats_.next_due();
    }
    for (const Repeats::Summary& summary : summaries) {
      const auto level = static_cast<spdlog::level::level_enum>(summary.level);
      if (takes(level)) write(level, summary.event, summary.all_fields());
    }
  }

 private:
  std::atomic<Writer*> writer_ = nullptr;  // of writers_, the present one
  std::atomic<Repeats::TimePoint> next_due_ = Repeats::TimePoint::max();
  std::mutex mutex_;
  std::array<std::unique_ptr<Writer>, 3> writers_;  // guarded by mutex_
  Repeats repeats_;                                 // guarded by mutex_
};

Log& the_log() {
  static Log log;
  return log;
}

enum class Again { written, counted };

void write(spdlog::level::level_enum level, std::string_view event, Fields fields, Again again) noexcept {
  try {
    Log& log = the_log();
    log.tell_repeats();
    if (!log.takes(level)) return;
    const std::span<const Field> all{fields.begin(), fields.size()};
    if (again == Again::counted && !log.is_news(level, event, all)) return;
    log.write(level, event, all);
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line is no reason to stop the sync
  }
}

void tell(Repeats::TimePoint due) noexcept {
  try {
    the_log().tell_repeats(due);
  } catch (...) {  // NOLINT(bugprone-empty-catch): as above
  }
}

}  // namespace

void configure(const LogConfig& config) {
  the_log().configure(config);
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, event, fields, Again::written);
}

void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, event, fields, Again::written);
}

void warning(std::string_view event, Fields fields) {
  write(spdlog::level::warn, event, fields, Again::counted);
}

void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, event, fields, Again::counted);
}

void recovered(std::string_view event, Fields fields) {
  write(spdlog::level::info, event, fields, Again::counted);
}

void tell_repeats() {
  tell(Repeats::Clock::now());
}

void tell_repeats_now() {
  tell(Repeats::TimePoint::max());
}

}  // namespace simsync::log
