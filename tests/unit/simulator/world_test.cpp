// The world without sockets: is it the same every time, in a strict order, with the mix that tests count on?
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "tests/simulator/generator.h"
#include "tests/simulator/list_query.h"
#include "tests/simulator/project.h"

namespace simsync::simulator {
namespace {

std::vector<std::string> all_texts(const Project& project) {
  std::vector<std::string> texts;
  for (Position p = project.end() - 1; p >= 0; --p)
    if (project.at(p).alive) texts.push_back(project.at(p).json);
  return texts;
}

std::vector<std::string> ids(const ListPage& page) {
  std::vector<std::string> out;
  for (const Sim* sim : page.sims) out.emplace_back(sim->id_text());
  return out;
}

ListQuery every_status(std::size_t limit) {
  ListQuery query;
  query.statuses = {"inactive", "active", "retired"};
  query.limit = limit;
  return query;
}

// All SIMs by following cursors, as a client would.
std::vector<std::string> walk(const Project& project, std::size_t limit) {
  std::vector<std::string> found;
  ListQuery query = every_status(limit);
  for (;;) {
    const ListPage page = project.list(query);
    const auto on_page = ids(page);
    found.insert(found.end(), on_page.begin(), on_page.end());
    if (!page.more_after) return found;
    query.after = project.find(found.back());
  }
}

std::vector<std::string> living_ids(const Project& project) {
  std::vector<std::string> out;
  for (Position p = project.end() - 1; p >= 0; --p)
    if (project.at(p).alive) out.emplace_back(project.at(p).id_text());
  return out;
}

bool is_sim_id(std::string_view text) {
  return text.size() == 32 && text.starts_with("sim_") &&
         std::all_of(text.begin() + 4, text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

SimDraft newborn(char digit) {
  SimDraft draft;
  draft.id = "sim_" + std::string(28, digit);
  draft.iccid = "8988307000000753711" + std::string(1, digit);
  draft.created_at = kGenesis + std::chrono::seconds(1);
  return draft;
}

TEST(World, EqualSeedsMakeEqualWorlds) {
  EXPECT_EQ(all_texts(*generate_project("gigs", "t", 2000, 7)), all_texts(*generate_project("gigs", "other", 2000, 7)));
  EXPECT_NE(all_texts(*generate_project("gigs", "t", 2000, 7)), all_texts(*generate_project("gigs", "t", 2000, 8)));
  EXPECT_NE(all_texts(*generate_project("gigs", "t", 2000, 7)), all_texts(*generate_project("test", "t", 2000, 7)));
}

// Pinned, so that a world stays the same from one release of the simulator to the next and on every machine.
TEST(World, IsTheOneItAlwaysWas) {
  const auto project = generate_project("gigs", "t", 100, 1);
  std::uint64_t hash = 0;
  for (const auto& text : all_texts(*project)) hash = hash * 31 + stable_hash(text);
  EXPECT_EQ(hash, 13603880793424840968ULL);
}

TEST(World, LooksLikeTheReference) {
  const auto project = generate_project("gigs", "t", 5000, 3);
  std::set<std::string> seen_ids, seen_iccids;
  for (Position p = 0; p < project->end(); ++p) {
    const Sim& sim = project->at(p);
    EXPECT_TRUE(is_iccid(sim.iccid())) << sim.iccid();
    EXPECT_TRUE(is_sim_id(sim.id_text())) << sim.id_text();
    EXPECT_TRUE(seen_ids.emplace(sim.id_text()).second);
    EXPECT_TRUE(seen_iccids.emplace(sim.iccid()).second);
    if (!project->words().reports_profiles(sim.provider) || sim.type != kEsim) {
      EXPECT_EQ(sim.profile_status, kProfileUnknown);
    }
    EXPECT_GE(sim.profile_updated_at, sim.created_at);
  }
}

TEST(World, HasTheMixThatTestsCountOn) {
  const auto project = generate_project("gigs", "t", 20000, 3);
  std::map<std::string, double> share;
  std::map<Seconds, int> in_second;
  for (Position p = 0; p < project->end(); ++p) {
    const Sim& sim = project->at(p);
    share[project->words().statuses.plain(sim.status)] += 1 / 20000.0;
    share[project->words().types.plain(sim.type)] += 1 / 20000.0;
    if (project->words().reports_profiles(sim.provider)) share["reporting"] += 1 / 20000.0;
    if (sim.metadata() == "{}") share["plain"] += 1 / 20000.0;
    if (sim.fraction) share["fraction"] += 1 / 20000.0;
    ++in_second[sim.created_at];
  }
  EXPECT_NEAR(share["inactive"], 0.3, 0.02);
  EXPECT_NEAR(share["active"], 0.6, 0.02);
  EXPECT_NEAR(share["retired"], 0.1, 0.02);
  EXPECT_NEAR(share["eSIM"], 0.7, 0.02);
  EXPECT_NEAR(share["reporting"], 0.5, 0.02);
  EXPECT_NEAR(share["plain"], 0.6, 0.02);
  EXPECT_NEAR(share["fraction"], 0.3, 0.02);
  EXPECT_EQ(project->words().providers.size(), 15U);
  EXPECT_LT(in_second.size(), 20000U / 2);
  for (const auto& [second, sims] : in_second) EXPECT_LE(sims, 5);
}

TEST(World, CreationNeverGoesBackAlongTheOrder) {
  const auto project = generate_project("gigs", "t", 3000, 3);
  for (Position p = 1; p < project->end(); ++p) ASSERT_LE(project->at(p - 1).created_at, project->at(p).created_at);
  SimDraft early = newborn('1');
  early.created_at = kGenesis - std::chrono::hours(1);
  const Position position = project->create(early);
  EXPECT_EQ(project->at(position).created_at, kGenesis);
}

TEST(World, AWalkSeesEverySimOnceInOrder) {
  const auto project = generate_project("gigs", "t", 1003, 3);
  for (const std::size_t limit : {1U, 7U, 200U}) EXPECT_EQ(walk(*project, limit), living_ids(*project));
}

TEST(World, CursorsStayExactThroughBirthsAndDeaths) {
  const auto project = generate_project("gigs", "t", 500, 3);
  ListQuery query = every_status(10);
  const auto before = living_ids(*project);
  query.after = project->find(before[99]);
  project->create(newborn('1'));
  project->destroy(*project->find(before[100]));
  project->destroy(*project->find(before[50]));
  query.after = project->find(before[99]);
  EXPECT_EQ(ids(project->list(query)), std::vector<std::string>(before.begin() + 101, before.begin() + 111));
  EXPECT_FALSE(project->find(before[100]).has_value());
  EXPECT_EQ(walk(*project, 7), living_ids(*project));
  EXPECT_EQ(living_ids(*project).front(), newborn('1').id);
}

TEST(World, SurvivesTheClearingOfTheDead) {
  const auto project = generate_project("gigs", "t", 10000, 3);
  const auto before = living_ids(*project);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (i % 10 != 3) project->destroy(*project->find(before[i]));
  EXPECT_EQ(project->living(), 1000U);
  EXPECT_LT(project->end(), 5000) << "the dead were not cleared";
  std::vector<std::string> wanted;
  for (std::size_t i = 3; i < before.size(); i += 10) wanted.push_back(before[i]);
  EXPECT_EQ(walk(*project, 200), wanted);
  for (const auto& id : wanted) {
    const Sim& sim = project->at(project->find(id).value());
    EXPECT_EQ(project->find_iccid(sim.iccid()).size(), 1U);
  }
  for (const auto& [user, serials] : project->users()) {
    ListQuery query = every_status(200);
    query.user = user;
    EXPECT_LE(project->list(query).sims.size(), serials.size());
  }
}

TEST(World, PagesBeforeACursorMirrorThoseAfterIt) {
  const auto project = generate_project("gigs", "t", 300, 3);
  const auto all = living_ids(*project);
  ListQuery query = every_status(10);
  query.before = project->find(all[25]);
  const ListPage page = project->list(query);
  EXPECT_EQ(ids(page), std::vector<std::string>(all.begin() + 15, all.begin() + 25));
  EXPECT_TRUE(page.more_before);
  EXPECT_TRUE(page.more_after);
  query.before = project->find(all[4]);
  const ListPage head = project->list(query);
  EXPECT_EQ(ids(head), std::vector<std::string>(all.begin(), all.begin() + 4));
  EXPECT_FALSE(head.more_before);
}

TEST(World, FiltersByAllThatTheReferenceNames) {
  const auto project = generate_project("gigs", "t", 2000, 3);
  ListQuery query;
  query.limit = 200;
  query.statuses = {"retired"};
  query.providers = {{"p3", "p99"}};
  query.type = "eSIM";
  std::vector<std::string> wanted;
  for (Position p = project->end() - 1; p >= 0; --p) {
    const Sim& sim = project->at(p);
    if (sim.status == kRetired && sim.type == kEsim && project->words().providers.plain(sim.provider) == "p3")
      wanted.emplace_back(sim.id_text());
  }
  ASSERT_GT(wanted.size(), 3U);
  EXPECT_EQ(ids(project->list(query)), wanted);
}

TEST(World, AUsersSimsAreFoundInBothDirections) {
  const auto project = generate_project("gigs", "t", 5000, 3);
  ASSERT_FALSE(project->users().empty());
  for (const auto& [user, serials] : project->users()) {
    ListQuery query = every_status(200);
    query.user = user;
    const ListPage all = project->list(query);
    ASSERT_EQ(all.sims.size(), serials.size());
    if (serials.size() < 2) continue;
    query.limit = 1;
    query.after = project->find(all.sims[0]->id_text());
    EXPECT_EQ(project->list(query).sims.at(0), all.sims[1]);
    query.after.reset();
    query.before = project->find(all.sims[1]->id_text());
    EXPECT_EQ(project->list(query).sims.at(0), all.sims[0]);
  }
}

TEST(World, AChangedIccidIsFoundUnderItsNewNumberOnly) {
  const auto project = generate_project("gigs", "t", 100, 3);
  const std::string old(project->at(5).iccid());
  project->set_field(5, Field::iccid, "8988307000000753711");
  EXPECT_TRUE(project->find_iccid(old).empty());
  EXPECT_EQ(project->find_iccid("8988307000000753711F"), std::vector<Position>{5});
  project->set_field(5, Field::iccid, old);
  EXPECT_EQ(project->find_iccid(old), std::vector<Position>{5});
}

TEST(World, LogsEachChangeOnceAndNoneThatChangesNothing) {
  const auto project = generate_project("gigs", "t", 10, 3);
  const std::string status = project->words().statuses.plain(project->at(5).status);
  project->set_field(5, Field::status, status);
  EXPECT_TRUE(project->log().empty());
  project->set_field(5, Field::metadata, R"({"a":"\"ü\""})");
  ASSERT_EQ(project->log().size(), 1U);
  EXPECT_NE(project->log()[0].find(R"("field":"metadata")"), std::string::npos);
  EXPECT_NE(project->log()[0].find(R"("new":"{\"a\":\"\\\"ü\\\"\"}")"), std::string::npos) << project->log()[0];
  EXPECT_EQ(project->at(5).metadata(), R"({"a":"\"ü\""})");
}

}  // namespace
}  // namespace simsync::simulator
