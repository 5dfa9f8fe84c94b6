// The one answer to "is this host this machine?". It decides where the token may travel in clear text, so it only knows
// what is certain and asks no resolver.
#pragma once

#include <string_view>

namespace simsync {

// localhost, an address of 127.0.0.0/8 written as four decimal numbers, or ::1 in any spelling, with or without
// brackets; letters in either case. Short and octal forms, IPv4 in IPv6 and all other names are not.
bool is_loopback(std::string_view host);

}  // namespace simsync
