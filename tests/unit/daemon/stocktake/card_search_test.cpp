#include "daemon/stocktake/card_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

namespace simsync {
namespace {

using Lines = std::vector<std::string>;

// Has some SIMs, by their ICCIDs, and fails where it is told to.
class CardApi : public SimApi {
 public:
  std::map<std::string, Sim> sims;
  std::map<std::string, ApiFailure> failures;  // by the text that is searched for; "": any
  std::multiset<std::string> searched;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;

  SimPage search(const std::string& iccid, const std::vector<std::string>& types, std::stop_token) override {
    EXPECT_TRUE(types.empty());
    most_at_once = std::max(most_at_once.load(), ++at_once);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    --at_once;
    const std::lock_guard lock{mutex_};
    searched.insert(iccid);
    for (const std::string& text : {iccid, std::string{}}) {
      if (failures.contains(text)) throw ApiError{failures.at(text), 0, "no answer"};
    }
    SimPage page;
    if (sims.contains(iccid)) page.sims.push_back(sims.at(iccid));
    return page;
  }

  SimPage list(const ListQuery&, std::stop_token) override { throw std::logic_error("list"); }
  SimAnswer get(const std::string&, std::stop_token) override { throw std::logic_error("get"); }
  ProfileAnswer profile(const std::string&, std::stop_token) override { throw std::logic_error("profile"); }
  WholeProfileAnswer whole_profile(const std::string&, std::stop_token) override { throw std::logic_error("profile"); }
  SimCredentials credentials(const std::string&, std::stop_token) override { throw std::logic_error("credentials"); }
  SimAnswer update_metadata(const std::string&, const std::string&, std::stop_token) override {
    throw std::logic_error("update_metadata");
  }

 private:
  std::mutex mutex_;
};

Sim sim_with(const std::string& id, const std::string& iccid) {
  Sim sim;
  sim.id = id;
  sim.iccid = iccid;
  return sim;
}

std::vector<Iccid> iccids(const Lines& digits) {
  std::vector<Iccid> all;
  for (const std::string& each : digits) all.push_back(*Iccid::of_digits(each));
  return all;
}

// "sim_1 in acme", "none", "none, incomplete: why".
Lines told(const std::vector<CardAnswer>& answers) {
  Lines all;
  for (const CardAnswer& answer : answers) {
    std::string text;
    for (const CardHit& hit : answer.hits) text += hit.reading.sim.id + " in " + hit.project + ' ';
    if (text.empty()) text = "none ";
    text += answer.complete ? "" : "incomplete: " + answer.why;
    all.push_back(text);
  }
  return all;
}

constexpr char kShort[] = "890126086229147711";
constexpr char kRight[] = "8901260862291477114";
constexpr char kOther[] = "8901260862291477115";

TEST(CardSearch, AsksWhatTheApiAccepts) {
  EXPECT_EQ(searches_of(*Iccid::of_digits(kShort)), Lines{kRight});
  EXPECT_EQ(searches_of(*Iccid::of_digits(kRight)), (Lines{kRight, "89012608622914771148"}));
  EXPECT_EQ(searches_of(*Iccid::of_digits("89012608622914771148")), (Lines{"89012608622914771148", kRight}));
  EXPECT_EQ(searches_of(*Iccid::of_digits("89012608622914771140")), Lines{"89012608622914771140"});
}

TEST(CardSearch, FindsWhatTheProjectsHave) {
  CardApi acme;
  CardApi beta;
  acme.sims[kRight] = sim_with("sim_1", "8901260862291477114F");
  beta.sims[kOther] = sim_with("sim_2", kOther);
  beta.sims["8901000000000000001"] = sim_with("sim_3", "8901000000000000009");  // not what was asked for
  std::vector<std::size_t> heard;
  CardSearch search{{{"acme", &acme}, {"beta", &beta}}, 4, [&](std::size_t asked, std::size_t found) {
                      heard.push_back(10 * asked + found);
                    }};
  EXPECT_EQ(told(search.ask(iccids({kRight, kOther, "8901000000000000001"}), {})),
            (Lines{"sim_1 in acme ", "sim_2 in beta ", "none "}));
  EXPECT_THAT(heard, testing::ElementsAre(testing::AnyOf(10, 11), testing::AnyOf(21, 22), 32));
  EXPECT_TRUE(search.failures().empty());
  // Found, so not asked for what it would be with a check digit more.
  EXPECT_EQ(acme.searched.count("89012608622914771148"), 0U);
}

TEST(CardSearch, AsksSeveralAtATimeAndNoMoreThanMay) {
  CardApi acme;
  CardSearch search{{{"acme", &acme}}, 3, [](std::size_t, std::size_t) {}};
  Lines digits;
  for (int i = 100; i < 160; ++i) digits.push_back("89010000000000000" + std::to_string(i));
  for (const std::string& answer : told(search.ask(iccids(digits), {}))) EXPECT_EQ(answer, "none ");
  EXPECT_LE(acme.most_at_once, 3);
  EXPECT_GT(acme.most_at_once, 1);
  for (const std::string& each : digits) EXPECT_EQ(acme.searched.count(each), 1U);
}

TEST(CardSearch, ARequestThatIsRefusedIsThatCardsMatter) {
  CardApi acme;
  acme.failures[kOther] = ApiFailure::rejected;
  CardSearch search{{{"acme", &acme}}, 1, [](std::size_t, std::size_t) {}};
  EXPECT_EQ(told(search.ask(iccids({kOther, "89012608622914771140"}), {})),
            (Lines{"none incomplete: no answer", "none "}));
  EXPECT_TRUE(search.failures().empty());
}

TEST(CardSearch, AProjectThatFailsIsNotAskedOn) {
  CardApi acme;
  CardApi beta;
  acme.failures[""] = ApiFailure::unauthorized;
  beta.sims["89012608622914771140"] = sim_with("sim_1", "89012608622914771140");
  CardSearch search{{{"acme", &acme}, {"beta", &beta}}, 1, [](std::size_t, std::size_t) {}};
  EXPECT_EQ(told(search.ask(iccids({"89012608622914771140", "89012608622914771141"}), {})),
            (Lines{"sim_1 in beta incomplete: no answer", "none incomplete: no answer"}));
  EXPECT_EQ(search.failures(), (std::map<std::string, std::string>{{"acme", "no answer"}}));
  EXPECT_EQ(acme.searched.size(), 1U);
}

TEST(CardSearch, StopLeavesTheRest) {
  CardApi acme;
  std::stop_source stop;
  CardSearch search{{{"acme", &acme}}, 1, [&](std::size_t, std::size_t) { stop.request_stop(); }};
  EXPECT_EQ(told(search.ask(iccids({"89012608622914771140", "89012608622914771141"}), stop.get_token())),
            (Lines{"none ", "none incomplete: "}));
}

}  // namespace
}  // namespace simsync
