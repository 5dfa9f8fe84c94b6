#include "daemon/status_teller.h"

#include <chrono>
#include <utility>

#include "config/log.h"
#include "daemon/service_manager.h"
#include "daemon/status_line.h"
#include "sync/process_identity.h"

namespace simsync {
namespace {

constexpr std::chrono::seconds kPause{15};

}  // namespace

StatusTeller::StatusTeller(std::unique_ptr<FiguresReader> figures, std::vector<std::string> projects)
    : figures_(std::move(figures)), projects_(std::move(projects)), thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          tell();
          std::unique_lock lock{mutex_};
          changed_.wait_for(lock, stop, kPause, [this] { return !told_; });
        }
      }) {}

StatusTeller::~StatusTeller() = default;

void StatusTeller::set_projects(std::vector<std::string> projects) {
  const std::lock_guard lock{mutex_};
  projects_ = std::move(projects);
  told_ = false;
  changed_.notify_all();
}

void StatusTeller::set_note(std::string note) {
  const std::lock_guard lock{mutex_};
  note_ = std::move(note);
  told_ = false;
  changed_.notify_all();
  service_manager::status(line());
}

// With mutex_ held.
std::string StatusTeller::line() const {
  return note_.empty() || figures_line_.empty() ? note_ + figures_line_ : note_ + "; " + figures_line_;
}

void StatusTeller::tell() {
  log::tell_repeats();
  std::vector<std::string> projects;
  {
    const std::lock_guard lock{mutex_};
    projects = projects_;
    told_ = true;
  }
  std::string figures;
  try {
    figures = status_line(figures_->read(projects), this_host(), wall_clock());
  } catch (const StorageError& error) {
    figures = std::string{"waits for the database: "} + error.what();
  }
  const std::lock_guard lock{mutex_};
  figures_line_ = std::move(figures);
  service_manager::status(line());
}

}  // namespace simsync
