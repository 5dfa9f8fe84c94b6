#include "tests/simulator/http_request.h"

#include <algorithm>
#include <charconv>

namespace simsync::simulator {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
constexpr std::size_t kMaxBodyBytes = 64 * 1024 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

ParseResult broken(int status) {
  ParseResult result;
  result.state = ParseResult::State::broken;
  result.status = status;
  return result;
}

ParseResult complete(std::size_t consumed) {
  ParseResult result;
  result.state = ParseResult::State::complete;
  result.consumed = consumed;
  return result;
}

bool parse_request_line(std::string_view line, HttpRequest& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last == first || first == 0) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  request.keep_alive = version == "HTTP/1.1";
  if (request.target.empty() || request.target.front() != '/' || request.target.find(' ') != std::string_view::npos)
    return false;
  const auto mark = request.target.find('?');
  request.path = request.target.substr(0, mark);
  request.has_query = mark != std::string_view::npos;
  request.query = request.has_query ? request.target.substr(mark + 1) : std::string_view();
  return true;
}

// `lines` holds whole lines only. 0 when all is well, else the status to answer.
int parse_header_lines(std::string_view lines, HttpRequest& request) {
  request.header_count = 0;
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.front() == ' ' || line[colon - 1] == ' ') return 400;
    if (request.header_count == HttpRequest::kMaxHeaders) return 431;
    request.headers[request.header_count++] = {line.substr(0, colon), trimmed(line.substr(colon + 1))};
  }
  return 0;
}

ParseResult read_chunks(std::string_view data, std::size_t at, HttpRequest& request) {
  request.unchunked.clear();
  for (;;) {
    const auto end = data.find("\r\n", at);
    if (end == std::string_view::npos) return {};
    std::size_t size = 0;
    const auto [stop, error] = std::from_chars(data.data() + at, data.data() + end, size, 16);
    if (error != std::errc() || (stop != data.data() + end && *stop != ';')) return broken(400);
    if (request.unchunked.size() + size > kMaxBodyBytes) return broken(413);
    at = end + 2;
    if (size == 0) break;
    if (data.size() < at + size + 2) return {};
    request.unchunked.append(data.substr(at, size));
    if (data.substr(at + size, 2) != "\r\n") return broken(400);
    at += size + 2;
  }
  for (;;) {  // trailers
    const auto end = data.find("\r\n", at);
    if (end == std::string_view::npos) return {};
    if (end == at) break;
    at = end + 2;
  }
  request.body = request.unchunked;
  return complete(at + 2);
}

ParseResult read_body(std::string_view data, std::size_t at, HttpRequest& request) {
  request.body = {};
  const std::string_view coding = request.header("transfer-encoding");
  const std::string_view length = request.header("content-length");
  if (coding.empty() && length.empty()) return complete(at);
  ParseResult result;
  if (!coding.empty()) {
    if (!equals_ignoring_case(coding, "chunked") || !length.empty()) return broken(400);
    result = read_chunks(data, at, request);
  } else {
    std::size_t size = 0;
    const auto [stop, error] = std::from_chars(length.data(), length.data() + length.size(), size);
    if (error != std::errc() || stop != length.data() + length.size()) return broken(400);
    if (size > kMaxBodyBytes) return broken(413);
    if (data.size() >= at + size) {
      request.body = data.substr(at, size);
      return complete(at + size);
    }
  }
  result.expects_continue = equals_ignoring_case(request.header("expect"), "100-continue");
  return result;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (std::size_t i = 0; i < header_count; ++i)
    if (equals_ignoring_case(headers[i].first, name)) return headers[i].second;
  return {};
}

ParseResult parse_request(std::string_view data, HttpRequest& request) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string_view::npos) return data.size() > kMaxHeaderBytes ? broken(431) : ParseResult();
  if (end > kMaxHeaderBytes) return broken(431);
  const auto first_line = data.find("\r\n");
  if (!parse_request_line(data.substr(0, first_line), request)) return broken(400);
  if (const int status = parse_header_lines(data.substr(first_line + 2, end - first_line), request); status != 0)
    return broken(status);
  const std::string_view connection = request.header("connection");
  if (equals_ignoring_case(connection, "close")) request.keep_alive = false;
  if (equals_ignoring_case(connection, "keep-alive")) request.keep_alive = true;
  return read_body(data, end + 4, request);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals));
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

}  // namespace simsync::simulator
