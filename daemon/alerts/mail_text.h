// A mail's headers and body (RFC 5322, 2045, 2047). Pure. Whatever is put into a header, it stays in that header.
#pragma once

#include <string>
#include <vector>

#include "storage/sim.h"

namespace simsync {

struct MailParts {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;  // UTF-8, lines end with \n
  std::string id;    // the same for every repeat, so that receivers can drop them
  TimePoint date{};
};

// Lines end with \r\n and are ASCII, at most 78 long (an address may be longer).
std::string mail_of(const MailParts& parts);

}  // namespace simsync
