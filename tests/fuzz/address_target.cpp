// Where requests go: what is taken as an address is read in one way only. The first byte says which kind.
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "config/load_config.h"
#include "config/loopback.h"
#include "config/scalars.h"
#include "config/url.h"
#include "sync/api/api_address.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

using Parse = std::string (*)(std::string_view);

// What `parse` makes of the text; nullopt where it refuses, without repeating the text.
std::optional<std::string> parsed(Parse parse, std::string_view text) {
  try {
    return parse(text);
  } catch (const BadValue& bad) {
    promise(std::strlen(bad.what()) > 0, "no reason");
    return std::nullopt;
  }
}

// What was made of a text is what is made of that again.
std::optional<std::string> settled(Parse parse, std::string_view text) {
  std::optional<std::string> once = parsed(parse, text);
  if (once) promise(parsed(parse, *once) == once, "read again it is another");
  return once;
}

void base(std::string_view text) {
  const std::optional<std::string> url = settled(parse_base_url, text);
  const std::optional<ApiAddress> raw = parse_address(text);
  if (raw) promise(parse_address(raw->url()) && parse_address(raw->url())->url() == raw->url(), "another address");
  if (!url) return;
  const std::optional<ApiAddress> address = parse_address(*url);
  promise(address.has_value(), "a URL of the configuration that the client cannot read");
  promise(address->tls || is_loopback(address->host), "http:// to another host");
  promise(address->host.find_first_of("/@?#\\ []") == std::string::npos, "a host with marks in it");
}

void webhook(std::string_view text) {
  const std::optional<std::string> url = settled(parse_webhook_url, text);
  if (!url) return;
  const std::size_t host = url->find("://") + 3;
  const std::string authority = url->substr(host, url->find_first_of("/?", host) - host);
  promise(authority.find_first_of("@#\\") == std::string::npos, "a host with marks in it");
  promise(url->find_first_of(" \r\n\t") == std::string::npos, "blanks in a URL");
}

void listener(std::string_view text) {
  const std::optional<std::string> address = settled(parse_listen_address, text);
  if (address) promise(parsed(parse_listener, text) == address, "the listener is another");
  parsed(parse_database_url, text);
  is_loopback(text);
}

// The proxy, and those who do without it, with a line end between them.
void proxy(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string first{text.substr(0, end)};
  const std::string second{text.substr(std::min(end + 1, text.size()))};
  const Environment environment = [&](const char* name) -> const char* {
    const std::string_view variable = name;
    if (variable == "https_proxy" || variable == "http_proxy") return first.c_str();
    return variable == "no_proxy" ? second.c_str() : nullptr;
  };
  for (const ApiAddress& address : {ApiAddress{true, "api.example.com", 443}, ApiAddress{false, "127.0.0.1", 80}}) {
    try {
      const std::optional<Proxy> proxy = proxy_for(address, environment);
      if (!proxy) continue;
      promise(!proxy->host.empty(), "a proxy without host");
      promise(address.tls || is_loopback(proxy->host), "the token leaves the machine in clear text");
    } catch (const ConfigError& error) {
      promise(std::string_view(error.what()).starts_with("environment variable "), "another error");
    }
  }
}

void percent(std::string_view text) {
  const std::string encoded = percent_encoded(text);
  std::string decoded;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    promise(std::isalnum(static_cast<unsigned char>(encoded[i])) != 0 || std::strchr("-._~%", encoded[i]) != nullptr,
            "a character that is not reserved to be as it is");
    const bool escape = encoded[i] == '%';
    decoded += escape ? static_cast<char>(std::stoi(encoded.substr(i + 1, 2), nullptr, 16)) : encoded[i];
    i += escape ? 2 : 0;
  }
  promise(decoded == text, "decoded it is another");
}

}  // namespace

void address(std::string_view input) {
  give_to_one_of(std::array{base, webhook, listener, proxy, percent}, input);
}

}  // namespace simsync::fuzz
