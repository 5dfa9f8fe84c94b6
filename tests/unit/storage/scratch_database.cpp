#include "tests/unit/storage/scratch_database.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <pqxx/pqxx>
#include <stdexcept>

#include "storage/migrator.h"

namespace simsync {
namespace {

std::string server_url() {
  const char* url = std::getenv("SIMSYNC_TEST_DATABASE");
  if (url == nullptr) throw std::runtime_error("SIMSYNC_TEST_DATABASE is not set; run these tests by ./test.sh");
  return url;
}

std::string with_database(const std::string& url, const std::string& name) {
  return url.substr(0, url.rfind('/') + 1) + name;
}

}  // namespace

ScratchDatabase::ScratchDatabase(bool bare) : server_(server_url()) {
  static std::atomic<int> count = 0;
  name_ = "scratch_" + std::to_string(getpid()) + "_" + std::to_string(count++);
  url_ = with_database(server_, name_);
  pqxx::connection server{server_};
  pqxx::nontransaction{server}.exec("CREATE DATABASE " + name_);
  if (!bare) migrate(url_);
}

ScratchDatabase::~ScratchDatabase() {
  try {
    pqxx::connection server{server_};
    pqxx::nontransaction{server}.exec("DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server goes with the test run; a database left behind in it does no harm.
  }
}

std::vector<std::string> ScratchDatabase::rows(const std::string& sql) const {
  pqxx::connection connection{url_};
  pqxx::work transaction{connection};
  std::vector<std::string> lines;
  for (const auto& row : transaction.exec(sql)) {
    std::string line;
    for (int column = 0; column < static_cast<int>(row.size()); ++column) {
      if (column > 0) line += '|';
      line += row[column].is_null() ? "null" : row[column].c_str();
    }
    lines.push_back(line);
  }
  transaction.commit();
  return lines;
}

std::string ScratchDatabase::value(const std::string& sql) const {
  const std::vector<std::string> all = rows(sql);
  return all.empty() ? "" : all.front().substr(0, all.front().find('|'));
}

void ScratchDatabase::run(const std::string& sql) const {
  rows(sql);
}

}  // namespace simsync
