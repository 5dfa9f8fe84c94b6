// What a count of cards needs of the inventory: each SIM's ICCID and what it is, as it comes, in no order. Only reads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/storage_error.h"

namespace simsync {

// A SIM by the card it is on; the texts are as the API says them.
struct Card {
  std::string_view project;
  std::string_view sim_id;
  std::string_view iccid;
  std::string_view provider;
  std::string_view type;
  std::string_view status;
  bool missing = false;  // gone from the API

  bool operator==(const Card&) const = default;
};

// Every SIM of these projects, of one moment, also those that are missing. `take` is called from within; the card is
// only valid during the call, and false ends the reading. Blocks; throws StorageError.
void read_cards(const std::string& url, const std::vector<std::string>& projects,
                const std::function<bool(const Card&)>& take);

}  // namespace simsync
