#include "sync/api/api_address.h"

#include <algorithm>
#include <charconv>

#include "config/load_config.h"
#include "config/loopback.h"

namespace simsync {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// `host`, `host:port`, `[::1]` or `[::1]:port`; false where it is none of these. `port` stays where none is given.
bool split_host_port(std::string_view text, std::string& host, std::uint16_t& port) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || c == ':'; };
  if (host.empty() || !std::all_of(host.begin(), host.end(), allowed)) return false;
  if (rest.empty()) return true;
  const auto given = rest.starts_with(':') ? parse_port(rest.substr(1)) : std::nullopt;
  port = given.value_or(port);
  return given.has_value();
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// One entry of no_proxy: `*`, `host`, `.domain` or `domain` (both match the domain and all below it), each with
// `:port`.
bool is_exempt(std::string_view entry, const ApiAddress& address) {
  if (entry == "*") return true;
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  std::string host;
  std::uint16_t port = address.port;
  if (std::count(entry.begin(), entry.end(), ':') > 1 && !entry.starts_with('[')) {
    host = entry;  // a bare IPv6 address
  } else if (!split_host_port(entry, host, port) || port != address.port) {
    return false;
  }
  host = lower(host);
  const std::string ours = lower(address.host);
  const std::string domain = host.starts_with('.') ? host.substr(1) : host;
  return ours == domain || ours.ends_with("." + domain);
}

bool is_exempt_by(std::string_view list, const ApiAddress& address) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", \t"), list.size());
    const std::string_view entry = list.substr(0, end);
    if (!entry.empty() && is_exempt(entry, address)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Proxy parse_proxy(std::string_view text, const char* variable) {
  const auto refused = [variable](const char* why) {
    // The value may hold a password, so only the variable is named.
    return ConfigError(std::string("environment variable ") + variable + ": " + why +
                       "; write http://[user:password@]host:port");
  };
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (lower(text.substr(0, scheme)) != "http") throw refused("only http:// proxies are supported");
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  Proxy proxy;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const std::size_t colon = std::min(login.find(':'), login.size());
    proxy.user = percent_decoded(login.substr(0, colon));
    proxy.password = percent_decoded(login.substr(std::min(colon + 1, login.size())));
    text.remove_prefix(at + 1);
  }
  proxy.port = 80;
  if (!split_host_port(text, proxy.host, proxy.port)) throw refused("cannot be read");
  return proxy;
}

}  // namespace

std::string ApiAddress::host_and_port() const {
  const bool brackets = host.find(':') != std::string::npos;
  std::string text;
  if (brackets) text += '[';
  text += host;
  if (brackets) text += ']';
  if (port != (tls ? 443 : 80)) text.append(":").append(std::to_string(port));
  return text;
}

std::optional<ApiAddress> parse_address(std::string_view base_url) {
  ApiAddress address;
  const std::size_t scheme = base_url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const std::string name = lower(base_url.substr(0, scheme));
  if (name != "https" && name != "http") return std::nullopt;
  address.tls = name == "https";
  address.port = address.tls ? 443 : 80;
  base_url.remove_prefix(scheme + 3);
  if (base_url.ends_with('/')) base_url.remove_suffix(1);
  if (!split_host_port(base_url, address.host, address.port)) return std::nullopt;
  return address;
}

std::optional<Proxy> proxy_for(const ApiAddress& address, const Environment& environment) {
  const auto first_set = [&environment](std::initializer_list<const char*> names) -> const char* {
    for (const char* name : names) {
      const char* const value = environment(name);
      if (value != nullptr && *value != '\0') return name;
    }
    return nullptr;
  };
  const char* const variable = address.tls ? first_set({"https_proxy", "HTTPS_PROXY"}) : first_set({"http_proxy"});
  if (variable == nullptr) return std::nullopt;
  const char* const exempt = first_set({"no_proxy", "NO_PROXY"});
  if (exempt != nullptr && is_exempt_by(environment(exempt), address)) return std::nullopt;
  Proxy proxy = parse_proxy(environment(variable), variable);
  if (is_loopback(address.host) && !is_loopback(proxy.host)) return std::nullopt;
  return proxy;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    }
  }
  return out;
}

}  // namespace simsync
