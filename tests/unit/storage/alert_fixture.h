// A judge that a test can see through, and a project whose profiles it judges.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>

#include "storage/alert_store.h"
#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {

// Raises `gone` for each profile that is disabled or deleted; `more` may raise others.
class FakeJudge : public AlertJudge {
 public:
  [[nodiscard]] bool wants_profiles() const override { return wants; }
  [[nodiscard]] bool wants_sims() const override { return wants; }
  [[nodiscard]] std::vector<std::string> channels() const override { return all_channels; }
  [[nodiscard]] std::chrono::milliseconds repeat_after() const override { return repeat; }
  [[nodiscard]] std::vector<RaisedAlert> judge(const std::string&,
                                               std::span<const RecordedChange> changes) const override {
    const std::lock_guard lock{mutex_};
    std::vector<RaisedAlert> raised;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const RecordedChange& change = changes[i];
      seen.push_back(change);
      if (change.profile && (change.new_value == "disabled" || change.new_value == "deleted")) {
        raised.push_back({i, "gone", "simsync.profile.transition", "critical", all_channels,
                          change.old_value.value_or(""), change.new_value.value_or("")});
      }
      if (more) more(i, change, raised);
    }
    return raised;
  }

  bool wants = true;
  std::vector<std::string> all_channels = {"ops", "pager"};
  std::chrono::milliseconds repeat = std::chrono::hours{1};
  std::function<void(std::size_t, const RecordedChange&, std::vector<RaisedAlert>&)> more;
  mutable std::vector<RecordedChange> seen;

 private:
  mutable std::mutex mutex_;
};

class AlertFixture : public testing::Test {
 protected:
  // The SIM must be known, for its provider is told.
  void sim(const std::string& id, const std::string& status = "active", const std::string& metadata = "{}") {
    SimReading reading = read_at(second_, plain_sim(id));
    reading.sim.status = status;
    reading.sim.metadata = metadata;
    second_ += 10;
    store_->apply("acme", {reading});
  }
  void profile(const std::string& id, const std::string& status) {
    store_->apply_profiles("acme", {profile_at(second_, id, status, second_ - 1)});
    second_ += 10;
  }
  void walk(WalkOutcome outcome = WalkOutcome::complete, bool token_refused = false, std::uint64_t held_back = 0,
            const std::vector<Disappearance>& gone = {}) {
    WalkRecord record;
    record.started_at = at(second_);
    record.finished_at = at(second_ + 5);
    record.outcome = outcome;
    record.token_refused = token_refused;
    record.held_back = held_back;
    record.error = token_refused ? "401" : "";
    second_ += 10;
    record.id = store_->begin_walk("acme", WalkKind::full, record.started_at);
    store_->finish_walk("acme", record, gone);
  }
  [[nodiscard]] std::string value(const std::string& sql) const { return database_.value(sql); }
  [[nodiscard]] std::vector<std::string> rows(const std::string& sql) const { return database_.rows(sql); }
  [[nodiscard]] std::string count(const std::string& table) const {
    return value("SELECT count(*) FROM simsync." + table);
  }
  // Each INSERT into the table fails until mend().
  void breaks(const std::string& table) {
    database_.run(
        "CREATE FUNCTION public.broken() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'broken'; END $$; CREATE TRIGGER broken BEFORE INSERT ON simsync." +
        table + " FOR EACH ROW EXECUTE FUNCTION public.broken()");
  }
  void mend() { database_.run("DROP FUNCTION public.broken() CASCADE"); }

  ScratchDatabase database_;
  FakeJudge judge_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url(), &judge_)->open();
  int second_ = 10;
};

}  // namespace simsync
