#include "tests/support/test_database.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <pqxx/pqxx>
#include <stdexcept>

#include "storage/pqxx_compat.h"

namespace simsync::test {
namespace {

std::string server_url() {
  const char* url = std::getenv("SIMSYNC_TEST_DATABASE");
  if (url == nullptr || *url == '\0') {
    throw std::runtime_error(
        "SIMSYNC_TEST_DATABASE is not set; run these tests by ./test.sh, or set it to a server's "
        "URI such as postgresql://postgres@127.0.0.1:5432/postgres");
  }
  return url;
}

// Of `postgresql://user@host:port/name?options` with everything but the host optional.
std::string with_database(const std::string& url, const std::string& name) {
  const std::size_t options = url.find('?');
  const std::string head = url.substr(0, options);
  const std::size_t authority = head.find("//");
  const std::size_t slash = authority == std::string::npos ? authority : head.find('/', authority + 2);
  return head.substr(0, slash) + "/" + name + (options == std::string::npos ? "" : url.substr(options));
}

std::string unique_name(const std::string& prefix) {
  static std::atomic<int> count = 0;
  return prefix + std::to_string(getpid()) + "_" + std::to_string(count++);
}

}  // namespace

struct TestDatabase::Connection {
  explicit Connection(const std::string& url) : connection(url) {}
  pqxx::connection connection;
};

TestDatabase::TestDatabase() : TestDatabase(server_url()) {}

TestDatabase::TestDatabase(std::string server_url)
    : server_(std::move(server_url)), name_(unique_name("simsyncd_test_")), url_(with_database(server_, name_)) {
  pqxx::connection server{server_};
  pqxx::nontransaction transaction{server};
  transaction.exec("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  transaction.exec("CREATE DATABASE " + name_ + " ENCODING 'UTF8' TEMPLATE template0");
  connection_ = std::make_unique<Connection>(url_);
}

TestDatabase::~TestDatabase() {
  try {
    connection_.reset();
    pqxx::connection server{server_};
    pqxx::nontransaction transaction{server};
    transaction.exec("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    for (const std::string& role : roles_) transaction.exec("DROP ROLE IF EXISTS " + role);
  } catch (const std::exception&) {
    // The server goes with the test run; a database left behind in it does no harm.
  }
}

std::string TestDatabase::url_as(const std::string& role) const {
  const std::size_t begin = url_.find("//") + 2;
  const std::size_t at = url_.find('@', begin);
  return url_.substr(0, begin) + role + "@" + url_.substr(at == std::string::npos ? begin : at + 1);
}

std::string TestDatabase::url_of(const std::string& database) const {
  return with_database(url_, database);
}

std::string TestDatabase::make_role() {
  roles_.push_back(unique_name("simsyncd_role_"));
  run("CREATE ROLE " + roles_.back() + " LOGIN");
  return roles_.back();
}

std::vector<DatabaseRow> TestDatabase::rows(const std::string& sql, const std::vector<std::string>& parameters) const {
  if (!connection_) throw std::runtime_error("there was no server at the last reconnect()");
  pqxx::work transaction{connection_->connection};
  const pqxx::result result = parameters.empty() ? transaction.exec(sql) : exec_with(transaction, sql, parameters);
  std::vector<DatabaseRow> all;
  for (const auto& row : result) {
    DatabaseRow& values = all.emplace_back();
    for (const auto& field : row) {
      values.push_back(field.is_null() ? std::nullopt : std::optional<std::string>{field.c_str()});
    }
  }
  transaction.commit();
  return all;
}

std::string TestDatabase::value(const std::string& sql, const std::vector<std::string>& parameters) const {
  const std::vector<DatabaseRow> all = rows(sql, parameters);
  if (all.size() != 1 || all[0].empty()) throw std::runtime_error("not one row: " + sql);
  return all[0][0].value_or("null");
}

long TestDatabase::number(const std::string& sql, const std::vector<std::string>& parameters) const {
  return std::stol(value(sql, parameters));
}

void TestDatabase::run(const std::string& sql) const {
  static_cast<void>(rows(sql));
}

void TestDatabase::reconnect() {
  connection_.reset();
  connection_ = std::make_unique<Connection>(url_);
}

long TestDatabase::end_other_sessions() const {
  return number(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

struct OpenTransaction::Parts {
  explicit Parts(const std::string& url) : connection(url), transaction(connection) {}
  pqxx::connection connection;
  pqxx::work transaction;
};

OpenTransaction::OpenTransaction(const TestDatabase& database, const std::string& sql)
    : parts_(std::make_unique<Parts>(database.url())) {
  parts_->transaction.exec(sql);
}

OpenTransaction::~OpenTransaction() = default;

}  // namespace simsync::test
