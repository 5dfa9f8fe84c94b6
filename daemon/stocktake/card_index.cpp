#include "daemon/stocktake/card_index.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

namespace simsync {

CardIndex::Place CardIndex::add(const Card& card) {
  if (cards_.size() >= std::numeric_limits<Place>::max()) throw std::length_error("more than four billion SIMs");
  const auto place = static_cast<Place>(cards_.size());
  cards_.push_back({texts_.size(), static_cast<std::uint32_t>(card.sim_id.size()),
                    static_cast<std::uint32_t>(card.iccid.size()), group_of(card)});
  texts_.append(card.sim_id).append(card.iccid);
  const auto read = read_iccid(card.iccid);
  if (const auto* iccid = std::get_if<Iccid>(&read)) {
    const IccidKey key = iccid->key();
    entries_.push_back({key.head, key.tail, place});
  } else {
    odd_[plain_iccid_text(card.iccid)].push_back(place);
  }
  return place;
}

void CardIndex::seal() {
  std::ranges::sort(entries_, {}, [](const Entry& entry) { return std::tuple{entry.head, entry.tail, entry.place}; });
}

std::uint32_t CardIndex::group_of(const Card& card) {
  group_key_.clear();
  for (const std::string_view text : {card.project, card.provider, card.type, card.status}) {
    group_key_.append(std::to_string(text.size())).append(1, ':').append(text);  // no two lists of texts are alike
  }
  group_key_ += card.missing ? '-' : '+';
  const auto [known, is_new] = group_places_.try_emplace(group_key_, static_cast<std::uint32_t>(groups_.size()));
  if (is_new) {
    groups_.push_back({std::string{card.project}, std::string{card.provider}, std::string{card.type},
                       std::string{card.status}, card.missing});
  }
  return known->second;
}

Card CardIndex::at(Place place) const {
  const Text& text = cards_.at(place);
  const Group& group = groups_[text.group];
  const std::string_view texts{texts_};
  return {group.project,
          texts.substr(text.begin, text.id_size),
          texts.substr(text.begin + text.id_size, text.iccid_size),
          group.provider,
          group.type,
          group.status,
          group.missing};
}

void CardIndex::find(const Iccid& iccid, Found& found) const {
  found.places.clear();
  found.by = MatchedBy::digits;
  append(iccid, found.places);
  if (found.places.empty()) {
    found.by = MatchedBy::check_digit;
    for (const std::optional<Iccid>& other : {iccid.with_check_digit(), iccid.without_check_digit()}) {
      if (other) append(*other, found.places);
    }
  }
  leave_out_missing(found.places);
}

void CardIndex::find_text(const std::string& plain, Found& found) const {
  found.places.clear();
  found.by = MatchedBy::text;
  const auto known = odd_.find(plain);
  if (plain.empty() || known == odd_.end()) return;
  found.places = known->second;
  leave_out_missing(found.places);
}

void CardIndex::append(const Iccid& iccid, std::vector<Place>& places) const {
  const IccidKey key = iccid.key();
  const auto order = [](const Entry& entry) { return std::tuple{entry.head, entry.tail}; };
  auto entry = std::ranges::lower_bound(entries_, std::tuple{key.head, key.tail}, {}, order);
  for (; entry != entries_.end() && entry->head == key.head && entry->tail == key.tail; ++entry) {
    places.push_back(entry->place);
  }
}

void CardIndex::leave_out_missing(std::vector<Place>& places) const {
  if (places.size() < 2) return;
  const auto is_missing = [this](Place place) { return groups_[cards_[place].group].missing; };
  if (!std::ranges::all_of(places, is_missing)) std::erase_if(places, is_missing);
}

}  // namespace simsync
