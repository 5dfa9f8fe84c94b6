// Compares scanned cards with the inventory. A scan has one verdict, so that all counts together are the lines; a card
// that should be there and has no scan is told at the end. Pure: it asks nobody.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/stocktake/card_index.h"

namespace simsync {

// In the order of the report.
enum class Verdict : std::uint8_t {
  matched,       // in stock, as it should be
  wrong_status,  // active, retired or something new to us: it should not lie on a shelf
  elsewhere,     // of another project, provider or type than the count is about
  missing,       // the API does not have it any more
  not_recorded,  // the API has it, the inventory not yet
  unknown,       // neither has it
  not_asked,     // the inventory does not have it, and the API was not asked or did not answer
  ambiguous,     // two SIMs or more could be meant
  damaged,       // no ICCID
  duplicate,     // scanned before
  not_scanned,   // should be there; the only one without a line
};
inline constexpr std::size_t kVerdicts = 11;

// "wrong_status"
std::string_view to_text(Verdict verdict);

// What the count is about; what is empty does not matter. Where no type is named, both may lie there but only pSIMs are
// missed: an eSIM has no card that must.
struct StocktakeScope {
  std::vector<std::string> projects;  // at least one
  std::string provider;
  std::string type;
};

struct Finding {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint64_t line = 0;        // of the file; 0: not scanned
  std::uint32_t text = kNone;    // for Stocktake::text(): what was scanned
  std::uint32_t detail = kNone;  // the same: why it is damaged; which SIMs could be meant; why the API did not answer
  CardIndex::Place card =
      kNone;                    // of matched, wrong_status, elsewhere, missing, not_recorded, duplicate and not_scanned
  std::uint32_t first = kNone;  // of a duplicate: the finding that it repeats
  Verdict verdict = Verdict::damaged;
  MatchedBy by = MatchedBy::digits;  // where there is a card
};

// A SIM that the API has for an ICCID.
using SearchHit = Card;

// Belongs to one thread: add all cards, scan() all lines, finish_scans(); then answered() and failed() for those that
// unknown() gives; count_unscanned().
class Stocktake {
 public:
  explicit Stocktake(StocktakeScope scope) : scope_(std::move(scope)) {}

  CardIndex& cards() { return cards_; }
  [[nodiscard]] const CardIndex& cards() const { return cards_; }

  // A line as it was read. Throws std::length_error for more than kMostScans.
  static constexpr std::size_t kMostScans = 20'000'000;
  void scan(std::uint64_t line, std::string_view text);
  // A line that could not be read.
  void damaged(std::uint64_t line, std::string_view text, std::string_view why);
  void finish_scans();

  struct Unknown {
    Iccid iccid;
    std::size_t finding = 0;
  };
  // In the order of their lines, each ICCID once.
  [[nodiscard]] std::vector<Unknown> unknown() const;
  void answered(const Unknown& asked, const std::vector<SearchHit>& hits);
  void failed(const Unknown& asked, std::string_view why);

  void count_unscanned();

  // In the order of lines, then those that were not scanned.
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] std::size_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  [[nodiscard]] std::size_t scans() const { return scans_; }
  [[nodiscard]] std::string_view text(std::uint32_t text) const;
  // Of those without a card: whether the number could be one that was misread, or rounded by a spreadsheet.
  [[nodiscard]] std::string doubts(const Finding& finding) const;

 private:
  Finding& add(std::uint64_t line);
  void decide(std::size_t finding, const CardIndex::Found& found);
  void take_card(std::size_t finding, CardIndex::Place card, Verdict verdict);
  void set(Finding& finding, Verdict verdict);
  void make_duplicate(std::size_t finding, std::size_t first);
  [[nodiscard]] Verdict verdict_of(const Card& card) const;
  [[nodiscard]] bool is_expected(const Card& card) const;
  [[nodiscard]] bool concerns(const Card& card) const;
  std::uint32_t keep(std::string_view text);

  StocktakeScope scope_;
  CardIndex cards_;
  std::vector<std::uint32_t> first_scan_;  // of each card: its first finding
  std::vector<Finding> findings_;
  std::array<std::size_t, kVerdicts> counts_{};
  std::size_t scans_ = 0;
  std::string kept_;
  std::vector<std::size_t> kept_ends_;
  std::map<std::pair<std::string, std::string>, CardIndex::Place> found_by_search_;  // by project and id
  CardIndex::Found found_;
};

}  // namespace simsync
