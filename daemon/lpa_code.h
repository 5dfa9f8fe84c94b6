// An eSIM's activation code (SGP.22, "Activation Code") for people who type it into a phone part by part. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace simsync {

struct LpaCode {
  std::string_view address;        // of the SM-DP+
  std::string_view matching_id;    // may be empty
  bool confirmation_code = false;  // the phone asks for one, which is told by other ways
};

// The parts point into `text`. nullopt where it is not built like that: it is still what is to be scanned.
std::optional<LpaCode> parts_of_lpa(std::string_view text);

}  // namespace simsync
