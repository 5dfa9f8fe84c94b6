#include "config/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

namespace simsync {

bool is_loopback(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  const auto same_letter = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  if (std::equal(host.begin(), host.end(), kName.begin(), kName.end(), same_letter)) return true;
  // A NUL would end the address for inet_pton, and not for whoever connects.
  if (host.find('\0') != std::string_view::npos) return false;
  // inet_pton takes four decimal numbers only, not the short forms of old (127.1) nor names (127.0.0.1.example.com).
  in_addr v4{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in6_addr v6{};
  return ::inet_pton(AF_INET6, std::string(host).c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace simsync
