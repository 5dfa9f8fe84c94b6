#include "storage/stored_cards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/postgres_inventory.h"
#include "tests/unit/storage/readings.h"
#include "tests/unit/storage/scratch_database.h"

namespace simsync {
namespace {

class StoredCards : public testing::Test {
 protected:
  ScratchDatabase database_;
  std::unique_ptr<InventoryStore> store_ = make_postgres_store_factory(database_.url())->open();

  [[nodiscard]] std::vector<std::string> read(const std::vector<std::string>& projects, std::size_t most = 100) const {
    std::vector<std::string> all;
    read_cards(database_.url(), projects, [&](const Card& card) {
      std::string text;
      for (const std::string_view field :
           {card.project, card.sim_id, card.iccid, card.provider, card.type, card.status}) {
        text.append(field).append("|");
      }
      all.push_back(text + (card.missing ? "missing" : "there"));
      return all.size() < most;
    });
    return all;
  }
};

TEST_F(StoredCards, AreReadOfTheProjectsAskedForMissingOnesToo) {
  Sim sim = plain_sim("sim_1");
  sim.iccid = "8988307000000753711F";
  sim.provider = "p\"1\\, ü";
  store_->apply("acme", {read_at(1, sim), read_at(1, plain_sim("sim_2"))});
  store_->apply("beta", {read_at(1, plain_sim("sim_3"))});
  store_->apply("gamma", {read_at(1, plain_sim("sim_4"))});
  WalkRecord record;
  record.id = store_->begin_walk("acme", WalkKind::full, at(2));
  record.finished_at = at(3);
  record.outcome = WalkOutcome::complete;
  store_->finish_walk("acme", record, {{"sim_2", at(2), at(3)}});
  const Sim plain = plain_sim("sim_2");
  const std::string rest = plain.iccid + "|" + plain.provider + "|" + plain.type + "|" + plain.status + "|";
  EXPECT_THAT(read({"acme", "beta"}),
              testing::UnorderedElementsAre(
                  "acme|sim_1|8988307000000753711F|p\"1\\, ü|" + plain.type + "|" + plain.status + "|there",
                  "acme|sim_2|" + rest + "missing", "beta|sim_3|" + rest + "there"));
  EXPECT_EQ(read({"nobody"}).size(), 0U);
  EXPECT_EQ(read({"acme", "beta"}, 1).size(), 1U);
}

}  // namespace
}  // namespace simsync
