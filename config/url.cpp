#include "config/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

#include "config/loopback.h"
#include "config/scalars.h"

namespace simsync {

namespace {

struct Authority {
  std::string host;  // lower case; IPv6 with its brackets
  std::optional<unsigned> port;
};

struct Url {
  std::string scheme;  // http or https
  Authority authority;
  std::string rest;  // path and query
};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_ipv6(const std::string& address) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

// Name or IPv4 address. Digits and dots are not told apart from names here; the resolver does that.
bool is_host_name(std::string_view host) {
  constexpr std::size_t kLongestHost = 253;  // RFC 1035
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  return !host.empty() && host.size() <= kLongestHost && std::all_of(host.begin(), host.end(), allowed) &&
         host.front() != '.' && host.front() != '-' && host.find("..") == std::string_view::npos;
}

unsigned parse_port(std::string_view digits, unsigned smallest) {
  constexpr unsigned kLargestPort = 65535;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(), digit) && error == std::errc{};
  if (!number || port < smallest || port > kLargestPort) {
    throw BadValue("has no valid port behind its host; write a number from " + std::to_string(smallest) + " to 65535");
  }
  return port;
}

Authority parse_authority(std::string_view text, unsigned smallest_port) {
  Authority out;
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    host_end = std::min(text.find(']'), text.size() - 1) + 1;
    out.host = lower_case(text.substr(0, host_end));
    if (!out.host.ends_with(']') || !is_ipv6(out.host.substr(1, out.host.size() - 2))) {
      throw BadValue("has brackets without an IPv6 address; write it such as [::1]");
    }
  } else {
    host_end = std::min(text.find(':'), text.size());
    out.host = lower_case(text.substr(0, host_end));
    if (out.host.empty()) throw BadValue("has no host; write one, such as api.gigs.com or 127.0.0.1");
    if (!is_host_name(out.host)) {
      throw BadValue("has an invalid host; write a name, an IPv4 address, or an IPv6 address in brackets");
    }
  }
  const std::string_view behind = text.substr(host_end);
  if (behind.starts_with(':')) {
    out.port = parse_port(behind.substr(1), smallest_port);
  } else if (!behind.empty()) {
    throw BadValue("has something other than :PORT behind its host; write HOST or HOST:PORT");
  }
  return out;
}

using Schemes = std::array<std::string_view, 2>;

Url parse_url(std::string_view text, const Schemes& schemes = {"https", "http"}) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7F; };
  if (!std::all_of(text.begin(), text.end(), visible)) {
    throw BadValue("holds spaces or characters that are not ASCII; write them percent-encoded");
  }
  const std::size_t scheme_end = text.find("://");
  Url url;
  url.scheme = lower_case(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end()) {
    throw BadValue("is not an " + std::string(schemes.back()) + " URL; write " + std::string(schemes.front()) +
                   "://HOST");
  }
  text.remove_prefix(scheme_end + 3);
  // A backslash ends the host for some readers of URLs and not for others.
  const std::size_t authority_end = std::min(text.find_first_of("/?#\\"), text.size());
  const std::string_view authority = text.substr(0, authority_end);
  if (authority.find('@') != std::string_view::npos) {
    throw BadValue("has a user or password before the host; remove it, secrets are never written in this file");
  }
  constexpr unsigned kSmallestPort = 1;
  url.authority = parse_authority(authority, kSmallestPort);
  url.rest = text.substr(authority_end);
  if (url.rest.find_first_of("#\\") != std::string::npos) {
    throw BadValue("has a # or a backslash; a URL to send to has none, remove it");
  }
  return url;
}

std::string root_of(const Url& url) {
  std::string root = url.scheme + "://" + url.authority.host;
  if (url.authority.port) root.append(":").append(std::to_string(*url.authority.port));
  return root;
}

}  // namespace

std::string parse_base_url(std::string_view text) {
  const Url url = parse_url(text);
  if (url.rest.find('?') != std::string::npos) throw BadValue("has a query; write only https://HOST");
  if (!url.rest.empty() && url.rest != "/") {
    throw BadValue("has a path; write only https://HOST, the paths of the API are added to it");
  }
  if (url.scheme == "http" && !is_loopback(url.authority.host)) {
    throw BadValue(
        "is http:// to a host that is not loopback (127.0.0.0/8, [::1], localhost), which would show the token to "
        "the network; write https://");
  }
  return root_of(url);
}

std::string parse_webhook_url(std::string_view text) {
  const Url url = parse_url(text);
  return root_of(url) + url.rest;
}

std::string parse_alertmanager_url(std::string_view text) {
  Url url = parse_url(text);
  if (url.rest.find('?') != std::string::npos) throw BadValue("has a query; write only http://HOST:PORT");
  while (url.rest.ends_with('/')) url.rest.pop_back();
  return root_of(url) + url.rest;
}

std::string parse_mail_server(std::string_view text) {
  const Url url = parse_url(text, {"smtps", "smtp"});
  if (!url.rest.empty() && url.rest != "/") throw BadValue("has a path or query; write only smtps://HOST:PORT");
  return root_of(url);
}

std::string parse_listen_address(std::string_view text) {
  constexpr unsigned kSmallestPort = 0;
  const Authority authority = parse_authority(text, kSmallestPort);
  if (!authority.port) throw BadValue("has no port; write HOST:PORT, such as 127.0.0.1:9464, or off");
  return authority.host + ":" + std::to_string(*authority.port);
}

std::string parse_listener(std::string_view text) {
  return text == "off" ? std::string{} : parse_listen_address(text);
}

std::string parse_database_url(std::string_view text) {
  const bool uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (!uri && text.find('=') == std::string_view::npos) {
    throw BadValue("is nothing that libpq takes; write postgresql://HOST/DATABASE or host=HOST dbname=DATABASE");
  }
  return std::string(text);
}

}  // namespace simsync
