#include "daemon/stocktake/stocktake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace simsync {
namespace {

// Of one number: without a check digit, with the right one, and with another one.
constexpr char kShort[] = "890126086229147711";
constexpr char kRight[] = "8901260862291477114";
constexpr char kOther[] = "8901260862291477115";

struct StoredSim {
  std::string iccid;
  std::string status = "inactive";
  std::string project = "acme";
  std::string provider = "p9";
  std::string type = "pSIM";
  bool missing = false;
};

Stocktake stocktake_of(const std::vector<StoredSim>& sims, const StocktakeScope& scope = {{"acme"}, "", ""}) {
  Stocktake stocktake{scope};
  int number = 0;
  for (const StoredSim& sim : sims) {
    const std::string id = "sim_" + std::to_string(number++);
    stocktake.cards().add({sim.project, id, sim.iccid, sim.provider, sim.type, sim.status, sim.missing});
  }
  stocktake.cards().seal();
  return stocktake;
}

// "1 matched sim_0", one for each finding, with its detail behind it.
std::vector<std::string> told(const Stocktake& stocktake) {
  std::vector<std::string> all;
  for (const Finding& finding : stocktake.findings()) {
    std::string text = std::to_string(finding.line) + ' ' + std::string{to_text(finding.verdict)};
    if (finding.card != Finding::kNone) text.append(" ").append(stocktake.cards().at(finding.card).sim_id);
    if (finding.card != Finding::kNone && finding.by == MatchedBy::check_digit) text += " by check digit";
    if (finding.first != Finding::kNone) {
      text += " first on " + std::to_string(stocktake.findings()[finding.first].line);
    }
    if (finding.detail != Finding::kNone) text.append(": ").append(stocktake.text(finding.detail));
    all.push_back(text);
  }
  return all;
}

std::vector<std::string> compared(Stocktake stocktake, const std::vector<std::string>& scans) {
  std::uint64_t line = 0;
  for (const std::string& scan : scans) stocktake.scan(++line, scan);
  stocktake.finish_scans();
  stocktake.count_unscanned();
  return told(stocktake);
}

using Lines = std::vector<std::string>;

TEST(Stocktake, EveryScanHasAVerdict) {
  const Stocktake inventory = stocktake_of({{.iccid = "8901000000000000001"},
                                            {.iccid = "8901000000000000002F", .status = "active"},
                                            {.iccid = "8901000000000000003f", .status = "retired"},
                                            {.iccid = "8901000000000000004", .status = "paused"},
                                            {.iccid = "8901000000000000005", .project = "beta"},
                                            {.iccid = "8901000000000000006", .missing = true},
                                            {.iccid = "8901000000000000007"},
                                            {.iccid = "8901000000000000008", .status = "active"},
                                            {.iccid = "8901000000000000009", .type = "eSIM"}});
  EXPECT_EQ(compared(inventory, {"8901000000000000001", "8901 0000 0000 0000 002", "8901000000000000003",
                                 "8901000000000000004", "8901000000000000005", "8901000000000000006",
                                 "8901000000000000010", "8901-O", "8901000000000000001F", "8901000000000000010f"}),
            (Lines{"1 matched sim_0", "2 wrong_status sim_1", "3 wrong_status sim_2", "4 wrong_status sim_3",
                   "5 elsewhere sim_4", "6 missing sim_5", "7 not_asked", "8 damaged: has other characters than digits",
                   "9 duplicate sim_0 first on 1", "10 duplicate first on 7", "0 not_scanned sim_6"}));
}

TEST(Stocktake, TheCountIsAboutItsScope) {
  const std::vector<StoredSim> sims = {{.iccid = "8901000000000000001"},
                                       {.iccid = "8901000000000000002", .provider = "p3"},
                                       {.iccid = "8901000000000000003", .type = "eSIM"},
                                       {.iccid = "8901000000000000004"},
                                       {.iccid = "8901000000000000005", .provider = "p3"},
                                       {.iccid = "8901000000000000006", .type = "eSIM"},
                                       {.iccid = "8901000000000000007", .project = "beta"}};
  const Lines scans = {"8901000000000000001", "8901000000000000002", "8901000000000000003"};
  // Without a type, eSIMs may lie there, and none is missed.
  EXPECT_EQ(compared(stocktake_of(sims), scans), (Lines{"1 matched sim_0", "2 matched sim_1", "3 matched sim_2",
                                                        "0 not_scanned sim_3", "0 not_scanned sim_4"}));
  EXPECT_EQ(compared(stocktake_of(sims, {{"acme"}, "p9", ""}), scans),
            (Lines{"1 matched sim_0", "2 elsewhere sim_1", "3 matched sim_2", "0 not_scanned sim_3"}));
  EXPECT_EQ(compared(stocktake_of(sims, {{"acme"}, "", "eSIM"}), scans),
            (Lines{"1 elsewhere sim_0", "2 elsewhere sim_1", "3 matched sim_2", "0 not_scanned sim_5"}));
  EXPECT_EQ(compared(stocktake_of(sims, {{"acme", "beta"}, "p9", "pSIM"}), scans),
            (Lines{"1 matched sim_0", "2 elsewhere sim_1", "3 elsewhere sim_2", "0 not_scanned sim_3",
                   "0 not_scanned sim_6"}));
}

TEST(Stocktake, ACheckDigitThatOnlyOneHasDoesNotCount) {
  EXPECT_EQ(compared(stocktake_of({{.iccid = kRight}}), {kShort, kRight}),
            (Lines{"1 matched sim_0 by check digit", "2 duplicate sim_0 first on 1"}));
  EXPECT_EQ(compared(stocktake_of({{.iccid = kShort}}), {kRight}), Lines{"1 matched sim_0 by check digit"});
  // Another digit is no check digit, so it is another card.
  EXPECT_EQ(compared(stocktake_of({{.iccid = kOther}}), {kShort}), (Lines{"1 not_asked", "0 not_scanned sim_0"}));
  EXPECT_EQ(compared(stocktake_of({{.iccid = kShort}}), {kOther}), (Lines{"1 not_asked", "0 not_scanned sim_0"}));
  // The same digits go before.
  EXPECT_EQ(compared(stocktake_of({{.iccid = kShort}, {.iccid = kRight}}), {kRight, kShort}),
            (Lines{"1 matched sim_1", "2 matched sim_0"}));
}

TEST(Stocktake, TwoCardsAreNeverTakenForOne) {
  const std::string longer{Iccid::of_digits(kRight)->with_check_digit()->digits()};
  // One digit more and one less both exist.
  EXPECT_EQ(
      compared(stocktake_of({{.iccid = kShort}, {.iccid = longer, .status = "active"}}), {kRight}),
      Lines{"1 ambiguous: may be sim_1 (" + longer + ", acme, active) or sim_0 (" + kShort + ", acme, inactive)"});
  // The same number twice; a line that says which one it is counts for that one.
  const Stocktake twice = stocktake_of({{.iccid = kRight}, {.iccid = kRight, .project = "beta"}});
  EXPECT_THAT(compared(twice, {kRight}), testing::ElementsAre(testing::StartsWith("1 ambiguous: may be sim_0")));
  // What is gone from the API is not meant where something else has the number.
  EXPECT_EQ(compared(stocktake_of({{.iccid = kRight, .missing = true}, {.iccid = kRight}}), {kRight}),
            Lines{"1 matched sim_1"});
}

TEST(Stocktake, AnInventoryOfOddNumbersIsComparedAsText) {
  EXPECT_EQ(compared(stocktake_of({{.iccid = "ABC-12"}, {.iccid = ""}, {.iccid = "abc 13", .status = "active"}}),
                     {"abc12", "ABC 13", "", "abc14"}),
            (Lines{"1 matched sim_0", "2 wrong_status sim_2", "3 damaged: is empty",
                   "4 damaged: has other characters than digits", "0 not_scanned sim_1"}));
}

TEST(Stocktake, TheApisAnswersAreTaken) {
  Stocktake stocktake = stocktake_of({{.iccid = kOther}});
  const Lines scans = {kShort, "8901000000000000001", "8901000000000000002", "8901000000000000003", kRight, kShort};
  std::uint64_t line = 0;
  for (const std::string& scan : scans) stocktake.scan(++line, scan);
  stocktake.finish_scans();
  const std::vector<Stocktake::Unknown> unknown = stocktake.unknown();
  ASSERT_EQ(unknown.size(), 5U);
  const SearchHit hit{"acme", "sim_new", kRight, "p9", "pSIM", "inactive"};
  stocktake.answered(unknown[0], {hit});
  stocktake.answered(unknown[1], {});
  stocktake.failed(unknown[2], "no answer");
  stocktake.answered(unknown[3], {hit, {"beta", "sim_also", "8901000000000000003", "p9", "pSIM", "inactive"}});
  stocktake.answered(unknown[4], {hit});
  stocktake.count_unscanned();
  EXPECT_EQ(told(stocktake),
            (Lines{"1 not_recorded sim_new by check digit", "2 unknown", "3 not_asked: no answer",
                   "4 ambiguous: may be sim_new (8901260862291477114, acme, inactive) or sim_also "
                   "(8901000000000000003, beta, inactive)",
                   "5 duplicate sim_new first on 1", "6 duplicate first on 1", "0 not_scanned sim_0"}));
}

TEST(Stocktake, NumbersThatMayBeWrongAreDoubted) {
  Stocktake stocktake = stocktake_of({{.iccid = "8901000000000000001"}});
  const Lines scans = {"8901260862291477000", "8901260862291470000", kOther, kRight, kShort, "8901000000000000001"};
  std::uint64_t line = 0;
  for (const std::string& scan : scans) stocktake.scan(++line, scan);
  Lines doubts;
  for (const Finding& finding : stocktake.findings()) doubts.push_back(stocktake.doubts(finding).substr(0, 15));
  EXPECT_EQ(doubts, (Lines{"the check digit", "it ends in zero", "the check digit", "", "", ""}));
}

// Says the same in the simplest way: every scan against every card, as text.
class NaiveComparison {
 public:
  explicit NaiveComparison(std::vector<StoredSim> sims) : sims_(std::move(sims)) {}

  Lines compare(const Lines& scans) {
    Lines all;
    std::set<std::size_t> touched;
    std::map<std::size_t, std::size_t> taken;
    std::map<std::string, std::size_t> unknown;
    for (std::size_t i = 0; i < scans.size(); ++i) {
      const std::string line = std::to_string(i + 1);
      const std::string digits = without_f(scans[i]);
      std::vector<std::size_t> found = those([&](const std::string& iccid) { return iccid == digits; });
      const bool exact = !found.empty();
      if (!exact) {
        found = those([&](const std::string& iccid) {
          return with_luhn(iccid) == digits || (digits.size() < 20 && with_luhn(digits) == iccid);
        });
      }
      std::string by = exact ? "" : " by check digit";
      if (std::ranges::any_of(found, [&](std::size_t sim) { return !sims_[sim].missing; })) {
        std::erase_if(found, [&](std::size_t sim) { return sims_[sim].missing; });
      }
      touched.insert(found.begin(), found.end());
      if (found.empty()) {
        const bool is_new = unknown.emplace(digits, i + 1).second;
        all.push_back(line + (is_new ? " not_asked" : " duplicate first on " + std::to_string(unknown[digits])));
      } else if (found.size() > 1) {
        all.push_back(line + " ambiguous");
      } else {
        const std::string id = " sim_" + std::to_string(found[0]) + by;
        const auto [first, is_new] = taken.emplace(found[0], i + 1);
        all.push_back(line + (is_new ? ' ' + verdict(sims_[found[0]]) + id
                                     : " duplicate" + id + " first on " + std::to_string(first->second)));
      }
    }
    for (std::size_t sim = 0; sim < sims_.size(); ++sim) {
      if (!touched.contains(sim) && verdict(sims_[sim]) == "matched" && sims_[sim].type == "pSIM") {
        all.push_back("0 not_scanned sim_" + std::to_string(sim));
      }
    }
    return all;
  }

 private:
  static std::string without_f(std::string text) {
    while (text.ends_with('F')) text.pop_back();
    return text;
  }
  // The digit that makes the doubled sum of them all a multiple of ten.
  static std::string with_luhn(const std::string& digits) {
    for (char last = '0'; last <= '9'; ++last) {
      const std::string all = digits + last;
      int sum = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        const int value = (all[i] - '0') * ((all.size() - i) % 2 == 0 ? 2 : 1);
        sum += value / 10 + value % 10;
      }
      if (sum % 10 == 0) return all;
    }
    return {};
  }
  template <typename Test>
  std::vector<std::size_t> those(const Test& test) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < sims_.size(); ++i) {
      if (test(without_f(sims_[i].iccid))) found.push_back(i);
    }
    return found;
  }
  static std::string verdict(const StoredSim& sim) {
    if (sim.missing) return "missing";
    if (sim.project != "acme") return "elsewhere";
    return sim.status == "inactive" ? "matched" : "wrong_status";
  }

  std::vector<StoredSim> sims_;
};

// Few numbers, so that they meet in every way.
std::string any_number(std::mt19937& random) {
  std::string digits = "89010000000000000" + std::to_string(random() % 8);
  for (std::size_t more = random() % 3; more > 0; --more) {
    const std::optional<Iccid> longer = Iccid::of_digits(digits)->with_check_digit();
    digits = random() % 3 > 0 ? std::string{longer->digits()} : digits + std::to_string(random() % 10);
  }
  return digits.size() == 19 && random() % 4 == 0 ? digits + 'F' : digits;
}

TEST(Stocktake, SaysWhatComparingEachWithEachSays) {
  std::mt19937 random{5};
  const auto one_of = [&random](std::initializer_list<const char*> texts) {
    return std::string{texts.begin()[random() % texts.size()]};
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<StoredSim> sims(random() % 12);
    for (StoredSim& sim : sims) {
      sim = {any_number(random),
             one_of({"inactive", "inactive", "active", "retired"}),
             one_of({"acme", "acme", "beta"}),
             "p9",
             one_of({"pSIM", "pSIM", "eSIM"}),
             random() % 5 == 0};
    }
    Lines scans(random() % 12);
    for (std::string& scan : scans) scan = any_number(random);
    Lines found = compared(stocktake_of(sims), scans);
    for (std::string& line : found) {
      if (line.find("ambiguous") != std::string::npos) line.resize(line.find(':'));
    }
    ASSERT_EQ(found, NaiveComparison{sims}.compare(scans));
  }
}

TEST(Stocktake, TheCountsAddUpToTheLines) {
  std::mt19937 random{6};
  Stocktake stocktake = stocktake_of({{.iccid = kRight}, {.iccid = kOther, .status = "active"}, {.iccid = kShort}});
  for (std::uint64_t line = 1; line <= 1000; ++line) {
    stocktake.scan(line, random() % 9 == 0 ? std::string{"x"} : any_number(random));
  }
  stocktake.finish_scans();
  for (const Stocktake::Unknown& unknown : stocktake.unknown()) {
    if (random() % 2 == 0) stocktake.answered(unknown, {});
  }
  stocktake.count_unscanned();
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(stocktake.count(verdict),
              static_cast<std::size_t>(std::ranges::count(stocktake.findings(), verdict, &Finding::verdict)));
    if (verdict != Verdict::not_scanned) sum += stocktake.count(verdict);
  }
  EXPECT_EQ(sum, 1000U);
  EXPECT_EQ(stocktake.scans(), 1000U);
}

}  // namespace
}  // namespace simsync
