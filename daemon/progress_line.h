// One line on a terminal that says how far a pass is; nothing where stderr is not a terminal.
#pragma once

#include <chrono>
#include <string>

#include "sync/project_sync.h"

namespace simsync {

// Belongs to one thread.
class ProgressLine {
 public:
  explicit ProgressLine(std::string project);

  void walked(const WalkRecord& walk);
  void polled(const PollReport& polls);
  // Of about so many rows of a file; 0: nobody knows.
  void searched(std::uint64_t iccids, std::uint64_t rows, std::uint64_t found);
  // Removes the line, so that what is printed next stands alone.
  void clear();

 private:
  void show(const std::string& text);

  std::string project_;
  bool terminal_;
  std::chrono::steady_clock::time_point shown_at_{};
};

}  // namespace simsync
