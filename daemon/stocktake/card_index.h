// The inventory by ICCID: which cards a scanned number may mean. About 100 bytes a card. Pure; refuses to judge what a
// card should be, and to choose where two cards may be meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/stored_cards.h"
#include "sync/iccid.h"

namespace simsync {

// How a number led to a card.
enum class MatchedBy : std::uint8_t {
  digits,       // all of them are the same, whether an F follows or not
  check_digit,  // but for a check digit that only one of the two has
  text,         // the inventory's is no ICCID, and the scanned text is the same
};

// Belongs to one thread.
class CardIndex {
 public:
  using Place = std::uint32_t;  // of a card, in the order of add()

  struct Found {
    std::vector<Place> places;  // empty: none. Several: they have the same number, or different ones that fit
    MatchedBy by = MatchedBy::digits;
  };

  // Throws std::length_error beyond four billion cards.
  Place add(const Card& card);
  // After the last card that find() shall know: cards added later have places, and are not found.
  void seal();

  [[nodiscard]] std::size_t size() const { return cards_.size(); }
  // Valid until the next add().
  [[nodiscard]] Card at(Place place) const;

  // The cards with these digits; where there is none, those with a check digit more or less. Where both the longer and
  // the shorter number exist, both are given: they are two cards. Cards that are missing only count where no other
  // does. Reuses `found`.
  void find(const Iccid& iccid, Found& found) const;
  // The same for a text that is no ICCID, as plain_iccid_text() makes it.
  void find_text(const std::string& plain, Found& found) const;

 private:
  struct Group {  // what many cards have in common
    std::string project;
    std::string provider;
    std::string type;
    std::string status;
    bool missing = false;
  };
  struct Entry {
    std::uint64_t head;
    std::uint32_t tail;
    Place place;
  };
  struct Text {
    std::uint64_t begin;
    std::uint32_t id_size;
    std::uint32_t iccid_size;
    std::uint32_t group;
  };

  std::uint32_t group_of(const Card& card);
  void append(const Iccid& iccid, std::vector<Place>& places) const;
  void leave_out_missing(std::vector<Place>& places) const;

  std::vector<Entry> entries_;                               // sorted by seal()
  std::unordered_map<std::string, std::vector<Place>> odd_;  // whose ICCID is none
  std::vector<Text> cards_;
  std::string texts_;  // ids and ICCIDs, one behind the other
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::uint32_t> group_places_;
  std::string group_key_;
};

}  // namespace simsync
