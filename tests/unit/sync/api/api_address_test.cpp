#include "sync/api/api_address.h"

#include <gtest/gtest.h>

#include <map>

#include "config/load_config.h"

namespace simsync {
namespace {

std::string shown(std::string_view base_url) {
  const auto address = parse_address(base_url);
  return address ? address->url() : "(refused)";
}

TEST(ApiAddress, IsRead) {
  EXPECT_EQ(shown("https://api.gigs.com"), "https://api.gigs.com");
  EXPECT_EQ(shown("https://api.gigs.com/"), "https://api.gigs.com");
  EXPECT_EQ(shown("https://api.gigs.com:443"), "https://api.gigs.com");
  EXPECT_EQ(shown("https://api.gigs.com:8443"), "https://api.gigs.com:8443");
  EXPECT_EQ(shown("http://127.0.0.1:80"), "http://127.0.0.1");
  EXPECT_EQ(shown("http://[::1]:8080"), "http://[::1]:8080");
  EXPECT_EQ(parse_address("http://[::1]:8080")->host, "::1");
  for (const char* bad : {"", "api.gigs.com", "ftp://x", "https://", "https://a b", "https://a/b", "https://a:0",
                          "https://a:65536", "https://a:x", "https://u:p@a", "https://[::1", "https://[::1]x"}) {
    EXPECT_EQ(shown(bad), "(refused)") << bad;
  }
}

struct Variables : std::map<std::string, std::string> {
  using map::map;
  Environment get() const {
    return [this](const char* name) { return count(name) != 0 ? at(name).c_str() : nullptr; };
  }
};

std::string proxy(const Variables& variables, const char* base_url = "https://api.gigs.com") {
  const auto found = proxy_for(*parse_address(base_url), variables.get());
  if (!found) return "none";
  const std::string login = found->user.empty() ? "" : found->user + "|" + found->password + "|";
  return login + found->host + ":" + std::to_string(found->port);
}

TEST(Proxy, ComesFromTheEnvironment) {
  EXPECT_EQ(proxy({}), "none");
  EXPECT_EQ(proxy({{"https_proxy", ""}}), "none");
  EXPECT_EQ(proxy({{"https_proxy", "http://proxy.corp:3128"}}), "proxy.corp:3128");
  EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://proxy.corp:3128/"}}), "proxy.corp:3128");
  EXPECT_EQ(proxy({{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:2"}}), "a:1");
  EXPECT_EQ(proxy({{"https_proxy", "proxy.corp"}}), "proxy.corp:80");
  EXPECT_EQ(proxy({{"https_proxy", "http://me:p%40ss%3a@proxy.corp:3128"}}), "me|p@ss:|proxy.corp:3128");
  EXPECT_EQ(proxy({{"https_proxy", "http://[::1]:3128"}}), "::1:3128");
  EXPECT_EQ(proxy({{"http_proxy", "http://proxy.corp:3128"}}), "none") << "not for https";
}

TEST(Proxy, PlainHttpStaysOnThisMachine) {
  EXPECT_EQ(proxy({{"http_proxy", "127.0.0.1:3128"}}, "http://127.0.0.1:80"), "127.0.0.1:3128");
  EXPECT_EQ(proxy({{"http_proxy", "proxy.corp:3128"}}, "http://127.0.0.1:80"), "none");
  EXPECT_EQ(proxy({{"http_proxy", "127.0.0.1.corp:3128"}}, "http://127.0.0.1:80"), "none");
  EXPECT_EQ(proxy({{"http_proxy", "127.1:3128"}}, "http://127.0.0.1:80"), "none") << "not surely this machine";
  EXPECT_EQ(proxy({{"http_proxy", "[::1]:3128"}}, "http://[::1]:80"), "::1:3128");
  EXPECT_EQ(proxy({{"https_proxy", "proxy.corp:3128"}}, "https://localhost"), "none");
  EXPECT_EQ(proxy({{"HTTP_PROXY", "127.0.0.1:3128"}}, "http://127.0.0.1:80"), "none") << "httpoxy";
}

TEST(Proxy, NoProxyExempts) {
  const auto with = [](const char* list) {
    return proxy({{"https_proxy", "p:1"}, {"no_proxy", list}}, "https://api.Gigs.com:8443");
  };
  for (const char* list : {"*", "api.gigs.com", "gigs.com", ".gigs.com", "*.gigs.com", "GIGS.com", "a, gigs.com",
                           "a,gigs.com:8443", "x y gigs.com"}) {
    EXPECT_EQ(with(list), "none") << list;
  }
  for (const char* list : {"igs.com", "api.gigs.com.evil", "gigs.com:443", "api", ",", "xapi.gigs.com", "com:99999"}) {
    EXPECT_EQ(with(list), "p:1") << list;
  }
  EXPECT_EQ(proxy({{"https_proxy", "p:1"}, {"NO_PROXY", "gigs.com"}}), "none");
  const auto of_ipv6 = [](const char* list) {
    return proxy({{"https_proxy", "p:1"}, {"no_proxy", list}}, "https://[2001:DB8::7]:8443");
  };
  EXPECT_EQ(of_ipv6("2001:db8::7"), "none") << "bare, so it has no port";
  EXPECT_EQ(of_ipv6("[2001:db8::7]:8443"), "none");
  EXPECT_EQ(of_ipv6("2001:db8::8"), "p:1");
  EXPECT_EQ(of_ipv6("[2001:db8::7]:443"), "p:1");
}

TEST(Proxy, UnsupportedOnesAreConfigErrorsWithoutThePassword) {
  for (const char* value :
       {"socks5://u:geheim@p:1", "https://u:geheim@p:1", "http://u:geheim@p:x", "http://u:geheim@"}) {
    try {
      proxy({{"https_proxy", value}});
      ADD_FAILURE() << value;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("https_proxy"), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("geheim"), std::string::npos) << error.what();
    }
  }
}

TEST(PercentEncoding, LeavesNothingThatBendsAPath) {
  EXPECT_EQ(percent_encoded("sim_0SNlur-A.9~"), "sim_0SNlur-A.9~");
  EXPECT_EQ(percent_encoded("a/b?c#d%e&f=g+h i,;:@\\"), "a%2Fb%3Fc%23d%25e%26f%3Dg%2Bh%20i%2C%3B%3A%40%5C");
  EXPECT_EQ(percent_encoded(std::string_view("\0\r\n\xC3\xA9", 5)), "%00%0D%0A%C3%A9");
}

}  // namespace
}  // namespace simsync
