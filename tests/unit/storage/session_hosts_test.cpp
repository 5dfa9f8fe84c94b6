// Which of several hosts a session goes to.
#include "storage/postgres_session.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "storage/database_check.h"
#include "tests/support/pooler.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

// Accepts connections and closes them at once, like a pooler whose server is away.
class Doorman {
 public:
  Doorman() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread{[this] {
      for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) ++turned_away_;
    }};
  }
  ~Doorman() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Doorman(const Doorman&) = delete;
  Doorman& operator=(const Doorman&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int turned_away() const { return turned_away_; }

 private:
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  int port_ = 0;
  std::atomic<int> turned_away_ = 0;
  std::jthread thread_;
};

int answer(PostgresSession& session) {
  return session.read([](pqxx::transaction_base& transaction) { return transaction.exec("SELECT 1")[0][0].as<int>(); });
}

TEST(Session, GoesToTheNextHostWhereTheFirstOneAcceptsAndDoesNotServe) {
  const ScratchDatabase database{true};
  const Doorman doorman;
  const std::string url = database.url();
  const std::size_t host = url.find('@') + 1;
  PostgresSession session{url.substr(0, host) + "127.0.0.1:" + std::to_string(doorman.port()) + "," + url.substr(host)};
  EXPECT_EQ(answer(session), 1);
  EXPECT_EQ(answer(session), 1);
  EXPECT_EQ(doorman.turned_away(), 1);
}

class BehindPooler : public testing::Test {
 protected:
  // As a promotion does, or its opposite: every session of the server ends.
  void take_writes(bool does) {
    database_.run("SET TRANSACTION READ WRITE; ALTER DATABASE " + name_ +
                  " SET default_transaction_read_only = " + (does ? "off" : "on"));
    const std::string others = " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database_.run("SELECT pg_terminate_backend(pid)" + others);
    EXPECT_TRUE(test::eventually([&] { return database_.value("SELECT count(*)" + others) == "0"; }));
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(pooler_.port()); }
  [[nodiscard]] std::string url(const std::string& attributes) const {
    return "postgresql://postgres@" + address() + "/" + name_ + "?target_session_attrs=" + attributes;
  }

  const ScratchDatabase database_{true};
  const std::string name_ = database_.value("SELECT current_database()");
  const std::string server_ = database_.url().substr(0, database_.url().rfind('/'));
  const test::Pooler pooler_{std::stoi(server_.substr(server_.rfind(':') + 1))};
};

TEST_F(BehindPooler, AServerIsTakenThatTakesWritesByNow) {
  take_writes(false);
  ASSERT_TRUE(pooler_.meet(name_));
  take_writes(true);
  for (const char* attributes : {"read-write", "primary"}) {
    PostgresSession session{url(attributes)};
    EXPECT_EQ(answer(session), 1) << attributes;
    EXPECT_EQ(check_database(url(attributes)).encryption, "") << attributes;
  }
}

TEST_F(BehindPooler, AServerIsNotTakenThatNoMoreTakesWrites) {
  ASSERT_TRUE(pooler_.meet(name_));
  take_writes(false);
  PostgresSession session{url("read-write")};
  try {
    answer(session);
    ADD_FAILURE() << "it goes there";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::unreachable);
    EXPECT_THAT(error.what(), testing::HasSubstr("the server at " + address() + " does not take writes"));
  }
}

}  // namespace
}  // namespace simsync
