#include "storage/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "storage/database_check.h"
#include "storage/storage_error.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Migrator, AppliesEachOnce) {
  const ScratchDatabase database{true};
  EXPECT_EQ(schema_state(database.url()).version, 0);
  EXPECT_THAT(migrate(database.url()), Not(IsEmpty()));
  EXPECT_THAT(migrate(database.url()), IsEmpty());
  EXPECT_EQ(schema_state(database.url()).version, schema_state(database.url()).known);
  EXPECT_NO_THROW(require_current_schema(database.url()));
}

TEST(Migrator, TwoAtOnceDoItOnce) {
  const ScratchDatabase database{true};
  std::atomic<std::size_t> applied = 0;
  {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 4; ++i) programs.emplace_back([&] { applied += migrate(database.url()).size(); });
  }
  EXPECT_EQ(static_cast<int>(applied), schema_state(database.url()).known);
}

TEST(Migrator, RefusesADatabaseThatIsNewer) {
  const ScratchDatabase database;
  database.run("INSERT INTO simsync.schema_migration VALUES (999, '999_future')");
  for (const auto& refuse :
       {+[](const std::string& url) { migrate(url); }, +[](const std::string& url) { require_current_schema(url); }}) {
    try {
      refuse(database.url());
      ADD_FAILURE() << "accepted";
    } catch (const StorageError& error) {
      EXPECT_EQ(error.failure(), StorageFailure::schema);
      EXPECT_THAT(error.what(), HasSubstr("999"));
    }
  }
}

TEST(Migrator, InsistsOnACurrentSchema) {
  const ScratchDatabase database{true};
  EXPECT_THROW(require_current_schema(database.url()), StorageError);
}

TEST(DatabaseCheck, NamesTheMissingRights) {
  const ScratchDatabase database;
  EXPECT_THAT(check_database(database.url()).missing_rights, IsEmpty());
  const std::string role = "weak_" + database.value("SELECT current_database()");
  database.run("CREATE ROLE " + role + " LOGIN");
  std::string url = database.url();
  url.replace(url.find("//") + 2, url.find('@') - url.find("//") - 2, role);
  try {
    // A role that may not even look into the schema.
    check_database(url);
    ADD_FAILURE() << "accepted";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::denied) << error.what();
  }
  database.run("GRANT USAGE ON SCHEMA simsync TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA simsync TO " +
               role);
  const std::string missing = check_database(url).missing_rights;
  EXPECT_THAT(missing, HasSubstr("insert in simsync.sim"));
  EXPECT_THAT(missing, Not(HasSubstr("select")));
  database.run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace simsync
