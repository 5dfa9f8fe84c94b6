#include "daemon/http/process_metrics.h"

#include <dirent.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace simsync {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct Stat {
  double cpu_ticks = 0;
  double start_ticks = 0;  // since the machine started
  double resident_pages = 0;
};

// proc(5): the name in parentheses may hold anything, so the fields are counted from the last of these.
std::optional<Stat> read_stat() {
  std::ifstream file{"/proc/self/stat"};
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields{text.substr(name_end + 1)};
  Stat stat;
  constexpr int kFirst = 3, kUserTicks = 14, kSystemTicks = 15, kStart = 22, kResident = 24;
  std::string field;
  for (int number = kFirst; fields >> field && number <= kResident; ++number) {
    if (number == kUserTicks || number == kSystemTicks) stat.cpu_ticks += std::stod(field);
    if (number == kStart) stat.start_ticks = std::stod(field);
    if (number == kResident) {
      stat.resident_pages = std::stod(field);
      return stat;
    }
  }
  return std::nullopt;
}

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// /proc/stat, which has the time of the start, is hidden from the service. What was read first is kept, so that the
// figure does not waver when somebody sets the clock.
double machine_start() {
  static const double start = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
  return start;
}

std::optional<double> open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir("/proc/self/fd"), &::closedir};
  if (!directory) return std::nullopt;
  double count = -1;  // without that of the directory itself
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

MetricFamily family(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = metric.gauge.value = value;
  return {name, help, type, {metric}};
}

}  // namespace

std::vector<MetricFamily> process_metrics() {
  std::vector<MetricFamily> families;
  if (const auto stat = read_stat()) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    families.push_back(family("process_start_time_seconds", "When the process started, in seconds since 1970.",
                              MetricType::Gauge, machine_start() + stat->start_ticks / ticks));
    families.push_back(
        family("process_cpu_seconds_total", "CPU time of the process.", MetricType::Counter, stat->cpu_ticks / ticks));
    families.push_back(family("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
                              stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE))));
  }
  if (const auto count = open_descriptors()) {
    families.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, *count));
  }
  return families;
}

}  // namespace simsync
