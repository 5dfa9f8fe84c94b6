// The provider's SIM API for one project: the six operations of the reference and nothing else. Implementations
// keep the project's budget and repeat what may be repeated; a caller sees a result or an ApiError.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/profile.h"
#include "storage/sim.h"
#include "sync/api/api_error.h"
#include "sync/api/sim_list.h"

namespace simsync {

// Filters and place of a list request (sims-reference.txt, "List all SIMs"). Empty members are not sent.
struct ListQuery {
  std::vector<std::string> providers;
  std::vector<std::string> statuses;  // the API's default leaves retired SIMs out
  std::string type;
  std::string user;
  std::string after;  // at most one of after and before
  std::string before;
  int limit = 200;  // 0–200
};

inline const std::vector<std::string> kAllStatuses = {"inactive", "active", "retired"};

// An item of a page that could not be read as a SIM.
struct SkippedItem {
  std::string id;      // empty where not even the id could be read
  std::string reason;  // for a log line; holds no value of the item but its id
};

// When an answer came and what it cost.
struct Exchange {
  TimePoint asked_at{};     // the request that was answered left
  TimePoint observed_at{};  // its answer was complete
  unsigned attempts = 1;    // requests sent for it, retries included
};

// A call that was not allowed to send anything made no attempt.
inline unsigned retries_of(unsigned attempts) {
  return attempts > 0 ? attempts - 1 : 0;
}

// An item of a page as it stands in the answer. The texts end with the call that hands them over.
struct ItemText {
  std::string_view id;    // empty where it was not found without parsing
  std::string_view text;  // the whole object
};

// Knows items by their text. What it knows is not parsed: of an unchanged inventory, nearly nothing is.
class KnownItems {
 public:
  virtual ~KnownItems() = default;
  // The items of a page, in its order. Sets `created_at` of those whose text is the one that was last read of that SIM;
  // nullopt for the others. Called once for each answer that is tried, on the thread that reads the page.
  virtual void look_up(const std::vector<ItemText>& items, std::vector<std::optional<TimePoint>>& created_at) = 0;
};

struct SimPage {
  // Where the SIM stands in the answer, and whether KnownItems knew it: of such a SIM only id and created_at are set.
  struct Place {
    std::size_t item = 0;
    bool known = false;
  };

  SimList sims;               // in the API's order, newest first
  std::vector<Place> places;  // of the SIMs, in the same order; empty unless KnownItems was asked
  std::vector<SkippedItem> skipped;
  std::optional<std::string> more_after;
  std::optional<std::string> more_before;
  Exchange exchange;
};

struct SimAnswer {
  Sim sim;
  Exchange exchange;
  // The metadata as the API wrote them, byte for byte: what is to be sent back has to be made of these, for those of
  // `sim` are made fit for the database. nullopt: the answer was no text, so nobody can say what they are.
  std::optional<std::string> metadata_text = std::nullopt;
};

struct ProfileAnswer {
  EsimProfile profile;
  Exchange exchange;
};

// With the SIM that stands in the answer.
struct WholeProfileAnswer {
  ProfileAnswer answer;
  std::optional<Sim> sim;  // nullopt where it could not be read as one
};

// Never stored, logged or put into the database.
struct SimCredentials {
  std::string sim_id;
  std::optional<std::string> activation_code;  // nullopt for a pSIM
  std::optional<std::string> qr_code_url;
};

// Every call blocks until the answer, the end of its retries or stop, and is safe from any thread. All throw
// ApiError; after stop was requested the failure is `stopped`.
class SimApi {
 public:
  virtual ~SimApi() = default;

  virtual SimPage list(const ListQuery& query, std::stop_token stop) = 0;
  // The same, into a page whose memory is used again, and without parsing what `known` knows. After an error the page
  // holds anything. An implementation may ignore `known`.
  virtual void read_list(const ListQuery& query, std::stop_token stop, SimPage& page, KnownItems* /*known*/) {
    page = list(query, std::move(stop));
  }
  virtual SimAnswer get(const std::string& sim_id, std::stop_token stop) = 0;
  virtual ProfileAnswer profile(const std::string& sim_id, std::stop_token stop) = 0;
  // The same for who wants all of the answer, and does not ask for thousands.
  virtual WholeProfileAnswer whole_profile(const std::string& sim_id, std::stop_token stop) = 0;
  virtual SimCredentials credentials(const std::string& sim_id, std::stop_token stop) = 0;
  // `metadata` is JSON text of an object. Sent once at most, whatever comes of it (facts.md, "Errors"): it was made of
  // what the SIM was a moment ago, so the caller reads the SIM anew before anything is sent again. Where the API asked
  // to wait, it is not sent at all.
  virtual SimAnswer update_metadata(const std::string& sim_id, const std::string& metadata, std::stop_token stop) = 0;
  // `types` empty: both.
  virtual SimPage search(const std::string& iccid, const std::vector<std::string>& types, std::stop_token stop) = 0;
};

}  // namespace simsync
