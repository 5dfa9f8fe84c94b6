// The role simsync_reader: who makes it, what it may do, and that looking after it costs and breaks nothing. Roles
// belong to a whole server, so each test has a server of its own: on the shared one the role is there already, and no
// test may take it away from the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "storage/migrator.h"
#include "tests/support/private_server.h"
#include "tests/support/test_database.h"

namespace simsync {
namespace {

using test::DatabaseRow;
using test::PrivateServer;
using test::TestDatabase;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kRelations[] = R"(
SELECT 'simsync.' || relname, relkind IN ('r', 'p'),
       (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND attidentity = '' LIMIT 1)
FROM pg_class c WHERE relnamespace = 'simsync'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1)";

struct ReaderRole : testing::Test {
  PrivateServer server;
  TestDatabase database{server.url()};

  // What the server answers the reader: empty where it carries the statement out.
  [[nodiscard]] std::string refusal(const std::string& statement, const std::string& role = "simsync_reader") const {
    try {
      database.run("SET LOCAL ROLE " + role + "; " + statement);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  // A role that may do nothing but make the schema, as the database's URL for it.
  [[nodiscard]] std::string owner_url() {
    owner = database.make_role();
    database.run("GRANT CREATE ON DATABASE " + database.name() + " TO " + owner);
    return database.url_as(owner);
  }
  [[nodiscard]] std::string writer_url() {
    const std::string role = database.make_role();
    database.run("GRANT USAGE ON SCHEMA simsync TO " + role +
                 "; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA simsync TO " + role);
    return database.url_as(role);
  }
  [[nodiscard]] bool exists() const {
    return database.number("SELECT count(*) FROM pg_roles WHERE rolname = 'simsync_reader'") == 1;
  }
  // Every row of the catalogs that a grant writes, with the transaction that wrote it.
  [[nodiscard]] std::string catalog() const {
    return database.value(R"(
      SELECT string_agg(line, ' ' ORDER BY line) FROM (
        SELECT 'n' || xmin || ctid AS line FROM pg_namespace
        UNION ALL SELECT 'c' || xmin || ctid FROM pg_class WHERE relnamespace = 'simsync'::regnamespace
        UNION ALL SELECT 'p' || xmin || ctid FROM pg_proc WHERE pronamespace = 'simsync'::regnamespace
        UNION ALL SELECT 'd' || xmin || ctid FROM pg_default_acl
        UNION ALL SELECT 'a' || xmin || ctid FROM pg_authid) written)");
  }

  std::string owner;
};

TEST_F(ReaderRole, ReadsEverything) {
  migrate(database.url());
  EXPECT_THAT(reader_advice(database.url()), IsEmpty());
  for (const DatabaseRow& relation : database.rows(kRelations)) {
    EXPECT_EQ(refusal("SELECT * FROM " + *relation[0] + " LIMIT 1"), "");
  }
  EXPECT_EQ(refusal("SELECT * FROM simsync.inventory_at(now())"), "");
  EXPECT_EQ(refusal("SELECT * FROM simsync.profile_dwell_between(now() - interval '1 day', now())"), "");
  EXPECT_EQ(database.number("SELECT count(*) FROM pg_proc WHERE pronamespace = 'simsync'::regnamespace AND NOT "
                            "has_function_privilege('simsync_reader', oid, 'EXECUTE')"),
            0);
}

TEST_F(ReaderRole, WritesNothing) {
  migrate(database.url());
  const std::vector<DatabaseRow> relations = database.rows(kRelations);
  ASSERT_GT(relations.size(), 20U);
  for (const DatabaseRow& relation : relations) {
    const std::string& name = *relation[0];
    EXPECT_EQ(database.value("SELECT has_table_privilege('simsync_reader', '" + name +
                             "', 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR "
                             "has_any_column_privilege('simsync_reader', '" +
                             name + "', 'INSERT, UPDATE, REFERENCES')"),
              "f")
        << name;
    if (relation[1] != "t") continue;
    for (const std::string& statement :
         {"INSERT INTO " + name + " DEFAULT VALUES", "UPDATE " + name + " SET " + *relation[2] + " = NULL",
          "DELETE FROM " + name, "TRUNCATE " + name, "SELECT FROM " + name + " FOR UPDATE",
          "LOCK TABLE " + name + " IN ROW EXCLUSIVE MODE"}) {
      EXPECT_THAT(refusal(statement), HasSubstr("permission denied")) << statement;
    }
  }
  EXPECT_THAT(refusal("CREATE TABLE simsync.mine (a int)"), HasSubstr("permission denied"));
  EXPECT_THAT(refusal("CREATE VIEW simsync.mine AS SELECT 1"), HasSubstr("permission denied"));
  EXPECT_THAT(refusal("CREATE FUNCTION simsync.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
              HasSubstr("permission denied"));
  EXPECT_EQ(database.value("SELECT rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR "
                           "rolbypassrls FROM pg_roles WHERE rolname = 'simsync_reader'"),
            "f");
}

TEST_F(ReaderRole, ReadsWhatTheOwnerAddsLater) {
  const std::string url = owner_url();
  database.run("CREATE ROLE simsync_reader NOLOGIN");
  migrate(url);
  // No program has run since: the default privileges alone do it, and without PUBLIC's right on functions too.
  EXPECT_EQ(refusal("CREATE TABLE simsync.later (a int); CREATE VIEW simsync.later_view AS SELECT * FROM simsync.later;"
                    "CREATE FUNCTION simsync.later_function() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                    "REVOKE EXECUTE ON FUNCTION simsync.later_function() FROM PUBLIC",
                    owner),
            "");
  EXPECT_EQ(refusal("SELECT * FROM simsync.later, simsync.later_view, simsync.later_function()"), "");
  EXPECT_THAT(refusal("INSERT INTO simsync.later VALUES (1)"), HasSubstr("permission denied"));
}

TEST_F(ReaderRole, IsMadeByWhoMayMakeRoles) {
  const std::string url = owner_url();
  database.run("ALTER ROLE " + owner + " CREATEROLE");
  migrate(url);
  EXPECT_TRUE(exists());
  EXPECT_THAT(reader_advice(url), IsEmpty());
  EXPECT_EQ(refusal("SELECT * FROM simsync.freshness"), "");
}

TEST_F(ReaderRole, IsLeftToTheDbaWhereItCannotBeMade) {
  const std::string url = owner_url();
  migrate(url);
  EXPECT_FALSE(exists());
  EXPECT_EQ(schema_state(url).version, schema_state(url).known);
  EXPECT_THAT(reader_advice(url), HasSubstr("CREATE ROLE simsync_reader NOLOGIN"));
  EXPECT_EQ(reader_advice(url).find('\n'), std::string::npos);
  database.run("CREATE ROLE simsync_reader NOLOGIN");
  EXPECT_THAT(reader_advice(url), HasSubstr(owner));
  EXPECT_THAT(migrate(url), IsEmpty());
  EXPECT_THAT(reader_advice(url), IsEmpty());
  for (const DatabaseRow& relation : database.rows(kRelations)) {
    EXPECT_EQ(refusal("SELECT * FROM " + *relation[0] + " LIMIT 1"), "");
  }
}

TEST_F(ReaderRole, GetsBackWhatItLacksAndNothingIsWrittenOtherwise) {
  migrate(database.url());
  const std::string before = catalog();
  migrate(database.url());
  EXPECT_EQ(catalog(), before);
  for (const char* loss :
       {"REVOKE SELECT ON simsync.walk FROM simsync_reader", "REVOKE USAGE ON SCHEMA simsync FROM simsync_reader",
        "REVOKE EXECUTE ON FUNCTION simsync.inventory_at(timestamptz) FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA simsync REVOKE SELECT ON TABLES FROM simsync_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA simsync REVOKE EXECUTE ON FUNCTIONS FROM simsync_reader"}) {
    database.run(loss);
    EXPECT_FALSE(reader_advice(database.url()).empty()) << loss;
    migrate(database.url());
    EXPECT_EQ(reader_advice(database.url()), "") << loss;
  }
  EXPECT_EQ(refusal("SELECT * FROM simsync.walk, simsync.inventory_at(now())"), "");
}

TEST_F(ReaderRole, IsNoConcernOfWhoOnlyWritesRows) {
  migrate(database.url());
  const std::string url = writer_url();
  database.run("REVOKE SELECT ON simsync.walk FROM simsync_reader");
  const std::string before = catalog();
  EXPECT_NO_THROW(migrate(url));
  EXPECT_EQ(catalog(), before);
  EXPECT_THAT(reader_advice(url), HasSubstr("owns the schema"));
  // Not even where it could make the role: it could grant it nothing.
  database.run("ALTER ROLE " + url.substr(url.find("//") + 2, url.find('@') - url.find("//") - 2) +
               " CREATEROLE; DROP OWNED BY simsync_reader; DROP ROLE simsync_reader");
  EXPECT_NO_THROW(migrate(url));
  EXPECT_FALSE(exists());
}

TEST_F(ReaderRole, AnothersTableInTheSchemaIsLeftAlone) {
  const std::string url = owner_url();
  database.run("CREATE ROLE simsync_reader NOLOGIN");
  migrate(url);
  database.run("CREATE TABLE simsync.\"Somebody's\" (a int)");  // the superuser's, so no default privilege of the owner
  EXPECT_NO_THROW(migrate(url));
  EXPECT_THAT(reader_advice(url), IsEmpty()) << "the owner cannot do anything about it";
  migrate(database.url());
  EXPECT_EQ(refusal("SELECT * FROM simsync.\"Somebody's\""), "");
}

// Roles belong to the server, the lock to the database: whoever comes second must live with the other's role.
TEST_F(ReaderRole, ManyProgramsOnManyDatabasesAtOnce) {
  std::vector<std::unique_ptr<TestDatabase>> databases;
  for (int i = 0; i < 4; ++i) databases.push_back(std::make_unique<TestDatabase>(server.url()));
  for (int round = 0; round < 5; ++round) {
    {
      std::vector<std::jthread> programs;
      for (int i = 0; i < 8; ++i) {
        programs.emplace_back([&, i] { EXPECT_NO_THROW(migrate(databases[i % 4]->url())); });
      }
    }
    for (const auto& each : databases) EXPECT_THAT(reader_advice(each->url()), IsEmpty());
    for (const auto& each : databases) each->run("DROP OWNED BY simsync_reader");
    database.run("DROP ROLE simsync_reader");
  }
}

}  // namespace
}  // namespace simsync
