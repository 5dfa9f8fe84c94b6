#define SD_JOURNAL_SUPPRESS_LOCATION  // it would always name this file
#include "config/log_sinks.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <mutex>

#include "config/log_line.h"

namespace simsync::log {
namespace {

class JournalSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit JournalSink(const std::string& identifier) : identifier_("SYSLOG_IDENTIFIER=" + identifier) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string priority = "PRIORITY=" + std::to_string(priority_of(message.level));
    std::vector<iovec> parts;
    const auto add = [&parts](std::string_view field) {
      // libsystemd only reads it.
      parts.push_back(
          {const_cast<char*>(field.data()), field.size()});  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    };
    for (const std::string_view field : unpacked({message.payload.data(), message.payload.size()})) add(field);
    add(priority);
    add(identifier_);
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }
  void flush_() override {}

 private:
  const std::string identifier_;
};

class PriorityPrefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& out) override {
    const std::array<char, 3> prefix = {'<', static_cast<char>('0' + priority_of(message.level)), '>'};
    out.append(prefix.data(), prefix.data() + prefix.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityPrefix>();
  }
};

}  // namespace

int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::err:
    case spdlog::level::critical:
      return 3;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::info:
      return 6;
    default:
      return 7;
  }
}

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

spdlog::sink_ptr journal_sink(const std::string& identifier) {
  return std::make_shared<JournalSink>(identifier);
}

std::unique_ptr<spdlog::formatter> line_formatter(const std::string& pattern, bool with_priority) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<PriorityPrefix>('*').set_pattern((with_priority ? "%*" : "") + pattern);
  return formatter;
}

}  // namespace simsync::log
