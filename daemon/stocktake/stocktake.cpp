#include "daemon/stocktake/stocktake.h"

#include <algorithm>
#include <stdexcept>

#include "config/printable.h"

namespace simsync {
namespace {

constexpr std::size_t kLongestKept = 80;  // bytes of what was scanned: whoever looks for the line has its number
constexpr std::size_t kListed = 5;        // SIMs that are named where several could be meant

constexpr std::array<std::string_view, kVerdicts> kVerdictTexts = {
    "matched",   "wrong_status", "elsewhere", "missing",   "not_recorded", "unknown",
    "not_asked", "ambiguous",    "damaged",   "duplicate", "not_scanned"};

// Which SIMs could be meant.
std::string listed(const std::vector<Card>& cards) {
  std::string list;
  for (std::size_t i = 0; i < std::min(cards.size(), kListed); ++i) {
    const Card& card = cards[i];
    list.append(list.empty() ? "may be " : " or ").append(card.sim_id).append(" (").append(card.iccid);
    list.append(", ").append(card.project).append(", ").append(card.status).append(")");
  }
  if (cards.size() > kListed) list += " or " + std::to_string(cards.size() - kListed) + " more";
  return list;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  return kVerdictTexts[static_cast<std::size_t>(verdict)];
}

void Stocktake::scan(std::uint64_t line, std::string_view text) {
  const auto read = read_iccid(text);
  const auto* iccid = std::get_if<Iccid>(&read);
  if (iccid != nullptr) {
    cards_.find(*iccid, found_);
  } else if (text.size() <= kLongestKept) {
    cards_.find_text(plain_iccid_text(text), found_);
  } else {
    found_.places.clear();
  }
  if (iccid == nullptr && found_.places.empty()) {
    damaged(line, text, std::get<IccidFault>(read).why);
    return;
  }
  add(line);
  findings_.back().text = keep(iccid != nullptr ? iccid->digits() : text);
  decide(findings_.size() - 1, found_);
}

void Stocktake::damaged(std::uint64_t line, std::string_view text, std::string_view why) {
  Finding& finding = add(line);
  finding.text = keep(beginning(text, kLongestKept));
  finding.detail = keep(why);
  set(finding, Verdict::damaged);
}

Finding& Stocktake::add(std::uint64_t line) {
  if (scans_ == kMostScans) {
    throw std::length_error("more than " + std::to_string(kMostScans) + " lines are too many for one count");
  }
  ++scans_;
  return findings_.emplace_back(Finding{.line = line});
}

void Stocktake::decide(std::size_t finding, const CardIndex::Found& found) {
  findings_[finding].by = found.by;
  if (found.places.empty()) {
    set(findings_[finding], Verdict::not_asked);
  } else if (found.places.size() == 1) {
    const CardIndex::Place card = found.places.front();
    take_card(finding, card, verdict_of(cards_.at(card)));
  } else {
    std::vector<Card> cards;
    for (const CardIndex::Place place : found.places) {
      cards.push_back(cards_.at(place));
      // Named in what is told of this line, so not told a second time as one that nobody scanned.
      if (first_scan_.size() < cards_.size()) first_scan_.resize(cards_.size(), Finding::kNone);
      if (first_scan_[place] == Finding::kNone) first_scan_[place] = static_cast<std::uint32_t>(finding);
    }
    findings_[finding].detail = keep(listed(cards));
    set(findings_[finding], Verdict::ambiguous);
  }
}

void Stocktake::take_card(std::size_t finding, CardIndex::Place card, Verdict verdict) {
  if (first_scan_.size() < cards_.size()) first_scan_.resize(cards_.size(), Finding::kNone);
  findings_[finding].card = card;
  std::uint32_t& first = first_scan_[card];
  // A line that could have meant this card does not make this one a repetition.
  if (first != Finding::kNone && findings_[first].verdict != Verdict::ambiguous) {
    make_duplicate(finding, first);
    return;
  }
  first = static_cast<std::uint32_t>(finding);
  set(findings_[finding], verdict);
}

void Stocktake::make_duplicate(std::size_t finding, std::size_t first) {
  findings_[finding].first = static_cast<std::uint32_t>(first);
  set(findings_[finding], Verdict::duplicate);
}

void Stocktake::set(Finding& finding, Verdict verdict) {
  finding.verdict = verdict;
  ++counts_[static_cast<std::size_t>(verdict)];
}

bool Stocktake::concerns(const Card& card) const {
  return std::ranges::find(scope_.projects, card.project) != scope_.projects.end() &&
         (scope_.provider.empty() || card.provider == scope_.provider) &&
         (scope_.type.empty() || card.type == scope_.type);
}

Verdict Stocktake::verdict_of(const Card& card) const {
  if (card.missing) return Verdict::missing;
  if (!concerns(card)) return Verdict::elsewhere;
  return card.status == "inactive" ? Verdict::matched : Verdict::wrong_status;
}

bool Stocktake::is_expected(const Card& card) const {
  return verdict_of(card) == Verdict::matched && (!scope_.type.empty() || card.type == "pSIM");
}

// Of the numbers that nobody knows, those that were scanned before are found by sorting, which needs no table that an
// odd file could make slow.
void Stocktake::finish_scans() {
  first_scan_.resize(cards_.size(), Finding::kNone);
  std::vector<std::pair<IccidKey, std::uint32_t>> unknown;
  for (const Unknown& each : this->unknown()) unknown.emplace_back(each.iccid.key(), each.finding);
  std::ranges::sort(unknown);
  for (std::size_t i = 1, first = 0; i < unknown.size(); ++i) {
    if (unknown[i].first != unknown[first].first) {
      first = i;
      continue;
    }
    --counts_[static_cast<std::size_t>(Verdict::not_asked)];
    make_duplicate(unknown[i].second, unknown[first].second);
  }
}

std::vector<Stocktake::Unknown> Stocktake::unknown() const {
  std::vector<Unknown> unknown;
  for (std::size_t i = 0; i < findings_.size(); ++i) {
    const Finding& finding = findings_[i];
    if (finding.verdict != Verdict::not_asked) continue;
    if (const auto iccid = Iccid::of_digits(text(finding.text))) unknown.push_back({*iccid, i});
  }
  return unknown;
}

void Stocktake::answered(const Unknown& asked, const std::vector<SearchHit>& hits) {
  --counts_[static_cast<std::size_t>(Verdict::not_asked)];
  if (hits.empty()) {
    set(findings_[asked.finding], Verdict::unknown);
  } else if (hits.size() > 1) {
    findings_[asked.finding].detail = keep(listed(hits));
    set(findings_[asked.finding], Verdict::ambiguous);
  } else {
    const SearchHit& hit = hits.front();
    const std::pair key{std::string{hit.project}, std::string{hit.sim_id}};
    auto known = found_by_search_.find(key);
    if (known == found_by_search_.end()) known = found_by_search_.emplace(key, cards_.add(hit)).first;
    const auto read = read_iccid(hit.iccid);
    const auto* iccid = std::get_if<Iccid>(&read);
    const bool same = iccid != nullptr && *iccid == asked.iccid;
    findings_[asked.finding].by = same ? MatchedBy::digits : MatchedBy::check_digit;
    take_card(asked.finding, known->second, Verdict::not_recorded);
  }
}

void Stocktake::failed(const Unknown& asked, std::string_view why) {
  findings_[asked.finding].detail = keep(why);
}

void Stocktake::count_unscanned() {
  first_scan_.resize(cards_.size(), Finding::kNone);
  for (CardIndex::Place place = 0; place < cards_.size(); ++place) {
    if (first_scan_[place] != Finding::kNone || !is_expected(cards_.at(place))) continue;
    Finding& finding = findings_.emplace_back();
    finding.card = place;
    set(finding, Verdict::not_scanned);
  }
}

std::uint32_t Stocktake::keep(std::string_view text) {
  // The same reason for many lines in a row is kept once.
  if (!kept_ends_.empty() && this->text(static_cast<std::uint32_t>(kept_ends_.size() - 1)) == text) {
    return static_cast<std::uint32_t>(kept_ends_.size() - 1);
  }
  kept_.append(text);
  kept_ends_.push_back(kept_.size());
  return static_cast<std::uint32_t>(kept_ends_.size() - 1);
}

std::string_view Stocktake::text(std::uint32_t text) const {
  if (text == Finding::kNone) return {};
  const std::size_t begin = text == 0 ? 0 : kept_ends_[text - 1];
  return std::string_view{kept_}.substr(begin, kept_ends_[text] - begin);
}

std::string Stocktake::doubts(const Finding& finding) const {
  const auto iccid = Iccid::of_digits(text(finding.text));
  if (!iccid || finding.card != Finding::kNone) return {};
  if (iccid->may_be_rounded()) return "it ends in zeros: a spreadsheet may have rounded it";
  if (iccid->digits().size() > Iccid::kFewest && !iccid->check_digit_fits()) {
    return "the check digit does not fit: it may be misread";
  }
  return {};
}

}  // namespace simsync
