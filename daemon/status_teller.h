// Keeps the line of `systemctl status` true. On a thread of its own: a database that is slow delays nothing else.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/project_figures.h"

namespace simsync {

class StatusTeller {
 public:
  // Tells at once, and then each 15 s.
  StatusTeller(std::unique_ptr<FiguresReader> figures, std::vector<std::string> projects);
  ~StatusTeller();

  // Both tell at once, set_note() also while the database does not answer; safe from any thread. `note` stands before
  // the figures; empty: none.
  void set_projects(std::vector<std::string> projects);
  void set_note(std::string note);

 private:
  void tell();
  [[nodiscard]] std::string line() const;

  const std::unique_ptr<FiguresReader> figures_;

  std::mutex mutex_;  // guards what follows, up to the thread
  std::condition_variable_any changed_;
  std::vector<std::string> projects_;
  std::string note_;
  std::string figures_line_;  // as they were told last
  bool told_ = false;         // what there is to tell

  std::jthread thread_;  // last: it uses what is above
};

}  // namespace simsync
