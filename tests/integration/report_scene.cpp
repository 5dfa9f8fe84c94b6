#include "tests/integration/report_scene.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace simsync::test {
namespace {

Settings settings_of(const std::string& database_url) {
  Settings settings;
  settings.base_url = "http://127.0.0.1:1";  // nobody: reports ask the database alone
  settings.projects = {{.id = "acme", .token = "tok-a"}, {.id = "beta", .token = "tok-b"}};
  settings.database_url = database_url;
  return settings;
}

constexpr const char* kRows = R"(
INSERT INTO simsync.walk (project, kind, started_at, finished_at, outcome)
VALUES ('acme', 'full', '2024-01-01Z', '2024-01-01 01:00Z', 'complete'),
       ('beta', 'full', '2024-04-15Z', '2024-04-15 01:00Z', 'complete');
INSERT INTO simsync.history_state (project, exact_since)
VALUES ('acme', '2024-01-01 01:00Z'), ('beta', '2024-04-15 01:00Z');
INSERT INTO simsync.sim (project, sim_id, iccid, provider, type, status, metadata, created_at, extra, first_seen_at,
                         changed_at, confirmed_at)
SELECT project, sim_id, iccid, provider, type, status, metadata::jsonb, '2023-12-01Z', '{}', seen::timestamptz,
       changed::timestamptz, changed::timestamptz
FROM (VALUES ('acme', 'sim_1', '8901', 'p3', 'eSIM', 'active', '{"fleet": "Łódź"}', '2024-01-01Z', '2024-01-01Z'),
             ('acme', 'sim_2', '8902', 'p3', 'eSIM', 'active', '{}', '2024-01-01Z', '2024-01-01Z'),
             ('acme', 'sim_3', '8903', 'p9', 'pSIM', 'inactive', '{}', '2024-01-01Z', '2024-01-01Z'),
             ('acme', 'sim_4', '8904', 'p9', 'pSIM', 'active', '{}', '2024-01-01Z', '2024-05-01Z'),
             ('beta', 'sim_1', '8905', 'p9', 'pSIM', 'inactive', '{}', '2024-04-15Z', '2024-04-15Z'))
     AS v (project, sim_id, iccid, provider, type, status, metadata, seen, changed);
INSERT INTO simsync.sim_change (project, sim_id, provider, type, kind, field, old_value, new_value, not_before,
                                observed_at)
VALUES ('acme', 'sim_4', 'p9', 'pSIM', 'changed', 'status', 'inactive', 'active', '2024-04-30Z', '2024-05-01Z');
INSERT INTO simsync.esim_profile (project, sim_id, status, updated_at, first_observed_at, status_since, last_polled_at,
                                  sim_status, changed_at)
VALUES ('acme', 'sim_1', 'enabled', '2023-12-02Z', '2024-01-01Z', '2023-12-02Z', '2024-07-01Z', 'active', '2024-01-01Z'),
       ('acme', 'sim_2', 'disabled', '2024-06-01Z', '2024-01-01Z', '2024-06-01Z', '2024-07-01Z', 'active',
        '2024-06-01 00:15Z');
INSERT INTO simsync.esim_profile_transition (project, sim_id, provider, from_status, to_status, reported_at, not_before,
                                             observed_at, from_since)
VALUES ('acme', 'sim_1', 'p3', NULL, 'enabled', '2023-12-02Z', NULL, '2024-01-01Z', NULL),
       ('acme', 'sim_2', 'p3', NULL, 'enabled', '2023-12-03Z', NULL, '2024-01-01Z', NULL),
       ('acme', 'sim_2', 'p3', 'enabled', 'disabled', '2024-06-01Z', '2024-06-01Z', '2024-06-01 00:15Z', '2023-12-03Z');
INSERT INTO simsync.inventory_count
SELECT project, provider, type, status, coalesce(profile_status, ''), count(*) FROM simsync.inventory
GROUP BY 1, 2, 3, 4, 5;
INSERT INTO simsync.watch_gap (project, what, began_at, ended_at, reason, error)
VALUES ('acme', 'sims', '2024-02-01Z', '2024-02-03 12:00:00.5Z', 'not running', NULL),
       ('beta', 'profiles', '2024-05-01Z', '2024-05-02Z', 'token refused', 'HTTP 401');
)";

// The side of a terminal that people see.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) throw std::runtime_error("no terminal");
    name_ = ptsname(master_);
    slave_ = open(name_.c_str(), O_RDWR | O_NOCTTY);
    termios modes{};
    if (slave_ < 0 || tcgetattr(slave_, &modes) != 0) throw std::runtime_error("no terminal");
    cfmakeraw(&modes);  // lines end as the program ends them
    tcsetattr(slave_, TCSANOW, &modes);
  }
  ~Terminal() {
    close(slave_);
    close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  // What was written until now, which has to be less than a terminal holds (4 kB).
  [[nodiscard]] std::string shown() const {
    fcntl(master_, F_SETFL, O_NONBLOCK);
    std::array<char, 8192> bytes{};
    const ssize_t count = read(master_, bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

 private:
  int master_;
  int slave_ = -1;
  std::string name_;
};

}  // namespace

ReportScene::ReportScene(bool filled) : daemon(settings_of(database.url())) {
  const Outcome migrated = daemon.run({"migrate"});
  if (migrated.status != 0) throw std::runtime_error(migrated.err);
  if (filled) database.run(kRows);
}

void ReportScene::connect_as(const std::string& role) {
  daemon.configure(settings_of(database.url_as(role)));
}

Outcome ReportScene::report(std::vector<std::string> words) {
  words.insert(words.begin(), "report");
  return daemon.run(words);
}

nlohmann::json ReportScene::rows(std::vector<std::string> words) {
  words.insert(words.end(), {"--output", "json"});
  const Outcome outcome = report(words);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return nlohmann::json::parse(outcome.out);
}

std::string ReportScene::on_terminal(std::vector<std::string> words, const std::string& term,
                                     const std::string& no_color) {
  const Terminal terminal;
  words.insert(words.begin(), {"--config", daemon.config_file(), "report"});
  Process process{{.program = SIMSYNC_DAEMON,
                   .arguments = words,
                   .environment = {{"TERM", term}, {"NO_COLOR", no_color}},
                   .out_file = terminal.name(),
                   .err_file = daemon.directory().file("terminal_err")}};
  EXPECT_EQ(process.wait_for(std::chrono::minutes{1}), 0) << process.err();
  return terminal.shown();
}

}  // namespace simsync::test
