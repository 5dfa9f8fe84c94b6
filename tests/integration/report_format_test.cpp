// `simsyncd report`: how it prints, to people and to programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/report_scene.h"

namespace simsync::test {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ReportFormat : public testing::Test {
 protected:
  ReportScene scene_;
};

TEST_F(ReportFormat, TheTableIsForPeople) {
  const Outcome inventory = scene_.report({"inventory", "--project", "acme", "--at", "2024-04-30 12:00Z"});
  EXPECT_EQ(inventory.status, 0) << inventory.err;
  EXPECT_EQ(inventory.out,
            "project  provider  type  status    profile_status  sims  in_doubt\n"
            "acme     p3        eSIM  active    enabled            2         0\n"
            "acme     p9        pSIM  inactive                     2         1\n"
            "total                                                 4         1\n");
  EXPECT_THAT(scene_.report({"gaps", "--since", "2024-05-01"}).out,
              AllOf(ContainsRegex("ended_at +lasted  reason"), HasSubstr("  1d      token refused  HTTP 401\n")));
  EXPECT_THAT(scene_.report({"inventory", "--sims"}).out, HasSubstr(R"(  {"fleet": "Łódź"}  2023-12-01T00:00:00Z  )"));
}

TEST_F(ReportFormat, CsvIsForPrograms) {
  EXPECT_EQ(scene_.report({"inventory", "--output", "csv", "--project", "beta"}).out,
            "project,provider,type,status,profile_status,sims\r\nbeta,p9,pSIM,inactive,,1\r\n");
  EXPECT_EQ(
      scene_.report({"transitions", "--output", "csv", "--since", "2024-05-15"}).out,
      "project,sim_id,iccid,provider,type,what,kind,from_status,to_status,reported_at,not_before,observed_at,id\r\n"
      "acme,sim_2,8902,p3,eSIM,profile,changed,enabled,disabled,2024-06-01T00:00:00Z,2024-06-01T00:00:00Z,"
      "2024-06-01T00:15:00Z,3\r\n");
  EXPECT_EQ(scene_.report({"gaps", "--output", "csv", "--since", "2024-05-01"}).out,
            "project,what,began_at,ended_at,lasted_s,reason,error\r\n"
            "beta,profiles,2024-05-01T00:00:00Z,2024-05-02T00:00:00Z,86400,token refused,HTTP 401\r\n");
  EXPECT_THAT(scene_.report({"stock", "--output", "csv"}).out,
              StartsWith("project,provider,type,unused,active,activations_7d,activations_30d,window_7d_from,"
                         "window_30d_from,activations_per_day,days_left\r\nacme,p3,eSIM,0,2,0,0,20"));
  EXPECT_THAT(scene_.report({"stuck", "--output", "csv"}).out,
              StartsWith("project,sim_id,iccid,provider,metadata,profile_status,profile_status_since,not_enabled_since,"
                         "sim_active_since,stuck_since,stuck_for_s,last_polled_at\r\nacme,sim_2,8902,p3,{},disabled,"));
  EXPECT_THAT(scene_.report({"inventory", "--sims", "--output", "csv"}).out,
              StartsWith("project,sim_id,iccid,provider,type,status,metadata,created_at,first_seen_at,changed_at,"
                         "profile_status,profile_status_since,profile_last_polled_at\r\n"
                         "acme,sim_1,8901,p3,eSIM,active,\"{\"\"fleet\"\": \"\"Łódź\"\"}\",2023-12-01T00:00:00Z,"));
}

TEST_F(ReportFormat, ColoursAreForTerminalsThatHaveThem) {
  scene_.database.run("UPDATE simsync.sim_change SET observed_at = now() - interval '3 days'");
  scene_.database.run("DELETE FROM simsync.inventory_count WHERE provider = 'p9' AND status = 'inactive'");
  const std::vector<std::string> stock = {"stock", "--project", "acme"};
  const std::string plain = scene_.report(stock).out;
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
  const std::string coloured = scene_.on_terminal(stock, "xterm", "");
  EXPECT_THAT(coloured, StartsWith("\033[1mproject\033[m  \033[1mprovider\033[m  "));
  EXPECT_THAT(coloured, ContainsRegex("acme +p9 .*  \033\\[31m0[.0]*\033\\[m\n")) << "no stock is left";
  EXPECT_EQ(scene_.on_terminal(stock, "dumb", "").substr(0, 20), plain.substr(0, 20));
  EXPECT_THAT(scene_.on_terminal(stock, "dumb", ""), Not(HasSubstr("\033")));
  EXPECT_THAT(scene_.on_terminal(stock, "", ""), Not(HasSubstr("\033")));
  EXPECT_THAT(scene_.on_terminal(stock, "xterm", "1"), Not(HasSubstr("\033")));
  for (const char* format : {"json", "csv"}) {
    EXPECT_THAT(scene_.on_terminal({"stock", "--output", format}, "xterm", ""), Not(HasSubstr("\033"))) << format;
  }
  EXPECT_THAT(scene_.on_terminal({"inventory", "--at", "2024-04-30 12:00Z"}, "xterm", ""),
              AllOf(HasSubstr("\033[33m1\033[m\n"), HasSubstr("\n\033[1mtotal\033[m ")));
}

TEST_F(ReportFormat, AGapThatLastsIsRed) {
  scene_.database.run(
      "INSERT INTO simsync.service_run (project, kind, started_at, alive_at, walk_interval, poll_interval) VALUES "
      "('acme', 'run', '2024-01-01Z', now(), '15 minutes', '15 minutes')");
  const std::string gaps = scene_.on_terminal({"gaps", "--since", "2024-04-20"}, "xterm", "");
  EXPECT_THAT(gaps, HasSubstr("\033[31mno complete walk\033[m\n"));
  EXPECT_THAT(gaps, HasSubstr("  token refused ")) << "that one is over";
}

TEST_F(ReportFormat, HostileTextDoesNotReachTheTerminal) {
  scene_.database.run(R"(UPDATE simsync.sim SET metadata = '{"n": "\u202e\u009b2J"}',
                         iccid = E'x\033[2J\u009b1m\u202e\r\n' WHERE sim_id = 'sim_2')");
  const std::string shown = scene_.on_terminal({"stuck"}, "xterm", "");
  EXPECT_THAT(shown, AllOf(HasSubstr("x?[2J?1m???"), HasSubstr(R"({"n": "??2J"})")));
  for (const char* forbidden : {"\033[2J", "\xC2\x9B", "\xE2\x80\xAE", "\r"}) {
    EXPECT_THAT(shown, Not(HasSubstr(forbidden)));
  }
  EXPECT_EQ(scene_.rows({"stuck"}).at(0).at("iccid"),
            "x\033[2J\xC2\x9B"
            "1m\xE2\x80\xAE\r\n");
}

// More rows than are read at a time.
TEST_F(ReportFormat, ManyRowsComeInParts) {
  scene_.database.run(
      "INSERT INTO simsync.sim_change (project, sim_id, provider, type, kind, field, old_value, new_value, "
      "observed_at) "
      "SELECT 'acme', 'sim_' || i, 'p9', 'pSIM', 'changed', 'status', 'a', repeat('b', i / 1000 + 1), '2024-08-01Z'::"
      "timestamptz + i * interval '1 s' FROM generate_series(1, 2500) i");
  const std::vector<std::string> words = {"transitions", "--since", "2024-07-01"};
  const Json rows = scene_.rows(words);
  ASSERT_EQ(rows.size(), 2500U);
  for (int i = 0; i < 2500; ++i) ASSERT_EQ(rows.at(i).at("sim_id"), "sim_" + std::to_string(i + 1));
  const Outcome table = scene_.report(words);
  EXPECT_EQ(std::ranges::count(table.out, '\n'), 2501);
  EXPECT_THAT(table.out, HasSubstr("\nacme     sim_2500  "));
  std::vector<std::string> csv = words;
  csv.insert(csv.end(), {"--output", "csv"});
  EXPECT_EQ(std::ranges::count(scene_.report(csv).out, '\n'), 2501);
}

TEST_F(ReportFormat, OutputThatIsNotWrittenIsNoSuccess) {
  Process process{{.program = SIMSYNC_DAEMON,
                   .arguments = {"--config", scene_.daemon.config_file(), "report", "inventory"},
                   .out_file = "/dev/full",
                   .err_file = scene_.daemon.directory().file("full_err")}};
  EXPECT_EQ(process.wait_for(std::chrono::minutes{1}), 1);
  EXPECT_THAT(process.err(), HasSubstr("the output could not be written"));
}

}  // namespace
}  // namespace simsync::test
