// docs/roles.md is carried out word by word: its roles can do what the page says and nothing more, and each right is
// needed. On a server of its own, for the page's roles are the whole server's. The first line of each block says who
// runs it; only the database's name is put in.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <regex>

#include "tests/support/daemon.h"
#include "tests/support/private_server.h"

namespace simsync::test {
namespace {

struct Block {
  std::string role;  // empty: the superuser
  std::string sql;
};

std::vector<Block> blocks_of(const std::string& page, const std::string& database) {
  static const std::regex kBlock{"```sql\n(-- as (a superuser|(\\w+))[^\n]*\n[^`]*)```"};
  std::vector<Block> blocks;
  for (std::sregex_iterator it{page.begin(), page.end(), kBlock}, end; it != end; ++it) {
    blocks.push_back(
        {(*it)[3], std::regex_replace((*it)[1].str(), std::regex{"DATABASE simsync\\b"}, "DATABASE " + database)});
  }
  return blocks;
}

// What psql says: its rows, or with `ERROR` why not.
std::string psql(const std::string& url, const std::string& sql) {
  const TempDir directory;
  const Outcome outcome = Process{{.program = "psql",
                                   .arguments = {"-XqAt", "-c", sql, url},
                                   .environment = {},
                                   .out_file = directory.file("out"),
                                   .err_file = directory.file("err")}}
                              .finish(std::chrono::minutes{1});
  return outcome.status == 0 ? outcome.out : outcome.err;
}

class RolesPage : public testing::Test {
 protected:
  RolesPage() : settings_(settings_for(simulator_, database_)), daemon_(settings_) {
    const std::string page = read_file(SIMSYNC_SUPPORT_SCRIPTS "/../../docs/roles.md");
    blocks_ = blocks_of(page, database_.name());
    const std::regex any{"```sql"};
    EXPECT_EQ(std::distance(std::sregex_iterator{page.begin(), page.end(), any}, {}),
              static_cast<std::ptrdiff_t>(blocks_.size()))
        << "a block that does not say who runs it";
  }

  // The block that has `text`; there is one.
  void run_block_with(const std::string& text) {
    int found = 0;
    for (const Block& block : blocks_) {
      if (block.sql.find(text) == std::string::npos) continue;
      ++found;
      database_.run((block.role.empty() ? "RESET ROLE;\n" : "SET LOCAL ROLE " + block.role + ";\n") + block.sql);
    }
    ASSERT_EQ(found, 1) << text;
  }
  void connect_as(const std::string& role, bool migrate) {
    settings_.database_url = database_.url_as(role);
    settings_.migrate = migrate;
    daemon_.configure(settings_);
  }
  // Up to a daemon that may run.
  void set_up_as_the_page_says() {
    run_block_with("CREATE ROLE simsync_reader");
    connect_as("simsync_owner", true);
    const Outcome migrated = daemon_.run({"migrate"});
    ASSERT_EQ(migrated.status, 0) << migrated.err;
    EXPECT_EQ(migrated.out.find("simsync_reader"), std::string::npos) << migrated.out;
    run_block_with("ON simsync.schema_migration TO simsyncd");
    connect_as("simsyncd", false);
  }
  [[nodiscard]] std::string as(const std::string& role, const std::string& sql) const {
    return psql(database_.url_as(role), sql);
  }
  void expect_refused(const std::string& role, const std::string& sql) const {
    EXPECT_NE(as(role, sql).find("permission denied"), std::string::npos) << role << ": " << sql;
  }
  // Whether one of the commands that only look does not work.
  [[nodiscard]] bool a_look_fails(const std::string& sim) {
    const std::vector<std::vector<std::string>> looks = {{"explain", sim},
                                                         {"report", "inventory"},
                                                         {"report", "inventory", "--sims"},
                                                         {"report", "inventory", "--at", "now"},
                                                         {"report", "transitions"},
                                                         {"report", "stock"},
                                                         {"report", "stuck"},
                                                         {"report", "gaps"},
                                                         {"status"}};
    return std::ranges::any_of(looks, [&](const auto& look) { return daemon_.run(look).status != 0; });
  }
  void sync_well() {
    const Outcome synced = daemon_.run({"sync"});
    EXPECT_EQ(synced.status, 0) << synced.err;
  }

  PrivateServer server_;
  TestDatabase database_{server_.url()};
  Simulator simulator_{{.projects = {{.sims = 60}}}};
  Settings settings_;
  Daemon daemon_;
  std::vector<Block> blocks_;
};

TEST_F(RolesPage, TheDaemonCanDoItsWorkAndNoMore) {
  set_up_as_the_page_says();
  const Outcome checked = daemon_.run({"check"});
  EXPECT_EQ(checked.status, 0) << checked.out;
  sync_well();
  // Once more, with changes of every kind to write.
  simulator_.change(10, "status=1,profile=1,metadata=1");
  simulator_.create({{"count", 2}});
  simulator_.destroy({{"sims", {simulator_.truth().at(0).at("id")}}});
  sync_well();
  EXPECT_GT(database_.number("SELECT count(*) FROM simsync.sim_change"), 0);
  const std::string sim = database_.value("SELECT min(sim_id) FROM simsync.sim");
  EXPECT_FALSE(a_look_fails(sim));
  for (const std::string table : {"sim", "sim_change", "esim_profile_transition", "walk", "watch_gap"}) {
    expect_refused("simsyncd", "DELETE FROM simsync." + table);
  }
  expect_refused("simsyncd", "UPDATE simsync.sim_change SET new_value = ''");
  expect_refused("simsyncd", "UPDATE simsync.esim_profile_transition SET to_status = ''");
  expect_refused("simsyncd", "CREATE TABLE simsync.mine (a int)");
}

TEST_F(RolesPage, TheServiceRunsWithTheseRights) {
  set_up_as_the_page_says();
  settings_ = busy(settings_);
  daemon_.configure(settings_);
  const auto service = daemon_.start({"run"});
  EXPECT_TRUE(eventually([&] {
    return database_.number("SELECT count(*) FROM simsync.walk WHERE outcome = 'complete'") > 2 &&
           database_.number("SELECT count(*) FROM simsync.poll_state WHERE profiles > 0") == 1 &&
           database_.number("SELECT count(*) FROM simsync.service_run WHERE kind = 'run'") == 1;
  })) << service->err();
  service->signal(SIGTERM);
  const Outcome outcome = service->finish(std::chrono::minutes{1});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ((outcome.out + outcome.err).find("permission denied"), std::string::npos) << outcome.out << outcome.err;
}

TEST_F(RolesPage, WhoKeepsOnlySomeHistoryNeedsToDelete) {
  set_up_as_the_page_says();
  settings_.more = "history:\n  keep: 90d\n";
  daemon_.configure(settings_);
  EXPECT_EQ(daemon_.run({"sync"}).status, 4) << "nothing may be deleted yet";
  run_block_with("GRANT DELETE");
  database_.run(
      "INSERT INTO simsync.sim_change (project, sim_id, kind, field, old_value, new_value, observed_at) "
      "VALUES ('acme', 'long ago', 'changed', 'status', 'inactive', 'active', now() - interval '1 year')");
  sync_well();
  EXPECT_EQ(database_.number("SELECT count(*) FROM simsync.sim_change WHERE sim_id = 'long ago'"), 0);
  for (const DatabaseRow& table : database_.rows(
           "SELECT relname FROM pg_class c CROSS JOIN LATERAL aclexplode(relacl) a WHERE grantee = 'simsyncd'::regrole "
           "AND relnamespace = 'simsync'::regnamespace AND privilege_type = 'DELETE'")) {
    database_.run("REVOKE DELETE ON simsync." + *table[0] + " FROM simsyncd");
    const Outcome outcome = daemon_.run({"sync"});
    EXPECT_EQ(outcome.status, 4) << *table[0];
    EXPECT_NE(outcome.err.find("permission denied for table " + *table[0]), std::string::npos) << outcome.err;
    database_.run("GRANT DELETE ON simsync." + *table[0] + " TO simsyncd");
  }
}

TEST_F(RolesPage, EachRightOfTheDaemonIsNeeded) {
  set_up_as_the_page_says();
  sync_well();
  const std::string sim = database_.value("SELECT min(sim_id) FROM simsync.sim");
  const std::vector<DatabaseRow> rights = database_.rows(R"(
    SELECT a.privilege_type || ' ON simsync.' || c.relname,
           -- Without the last of these rights the check comes no further.
           CASE c.relname WHEN 'schema_migration' THEN 'permission denied for table schema_migration'
                          ELSE lower(a.privilege_type) || ' in simsync.' || c.relname END
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
    WHERE c.relnamespace = 'simsync'::regnamespace AND a.grantee = 'simsyncd'::regrole
    UNION ALL SELECT 'USAGE ON SCHEMA simsync', 'permission denied for schema simsync')");
  EXPECT_EQ(rights.size(), 14U * 3 + 3 * 2 + 1 + 7 + 1);
  ASSERT_FALSE(a_look_fails(sim));
  for (const DatabaseRow& right : rights) {
    database_.run("REVOKE " + *right[0] + " FROM simsyncd");
    const Outcome checked = daemon_.run({"check"});
    if (checked.status != 0) {
      EXPECT_EQ(checked.status, 4) << *right[0];
      EXPECT_NE(checked.out.find(*right[1]), std::string::npos) << *right[0] << " is gone\n" << checked.out;
    } else {
      EXPECT_TRUE(a_look_fails(sim)) << *right[0] << " is not needed";
    }
    database_.run("GRANT " + *right[0] + " TO simsyncd");
  }
  EXPECT_EQ(daemon_.run({"check"}).status, 0);
}

TEST_F(RolesPage, AReaderReadsTheReportsInItsTimeZone) {
  set_up_as_the_page_says();
  sync_well();
  run_block_with("CREATE ROLE bi");
  EXPECT_EQ(as("bi", "SHOW TimeZone"), "Europe/Berlin\n");
  EXPECT_EQ(as("bi", "SHOW statement_timeout"), "1min\n");
  EXPECT_EQ(as("bi", "SHOW idle_in_transaction_session_timeout"), "10min\n");
  EXPECT_EQ(as("bi", "SELECT sum(sims) >= 0 FROM simsync.inventory_summary"), "t\n");
  EXPECT_EQ(as("bi", "SELECT count(*) FROM simsync.inventory"), "60\n");
  for (const DatabaseRow& view :
       database_.rows("SELECT 'simsync.' || viewname FROM pg_views WHERE schemaname = 'simsync'")) {
    EXPECT_EQ(as("bi", "SELECT count(*) >= 0 FROM " + *view[0]), "t\n");
  }
  EXPECT_EQ(as("bi", "SELECT count(*) >= 0 FROM simsync.inventory_at(now())"), "t\n");
  EXPECT_EQ(as("bi", "SELECT count(*) >= 0 FROM simsync.profile_dwell_between(now() - interval '1 day', now())"),
            "t\n");
  for (const std::string statement :
       {"INSERT INTO simsync.metadata_request (project, sim_id, metadata) VALUES ('acme', 'x', '{}')",
        "UPDATE simsync.sim SET status = 'x'", "DELETE FROM simsync.sim_change", "TRUNCATE simsync.sim",
        "SELECT FROM simsync.sim FOR UPDATE", "CREATE TABLE simsync.mine (a int)"}) {
    expect_refused("bi", statement);
  }
}

TEST_F(RolesPage, WhoAsksForMetadataWritesNothingElse) {
  set_up_as_the_page_says();
  run_block_with("CREATE ROLE fleet");
  EXPECT_EQ(as("fleet",
               "INSERT INTO simsync.metadata_request (project, sim_id, metadata) VALUES ('acme', 'x', '{}') "
               "RETURNING state"),
            "pending\n");
  expect_refused("fleet",
                 "INSERT INTO simsync.metadata_request (project, sim_id, metadata, state) "
                 "VALUES ('acme', 'x', '{}', 'applied')");
  expect_refused("fleet", "UPDATE simsync.metadata_request SET state = 'applied'");
  expect_refused("fleet", "DELETE FROM simsync.metadata_request");
  expect_refused("fleet", "UPDATE simsync.sim SET status = 'x'");
}

TEST_F(RolesPage, MigrateSaysWhoHasToMakeTheReader) {
  const std::string owner = database_.make_role();
  database_.run("GRANT CREATE ON DATABASE " + database_.name() + " TO " + owner);
  connect_as(owner, true);
  const Outcome without = daemon_.run({"migrate"});
  EXPECT_EQ(without.status, 0) << without.err;
  EXPECT_NE(without.out.find("CREATE ROLE simsync_reader NOLOGIN"), std::string::npos) << without.out;
  sync_well();
  database_.run("CREATE ROLE simsync_reader NOLOGIN");
  const Outcome with = daemon_.run({"migrate"});
  EXPECT_EQ(with.status, 0) << with.err;
  EXPECT_EQ(with.out.find("simsync_reader"), std::string::npos) << with.out;
  EXPECT_EQ(database_.value("SELECT has_table_privilege('simsync_reader', 'simsync.freshness', 'SELECT')"), "t");
}

}  // namespace
}  // namespace simsync::test
