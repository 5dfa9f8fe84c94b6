// Reads one HTTP/1.1 request out of a buffer: by hand, because it is the whole cost of a request whose answer is ready
// made. Knows Content-Length and chunked bodies. Refuses obsolete folding, more than 64 headers, 64 KiB of them or
// 64 MiB of body.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simsync::simulator {

struct HttpRequest {
  static constexpr std::size_t kMaxHeaders = 64;
  using Header = std::pair<std::string_view, std::string_view>;

  // Views into the buffer that was parsed, good until it changes; a chunked body is in `unchunked`.
  std::string_view method;
  std::string_view target;
  std::string_view path;   // the target before '?', still percent-encoded
  std::string_view query;  // after it
  std::string_view body;
  std::array<Header, kMaxHeaders> headers;
  std::size_t header_count = 0;
  std::string unchunked;
  bool keep_alive = true;
  bool has_query = false;

  // The first header of this name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct ParseResult {
  enum class State { complete, need_more, broken } state = State::need_more;
  std::size_t consumed = 0;       // when complete
  int status = 400;               // when broken: how to answer
  bool expects_continue = false;  // when need_more: the client waits for "100 Continue" before its body
};

ParseResult parse_request(std::string_view data, HttpRequest& request);

// "%2C" → ","; in a query '+' stays itself, as RFC 3986 has it. Nothing for a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

// Decoded pairs in their order. Nothing for a broken escape.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace simsync::simulator
