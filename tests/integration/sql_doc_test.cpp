// docs/sql.md against the schema: every query in it is run and must answer what is printed under it, and nothing that
// a reporting user meets may be missing from the page or without a comment in the database.
// SIMSYNC_WRITE_DOCS=1 writes the answers into the page instead of comparing them; read the difference before you keep
// it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

#include "storage/migrator.h"
#include "tests/support/process.h"
#include "tests/support/test_database.h"

namespace simsync::test {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// psql pads its columns; a page has no spaces at the end of its lines.
std::string without_padding(const std::string& text) {
  Lines lines = lines_of(text);
  for (std::string& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return joined(lines);
}

// A fenced block of the page: of its lines, from the opening fence to the closing one.
struct Block {
  std::string language;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Block> blocks_of(const Lines& page) {
  std::vector<Block> blocks;
  bool inside = false;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page[i].rfind("```", 0) != 0) continue;
    if (!inside) blocks.push_back({page[i].substr(3), i, page.size()});
    if (inside) blocks.back().end = i;
    inside = !inside;
  }
  return blocks;
}

std::string content_of(const Lines& page, const Block& block) {
  return joined({page.begin() + static_cast<long>(block.begin) + 1, page.begin() + static_cast<long>(block.end)});
}

// Who reports: may log in, and read the schema.
std::string make_schema_and_reader(TestDatabase& database) {
  migrate(database.url());
  std::string reader = database.make_role();
  database.run("GRANT USAGE ON SCHEMA simsync TO " + reader);
  database.run("GRANT SELECT ON ALL TABLES IN SCHEMA simsync TO " + reader);
  return reader;
}

class SqlDoc : public testing::Test {
 protected:
  // What psql prints for the reader. The world is made in the same transaction, so that its now() is the query's.
  Outcome answer(const std::string& query) {
    const std::string script = directory_.file("script.sql");
    write_file(script, "\\set ON_ERROR_STOP on\n\\pset footer off\nBEGIN;\n\\i " SIMSYNC_SQL_EXAMPLES
                       "\nSET SESSION AUTHORIZATION " +
                           reader_ + ";\n" + query + "ROLLBACK;\n");
    Process psql{{.program = "psql",
                  .arguments = {"-X", "-q", "-f", script, database_.url()},
                  .environment = {{"PGTZ", time_zone()}, {"PGDATESTYLE", "ISO"}, {"PGCLIENTENCODING", "UTF8"}},
                  .out_file = directory_.file("out"),
                  .err_file = directory_.file("err")}};
    return psql.finish(std::chrono::minutes{3});
  }

  // The page says with which one its answers were made.
  [[nodiscard]] std::string time_zone() const {
    std::smatch found;
    if (!std::regex_search(text_, found, std::regex{"`PGTZ=([A-Za-z/_]+)`"})) {
      throw std::runtime_error("docs/sql.md does not say its time zone as `PGTZ=…`");
    }
    return found[1];
  }

  TempDir directory_;
  TestDatabase database_;
  std::string reader_ = make_schema_and_reader(database_);
  std::string text_ = read_file(SIMSYNC_SQL_DOC);
};

TEST_F(SqlDoc, EveryQueryAnswersWhatIsPrintedUnderIt) {
  const bool writing = std::getenv("SIMSYNC_WRITE_DOCS") != nullptr;
  const Lines page = lines_of(text_);
  const std::vector<Block> blocks = blocks_of(page);
  Lines written;
  std::size_t copied = 0, queries = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].language != "sql") continue;
    SCOPED_TRACE("docs/sql.md, line " + std::to_string(blocks[i].begin + 1));
    ++queries;
    const Outcome outcome = answer(content_of(page, blocks[i]));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const std::string output = without_padding(outcome.out);
    const bool has_output = i + 1 < blocks.size() && blocks[i + 1].language == "text";
    if (!writing) {
      ASSERT_TRUE(has_output) << "a query without its output; SIMSYNC_WRITE_DOCS=1 writes it";
      EXPECT_EQ(content_of(page, blocks[i + 1]), output) << "SIMSYNC_WRITE_DOCS=1 writes it";
      continue;
    }
    const std::size_t keep = has_output ? blocks[i + 1].begin : blocks[i].end + 1;
    written.insert(written.end(), page.begin() + static_cast<long>(copied), page.begin() + static_cast<long>(keep));
    written.push_back("```text\n" + output + "```");
    copied = has_output ? blocks[i + 1].end + 1 : keep;
  }
  EXPECT_GE(queries, 15U);
  if (!writing) return;
  written.insert(written.end(), page.begin() + static_cast<long>(copied), page.end());
  write_file(SIMSYNC_SQL_DOC, joined(written));
}

// What is not so is one row that says what.
constexpr char kFaultsOfExamples[] = R"(
SELECT 'change ' || sim_id || ' ' || field FROM (
  SELECT *, row_number() OVER of_field AS place, lag(new_value) OVER of_field AS before,
         lag(observed_at) OVER of_field AS at
  FROM simsync.sim_change WINDOW of_field AS (PARTITION BY project, sim_id, field ORDER BY change_id)) c
WHERE (place > 1 AND before IS DISTINCT FROM old_value) OR old_value IS NOT DISTINCT FROM new_value
   OR not_before > observed_at OR not_before < at
UNION ALL
SELECT 'transition ' || sim_id FROM (
  SELECT *, row_number() OVER of_sim AS place, lag(to_status) OVER of_sim AS before, lag(observed_at) OVER of_sim AS at
  FROM simsync.esim_profile_transition WINDOW of_sim AS (PARTITION BY project, sim_id ORDER BY transition_id)) t
WHERE before IS DISTINCT FROM from_status OR (place = 1) <> (from_since IS NULL) OR (place = 1) <> (not_before IS NULL)
   OR not_before > observed_at OR not_before < at OR from_since > reported_at
UNION ALL
SELECT 'last change ' || c.sim_id || ' ' || c.field FROM (
  SELECT DISTINCT ON (project, sim_id, field) * FROM simsync.sim_change
  ORDER BY project, sim_id, field, change_id DESC) c
JOIN simsync.sim s USING (project, sim_id)
WHERE c.new_value IS DISTINCT FROM CASE c.field WHEN 'status' THEN CASE WHEN s.missing_since IS NULL THEN s.status END
                                   WHEN 'metadata' THEN s.metadata::text WHEN 'provider' THEN s.provider END
UNION ALL
SELECT 'changed_at ' || sim_id FROM simsync.sim s
WHERE changed_at <> greatest(first_seen_at, (SELECT max(observed_at) FROM simsync.sim_change c
                                             WHERE c.project = s.project AND c.sim_id = s.sim_id))
UNION ALL
SELECT 'profile ' || p.sim_id FROM simsync.esim_profile p
JOIN simsync.sim s USING (project, sim_id)
JOIN (SELECT DISTINCT ON (project, sim_id) * FROM simsync.esim_profile_transition
      ORDER BY project, sim_id, transition_id DESC) t USING (project, sim_id)
WHERE (p.status, p.updated_at, p.changed_at) <> (t.to_status, t.reported_at, t.observed_at)
   OR p.sim_status IS DISTINCT FROM CASE WHEN s.missing_since IS NULL THEN s.status END
UNION ALL
SELECT 'count of ' || provider FROM (
  SELECT project, provider, type, status, profile_status, sum(sims) FROM (
    SELECT * FROM simsync.inventory_summary
    UNION ALL
    SELECT project, provider, type, status, profile_status, -1 FROM simsync.inventory) both_counts
  GROUP BY 1, 2, 3, 4, 5 HAVING sum(sims) <> 0) n
)";

TEST_F(SqlDoc, TheWorldOfTheExamplesIsOneThatTheDaemonCouldHaveWritten) {
  database_.run(read_file(SIMSYNC_SQL_EXAMPLES));
  EXPECT_GT(database_.number("SELECT count(*) FROM simsync.sim_change"), 0);
  for (const DatabaseRow& fault : database_.rows(kFaultsOfExamples)) ADD_FAILURE() << *fault[0];
}

TEST_F(SqlDoc, NamesEveryTableViewAndFunction) {
  std::set<std::string> names = {"sim",
                                 "sim_change",
                                 "esim_profile",
                                 "esim_profile_transition",
                                 "walk",
                                 "alert",
                                 "alert_delivery",
                                 "metadata_request",
                                 "inventory",
                                 "inventory_summary",
                                 "inventory_at",
                                 "transition",
                                 "transition_daily",
                                 "profile_dwell",
                                 "stuck_profile",
                                 "stock",
                                 "freshness",
                                 "coverage_gap"};
  for (const DatabaseRow& row : database_.rows(R"(
         SELECT relname FROM pg_class
         WHERE relnamespace = 'simsync'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
         UNION SELECT proname FROM pg_proc WHERE pronamespace = 'simsync'::regnamespace)")) {
    names.insert(*row[0]);
  }
  for (const std::string& name : names) {
    const bool named = std::regex_search(text_, std::regex{"`" + name + "[`(]"});
    EXPECT_TRUE(named) << "docs/sql.md does not name `" << name << "`";
  }
}

// \d+ is the manual of the columns.
TEST_F(SqlDoc, EveryTableViewFunctionAndColumnHasAComment) {
  const std::vector<DatabaseRow> missing = database_.rows(R"(
    SELECT c.relname || coalesce('.' || a.attname, '')
    FROM pg_class c
    JOIN LATERAL (SELECT 0 AS attnum, NULL::name AS attname
                  UNION ALL
                  SELECT attnum, attname FROM pg_attribute
                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
    WHERE c.relnamespace = 'simsync'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
                      AND d.objsubid = a.attnum AND d.description <> '')
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = 'simsync'::regnamespace AND coalesce(obj_description(p.oid, 'pg_proc'), '') = '')");
  for (const DatabaseRow& row : missing) ADD_FAILURE() << *row[0] << " has no comment";
}

}  // namespace
}  // namespace simsync::test
