// What bounds a transaction: locks, statements, silence, and a server that does not answer at all.
#include "storage/postgres_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/unit/storage/failure_of.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr TransactionBounds kShort{
    "SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '200ms'; "
    "SET LOCAL idle_in_transaction_session_timeout = '200ms'",
    std::chrono::seconds{2}};

class SessionTest : public testing::Test {
 protected:
  template <typename Body>
  StorageError error_of(const Body& body, const TransactionBounds& bounds = kShort) {
    try {
      session_.transact(bounds, body);
    } catch (const StorageError& error) {
      return error;
    }
    ADD_FAILURE() << "it went well";
    return {StorageFailure::other, ""};
  }
  std::string setting(const TransactionBounds& bounds, const std::string& name) {
    return session_.read(bounds, [&](pqxx::transaction_base& transaction) {
      return transaction.exec("SHOW " + name)[0][0].as<std::string>();
    });
  }

  ScratchDatabase database_{true};
  PostgresSession session_{database_.url()};
};

TEST_F(SessionTest, AStatementIsEndedWhenItTakesTooLong) {
  const StorageError error = error_of([](auto& transaction) { transaction.exec("SELECT pg_sleep(60)"); });
  EXPECT_EQ(error.failure(), StorageFailure::too_slow);
  EXPECT_TRUE(error.retryable());
  EXPECT_THAT(error.what(), HasSubstr("statement timeout"));
}

TEST_F(SessionTest, EachErrorIsTheFailureThatItsStateSays) {
  struct Case {
    const char* state;
    StorageFailure failure;
    const char* advice;
  };
  for (const Case& one :
       {Case{"40001", StorageFailure::conflict, ""}, Case{"40P01", StorageFailure::conflict, ""},
        Case{"42501", StorageFailure::denied, "docs/roles.md"},
        Case{"42P01", StorageFailure::schema, "simsyncd migrate"},
        Case{"42703", StorageFailure::schema, "simsyncd migrate"}, Case{"22021", StorageFailure::data, ""},
        Case{"54000", StorageFailure::data, ""}, Case{"57014", StorageFailure::too_slow, "overloaded"},
        Case{"53100", StorageFailure::unreachable, ""}, Case{"25006", StorageFailure::unreachable, ""},
        Case{"XX000", StorageFailure::other, ""}}) {
    SCOPED_TRACE(one.state);
    const StorageError error = error_of([&](auto& transaction) {
      transaction.exec("DO $$ BEGIN RAISE 'it is so' USING ERRCODE = '" + std::string{one.state} + "'; END $$");
    });
    EXPECT_EQ(error.failure(), one.failure);
    EXPECT_THAT(error.what(), HasSubstr("it is so"));
    EXPECT_THAT(error.what(), HasSubstr(one.advice));
  }
  EXPECT_EQ(setting(bounds::kWrite, "statement_timeout"), "30s") << "it goes on";
}

TEST_F(SessionTest, WhatIsNoErrorOfTheDatabaseIsAFailureToo) {
  const StorageError error = error_of([](auto&) { throw std::runtime_error("no memory"); });
  EXPECT_EQ(error.failure(), StorageFailure::other);
  EXPECT_THAT(error.what(), HasSubstr("no memory"));
  EXPECT_EQ(setting(bounds::kWrite, "statement_timeout"), "30s") << "on another connection";
}

TEST_F(SessionTest, EveryPurposeHasItsBounds) {
  EXPECT_EQ(setting(bounds::kWrite, "statement_timeout"), "30s");
  EXPECT_EQ(setting(bounds::kRead, "statement_timeout"), "2min");
  EXPECT_EQ(setting(bounds::kBeat, "statement_timeout"), "4s");
  EXPECT_EQ(setting(bounds::kPerson, "statement_timeout"), "15min");
  EXPECT_EQ(setting(bounds::kPerson, "idle_in_transaction_session_timeout"), "0");
  for (const TransactionBounds& bounds : {bounds::kWrite, bounds::kRead, bounds::kBeat, bounds::kWholeTables}) {
    EXPECT_EQ(setting(bounds, "lock_timeout"), "2s");
    EXPECT_EQ(setting(bounds, "idle_in_transaction_session_timeout"), "5s");
    EXPECT_GT(bounds.patience, 0s);
  }
}

TEST_F(SessionTest, TheRoleSettingDoesNotEndAMigration) {
  database_.run("ALTER DATABASE " + database_.value("SELECT current_database()") + " SET statement_timeout = '1s'");
  EXPECT_EQ(setting(bounds::kMigration, "statement_timeout"), "0");
}

// A lease is not outlived, whatever the transaction is: another daemon waits for the locks of this one.
TEST_F(SessionTest, SilenceInATransactionEndsTheSession) {
  const StorageError error = error_of([](auto& transaction) {
    std::this_thread::sleep_for(600ms);
    transaction.exec("SELECT 1");
  });
  EXPECT_EQ(error.failure(), StorageFailure::unreachable);
  EXPECT_EQ(setting(kShort, "application_name"), "simsyncd") << "the next one connects anew";
}

// The kernel goes on answering for a frozen process, so neither keep-alives nor the TCP time-out notice it.
TEST_F(SessionTest, AFrozenServerIsGivenUp) {
  pid_t backend = 0;
  const StorageError error = error_of([&](auto& transaction) {
    backend = transaction.exec("SELECT pg_backend_pid()")[0][0].template as<int>();
    if (kill(backend, SIGSTOP) != 0) throw std::runtime_error("not ours to stop");
    transaction.exec("SELECT 1");
  });
  kill(backend, SIGCONT);
  EXPECT_EQ(error.failure(), StorageFailure::unreachable) << error.what();
  EXPECT_THAT(error.what(), HasSubstr("nothing came from the server for too long"));
  EXPECT_TRUE(error.retryable());
}

// Each part comes in time, all of them together do not.
TEST_F(SessionTest, ALongAnswerThatComesInPartsIsNotCutOff) {
  constexpr TransactionBounds kParts{"SET LOCAL statement_timeout = '10s'", std::chrono::seconds{2}};
  session_.read(kParts, [&](pqxx::transaction_base& transaction) {
    transaction.exec("DECLARE slow NO SCROLL CURSOR FOR SELECT i, pg_sleep(0.8) FROM generate_series(1, 4) AS i");
    int parts = 0;
    while (!session_.fetch(transaction, "FETCH 1 FROM slow").empty()) ++parts;
    EXPECT_EQ(parts, 4);
  });
}

class EndedWhileIdle : public SessionTest {
 protected:
  struct Counter : SessionObserver {
    void failed(StorageFailure failure) override { failures.push_back(failure); }
    std::vector<StorageFailure> failures;
  };

  int backend() {
    return observed_.transact([](pqxx::transaction_base& transaction) {
      return transaction.exec("SELECT pg_backend_pid()")[0][0].as<int>();
    });
  }
  void end(int backend) {
    database_.run("SELECT pg_terminate_backend(" + std::to_string(backend) + ")");
    while (database_.value("SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(backend)) != "0") {
      std::this_thread::sleep_for(5ms);
    }
  }

  Counter counter_;
  PostgresSession observed_{database_.url(), &counter_};
};

// By an administrator, by idle_session_timeout, or by a pooler: nothing was under way, and nobody hears of it.
TEST_F(EndedWhileIdle, ConnectsAnewWithoutAFailure) {
  for (int i = 0; i < 3; ++i) {
    const int former = backend();
    end(former);
    EXPECT_NE(backend(), former);
  }
  EXPECT_THAT(counter_.failures, testing::IsEmpty());
}

// libpqxx throws a plain failure where libpq could not even begin to send.
TEST_F(EndedWhileIdle, AConnectionThatIsGoneIsLostWhateverIsThrown) {
  const auto failure = [&](const auto& thrown) {
    return failure_of([&] {
      observed_.transact([&](pqxx::transaction_base& transaction) {
        end(transaction.exec("SELECT pg_backend_pid()")[0][0].as<int>());
        try {
          transaction.exec("SELECT 1");
        } catch (const std::exception&) {
          throw thrown;
        }
      });
    });
  };
  EXPECT_EQ(failure(pqxx::failure{"server closed the connection unexpectedly"}), StorageFailure::unreachable);
  EXPECT_EQ(failure(pqxx::sql_error{"no connection to the server"}), StorageFailure::unreachable);
  EXPECT_NE(backend(), 0);
}

TEST_F(EndedWhileIdle, WhereNothingCanBeReachedThatIsOneFailure) {
  backend();
  const std::string name = database_.value("SELECT current_database()");
  const ScratchDatabase other{true};
  other.run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false");
  other.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'");
  EXPECT_THROW(backend(), StorageError);
  EXPECT_THAT(counter_.failures, testing::ElementsAre(StorageFailure::unreachable));
  other.run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true");
  EXPECT_NE(backend(), 0);
}

// Within a transaction that is another matter: what it did is gone, and only its caller can do it again.
TEST_F(EndedWhileIdle, WithinATransactionItIsAFailure) {
  int runs = 0;
  EXPECT_THROW(observed_.transact([&](pqxx::transaction_base& transaction) {
    ++runs;
    end(transaction.exec("SELECT pg_backend_pid()")[0][0].as<int>());
    transaction.exec("SELECT 1");
  }),
               StorageError);
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(counter_.failures, testing::ElementsAre(StorageFailure::unreachable));
}

// PostgreSQL 17 and later.
TEST_F(SessionTest, TheTransactionTimeoutOfOthersDoesNotEndOurs) {
  if (std::stoi(database_.value("SHOW server_version_num")) < 170'000) GTEST_SKIP() << "the server has none";
  database_.run("ALTER DATABASE " + database_.value("SELECT current_database()") +
                " SET transaction_timeout = '500ms'");
  for (const TransactionBounds& bounds : {bounds::kWrite, bounds::kRead, bounds::kPerson, bounds::kMigration}) {
    EXPECT_EQ(setting(bounds, "transaction_timeout"), "0");
  }
  session_.transact([](pqxx::transaction_base& transaction) { transaction.exec("SELECT pg_sleep(1)"); });
  const StorageError error = error_of([](auto& transaction) {
    transaction.exec("SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = '200ms'");
    transaction.exec("SELECT pg_sleep(60)");
  });
  // libpqxx 6 says of what ends the session no more than that it ended.
  EXPECT_TRUE(error.failure() == StorageFailure::too_slow || error.failure() == StorageFailure::unreachable)
      << error.what();
}

// Also of one without a lease, such as about alerts: it may hold what a successor needs.
TEST(Session, WhoWritesKeepsNoLocksWhileFrozenAndSeesWhatWasCommittedBeforeEachStatement) {
  const ScratchDatabase database{true};
  database.run("ALTER DATABASE " + database.value("SELECT current_database()") +
               " SET default_transaction_isolation = 'serializable'");
  PostgresSession session{database.url()};
  session.transact([](pqxx::transaction_base& transaction) {
    EXPECT_EQ(transaction.exec("SHOW idle_in_transaction_session_timeout")[0][0].as<std::string>(), "5s");
    EXPECT_EQ(transaction.exec("SHOW lock_timeout")[0][0].as<std::string>(), "2s");
    EXPECT_EQ(transaction.exec("SHOW transaction_isolation")[0][0].as<std::string>(), "read committed");
  });
}

}  // namespace
}  // namespace simsync
