#include "daemon/progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace simsync {
namespace {

constexpr std::chrono::milliseconds kBetween{100};

}  // namespace

ProgressLine::ProgressLine(std::string project) : project_(std::move(project)), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::walked(const WalkRecord& walk) {
  show("walk: " + std::to_string(walk.sims) + " SIMs on " + std::to_string(walk.pages) + " pages, " +
       std::to_string(walk.created) + " new, " + std::to_string(walk.changed) + " changed");
}

void ProgressLine::polled(const PollReport& polls) {
  show("profiles: " + std::to_string(polls.polled + polls.failed) + " of " + std::to_string(polls.watched) + ", " +
       std::to_string(polls.transitions) + " transitions");
}

void ProgressLine::searched(std::uint64_t iccids, std::uint64_t rows, std::uint64_t found) {
  const std::string share =
      rows == 0 ? "" : " (" + std::to_string(std::min<std::uint64_t>(100, 100 * iccids / rows)) + " %)";
  show(std::to_string(iccids) + " ICCIDs" + share + ", " + std::to_string(found) + " found");
}

void ProgressLine::clear() {
  if (terminal_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressLine::show(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - shown_at_ < kBetween) return;
  shown_at_ = now;
  std::cerr << "\r\033[K" << project_ << ' ' << text << std::flush;
}

}  // namespace simsync
