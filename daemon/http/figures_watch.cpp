#include "daemon/http/figures_watch.h"

#include <exception>
#include <utility>

namespace simsync {

FiguresWatch::FiguresWatch(Open open, std::vector<std::string> projects, std::chrono::milliseconds every)
    : open_(std::move(open)),
      every_(every),
      projects_(std::move(projects)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void FiguresWatch::watch(std::vector<std::string> projects) {
  {
    const std::lock_guard lock{mutex_};
    projects_ = std::move(projects);
    anew_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<const Figures> FiguresWatch::latest() const {
  const std::lock_guard lock{mutex_};
  if (!read_) return figures_;
  auto aged = std::make_shared<Figures>(*figures_);
  aged->age = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - *read_);
  return aged;
}

void FiguresWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    look();
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, every_, [this] { return anew_; });
    anew_ = false;
  }
}

void FiguresWatch::look() {
  std::vector<std::string> projects;
  {
    const std::lock_guard lock{mutex_};
    projects = projects_;
  }
  auto figures = std::make_shared<Figures>();
  try {
    if (!reader_) reader_ = open_();
    // What is true now was so when it was asked, at the latest.
    const Clock::time_point asked = Clock::now();
    figures->read_at = wall_clock();
    figures->projects = reader_->read(projects);
    figures->inventory = reader_->read_inventory(projects);
    keep(std::move(figures), asked);
  } catch (const std::exception& error) {
    // Whatever it is, it must not end the service: it is shown, and tried again.
    reader_.reset();
    *figures = *latest();
    figures->error = error.what();
    keep(std::move(figures), std::nullopt);
  }
}

// Without `read` the time of the last answer stays.
void FiguresWatch::keep(std::shared_ptr<const Figures> figures, std::optional<Clock::time_point> read) {
  const std::lock_guard lock{mutex_};
  figures_ = std::move(figures);
  if (read) read_ = read;
}

}  // namespace simsync
