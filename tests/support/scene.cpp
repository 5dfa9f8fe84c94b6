#include "tests/support/scene.h"

#include <gtest/gtest.h>

namespace simsync::test {
namespace {

Settings changed(Settings settings, const std::function<void(Settings&)>& change) {
  if (change) change(settings);
  return settings;
}

}  // namespace

Scene::Scene(SimulatorOptions options, const std::function<void(Settings&)>& change)
    : simulator(std::move(options)), settings(changed(settings_for(simulator, database), change)), daemon(settings) {}

Outcome Scene::sync(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"sync"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return daemon.run(arguments);
}

void Scene::sync_well() {
  const Outcome outcome = sync();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
}

std::string Scene::last_walk(const std::string& column) const {
  return database.value("SELECT " + column + " FROM simsync.walk ORDER BY walk_id DESC LIMIT 1");
}

long Scene::count(const std::string& table, const std::string& where) const {
  return database.number("SELECT count(*) FROM simsync." + table + " WHERE " + where);
}

void Scene::expect_equal(const CompareRules& rules) const {
  const Differences found = mirror_differences(World{simulator, simulator.first_project()}, database, rules);
  EXPECT_TRUE(found.empty()) << listed(found);
}

void Scene::expect_true_history(const HistoryRules& rules) const {
  const Differences found = history_faults(World{simulator, simulator.first_project()}, database, rules);
  EXPECT_TRUE(found.empty()) << listed(found);
}

std::string listed(const Differences& differences) {
  std::string text = std::to_string(differences.size()) + " lines:";
  for (std::size_t i = 0; i < differences.size() && i < 15; ++i) text += "\n  " + differences[i].substr(0, 400);
  return text;
}

}  // namespace simsync::test
