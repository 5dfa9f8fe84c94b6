// A database of its own for each test, on the server that SIMSYNC_TEST_DATABASE names.
#pragma once

#include <string>
#include <vector>

namespace simsync {

class ScratchDatabase {
 public:
  // Migrated unless `bare`.
  explicit ScratchDatabase(bool bare = false);
  ~ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

  // The rows of a query, each as its columns joined by '|', null as "null".
  std::vector<std::string> rows(const std::string& sql) const;
  // The first column of the first row.
  std::string value(const std::string& sql) const;
  void run(const std::string& sql) const;

 private:
  std::string server_;
  std::string name_;
  std::string url_;
};

}  // namespace simsync
