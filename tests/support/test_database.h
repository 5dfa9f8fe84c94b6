// A database of the test's own, on the server that SIMSYNC_TEST_DATABASE names (test.sh starts a private one). Refuses
// to run without it: a test that is silently skipped proves nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace simsync::test {

using DatabaseRow = std::vector<std::optional<std::string>>;

// Belongs to one thread. All functions throw std::exception when the database refuses.
class TestDatabase {
 public:
  TestDatabase();                                 // creates it, empty
  explicit TestDatabase(std::string server_url);  // the same on another server
  ~TestDatabase();                                // drops it, whoever is connected, and the roles it made
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  // The same with another role, or another database of the server.
  [[nodiscard]] std::string url_as(const std::string& role) const;
  [[nodiscard]] std::string url_of(const std::string& database) const;

  // Makes a role that may log in and nothing else; returns its name.
  std::string make_role();

  [[nodiscard]] std::vector<DatabaseRow> rows(const std::string& sql,
                                              const std::vector<std::string>& parameters = {}) const;
  // The first column of the only row; "null" for null.
  [[nodiscard]] std::string value(const std::string& sql, const std::vector<std::string>& parameters = {}) const;
  [[nodiscard]] long number(const std::string& sql, const std::vector<std::string>& parameters = {}) const;
  void run(const std::string& sql) const;

  // After the server was away.
  void reconnect();

  // Ends every session of the database but the test's own; returns how many.
  [[nodiscard]] long end_other_sessions() const;

 private:
  struct Connection;

  std::string server_;
  std::string name_;
  std::string url_;
  std::vector<std::string> roles_;
  std::unique_ptr<Connection> connection_;
};

// A statement carried out in a transaction that stays open, with its locks, as long as this lives.
class OpenTransaction {
 public:
  OpenTransaction(const TestDatabase& database, const std::string& sql);
  ~OpenTransaction();
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace simsync::test
