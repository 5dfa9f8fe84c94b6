// Answers of the API as plain values: one pass of simdjson's on-demand parser, no tree. An item that is JSON but not a
// SIM is skipped and the others go on (product.md, promise 6); a body that is not whole JSON is refused as a whole, so
// that a cut or garbled page is never taken for a short one. It knows nothing of HTTP.
//
// simdjson picks the code that finds the structure of a body for the CPU at run time. Only its number and string
// conversions are fixed at compile time, and those are not used here: text is taken from the body as it stands, and
// the few strings with escapes go through json_text.h. That is why no file is compiled for a special CPU.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sync/api/sim_api.h"

namespace simsync {

// Longer text in an id, cursor, iccid, provider, type or status is not believed.
inline constexpr std::size_t kMaxFieldBytes = 200;
// Larger metadata or unknown fields of one SIM are not taken.
inline constexpr std::size_t kMaxJsonBytes = 1U << 20U;
// What a body's string should be able to hold behind the body, so that no copy is made to parse it.
inline constexpr std::size_t kBodyPadding = 64;

// Keeps its buffers between calls; one per connection, used by one thread at a time. Each function takes a body whose
// size the caller has bounded, leaves it in an unspecified state, and returns what is wrong with the answer: nullopt
// when it could be read, else one phrase without any value of the body; the result is then unspecified. They throw
// nothing but std::bad_alloc.
class PageParser {
 public:
  using Problem = std::optional<std::string>;

  PageParser();
  ~PageParser();
  PageParser(const PageParser&) = delete;
  PageParser& operator=(const PageParser&) = delete;
  PageParser(PageParser&&) = delete;
  PageParser& operator=(PageParser&&) = delete;

  // A list (sims-reference.txt, "List all SIMs" and "Search for SIMs"). Bad items go to page.skipped; the SIMs stay in
  // the API's order, equal ids as they come. page.exchange is left alone.
  // Items that `known` knows are not looked into. Their text is one that was checked when it was first read, and the
  // structure of the body around it is checked as ever.
  Problem read_page(std::string& body, SimPage& page, KnownItems* known = nullptr);
  // `metadata_text`, where it is given, is set to SimAnswer's.
  Problem read_sim(std::string& body, Sim& sim, std::optional<std::string>* metadata_text = nullptr);
  // With `sim`, also the SIM inside, which is nullopt where it could not be read as one.
  Problem read_profile(std::string& body, EsimProfile& profile, std::optional<Sim>* sim = nullptr);
  Problem read_credentials(std::string& body, SimCredentials& credentials);
  // The `message` of an error body (facts.md, "Errors"), empty where it has none; nullopt for a body that is not the
  // API's: something in between has answered.
  std::optional<std::string> read_error(std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simsync
