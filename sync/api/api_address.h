// Where the API is and how a request reaches it: the parts of api.base_url, the proxy of the environment, and paths
// that outside data cannot bend.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace simsync {

struct ApiAddress {
  bool tls = true;
  std::string host;  // no brackets around an IPv6 address
  std::uint16_t port = 443;

  // As in the header Host and in messages: brackets where needed, no default port.
  [[nodiscard]] std::string host_and_port() const;
  [[nodiscard]] std::string url() const { return (tls ? "https://" : "http://") + host_and_port(); }
};

// Reads `https://host[:port]` or `http://…`, one slash at the end allowed; nullopt for anything else.
std::optional<ApiAddress> parse_address(std::string_view base_url);

struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string user;  // empty: none
  std::string password;
};

using Environment = std::function<const char*(const char*)>;  // like getenv

// The proxy that the environment names for `address`, as curl reads it: https_proxy or HTTPS_PROXY for https,
// http_proxy for http in lower case only (CGI sets HTTP_PROXY from a request's header: httpoxy), no_proxy or NO_PROXY
// with host names, domains, ports and `*`. A loopback address is only reached through a loopback proxy, because the
// token to an http:// address would cross the network in clear text. Throws ConfigError for a proxy that is not
// http://.
std::optional<Proxy> proxy_for(const ApiAddress& address, const Environment& environment);

// `text` with everything percent-encoded but unreserved characters (RFC 3986, 2.3), so that it is one path segment or
// one query value, whatever it holds.
std::string percent_encoded(std::string_view text);

}  // namespace simsync
