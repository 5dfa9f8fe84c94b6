#include "tests/bench/longest_transaction.h"

#include <chrono>
#include <utility>

namespace simsync::bench {
namespace {

constexpr std::chrono::milliseconds kPause{50};
constexpr char kSample[] = R"(
SELECT extract(epoch FROM clock_timestamp() - xact_start), regexp_replace(left(query, 60), '\s+', ' ', 'g')
FROM pg_stat_activity WHERE application_name = 'simsyncd' AND xact_start IS NOT NULL
ORDER BY xact_start LIMIT 1)";

}  // namespace

LongestTransaction::LongestTransaction()
    : thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          sample();
          std::this_thread::sleep_for(kPause);
        }
      }) {}

void LongestTransaction::sample() {
  const auto rows = database_.rows(kSample);
  if (rows.empty()) return;
  const double seconds = std::stod(rows[0][0].value_or("0"));
  const std::lock_guard lock{mutex_};
  if (seconds <= seconds_) return;
  seconds_ = seconds;
  statement_ = rows[0][1].value_or("");
}

Figure LongestTransaction::take(const std::string& what) {
  const std::lock_guard lock{mutex_};
  Figure figure{what + ", longest transaction (at: " + statement_ + ")", number(seconds_, 2, "s"), "", "", "under 5 s"};
  seconds_ = 0;
  statement_.clear();
  return figure;
}

}  // namespace simsync::bench
