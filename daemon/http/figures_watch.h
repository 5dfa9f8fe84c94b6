// What the database last said of the projects, for whoever must not wait for it: the metrics, the status page and the
// readiness. A thread asks again and again; everybody else takes what it found, with its age.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "storage/project_figures.h"

namespace simsync {

struct Figures {
  std::vector<ProjectFigures> projects;  // in the order of the configuration
  std::vector<InventoryGroup> inventory;
  std::optional<TimePoint> read_at;              // when the database last answered; never: nothing is known
  std::optional<std::chrono::milliseconds> age;  // of that, by a clock that nobody sets
  std::string error;                             // why it did not when it was last asked; empty: it did
};

class FiguresWatch {
 public:
  using Open = std::function<std::unique_ptr<FiguresReader>()>;

  // `open` is called from the thread, again after a failure; it may throw StorageError. Starts the thread.
  FiguresWatch(Open open, std::vector<std::string> projects, std::chrono::milliseconds every = std::chrono::seconds{5});
  // Ends once the database has answered what it was asked.
  ~FiguresWatch() = default;
  FiguresWatch(const FiguresWatch&) = delete;
  FiguresWatch& operator=(const FiguresWatch&) = delete;

  // Other projects from now on. Safe from any thread.
  void watch(std::vector<std::string> projects);

  // Never waits for the database. Safe from any thread; what it points to never changes.
  [[nodiscard]] std::shared_ptr<const Figures> latest() const;

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  void look();
  void keep(std::shared_ptr<const Figures> figures, std::optional<Clock::time_point> read);

  const Open open_;
  const std::chrono::milliseconds every_;
  std::unique_ptr<FiguresReader> reader_;  // of the thread

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::vector<std::string> projects_;
  bool anew_ = false;  // the projects are others
  std::shared_ptr<const Figures> figures_ = std::make_shared<Figures>();
  std::optional<Clock::time_point> read_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace simsync
