// What outside data may say, given to the code that reads it: one function for each kind. Each takes any bytes, and
// throws BrokenPromise where the code did not keep what its header says. Nothing else may leave it.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace simsync::fuzz {

// Not a runtime_error, so that no target takes it for the refusal of bad input.
class BrokenPromise : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void promise(bool kept, const std::string& what) {
  if (!kept) throw BrokenPromise(what);
}

// Takes a choice off the front of `input`: its first byte; 0 where it is empty.
inline unsigned take_choice(std::string_view& input) {
  if (input.empty()) return 0;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return choice;
}

// The rest of `input` to one of `kinds`, by its choice.
template <std::size_t count>
void give_to_one_of(const std::array<void (*)(std::string_view), count>& kinds, std::string_view input) {
  const unsigned choice = take_choice(input);
  kinds[choice % count](input);
}

void address(std::string_view input);  // URLs, listeners, proxies, what is percent-encoded
void answer(std::string_view input);   // the API's answers but for lists; metadata
void config(std::string_view input);   // simsyncd.yaml
void csv(std::string_view input);      // files that commands read
void http(std::string_view input);     // the bytes of an answer of the API
void iccid(std::string_view input);
void json(std::string_view input);     // JSON as text
void logline(std::string_view input);  // what the log makes of an event and its values
void page(std::string_view input);     // lists of the API
void request(std::string_view input);  // what asks the status listener
void times(std::string_view input);    // Retry-After, timestamps, times of the command line
void words(std::string_view input);    // durations, numbers, names, patterns, text to be printed

}  // namespace simsync::fuzz
