#include "tests/simulator/answer.h"

#include "tests/simulator/json_text.h"

namespace simsync::simulator {

void Answer::clear() {
  status = 200;
  content_type = "application/json";
  body.clear();
  headers.clear();
  delivery = Delivery::normal;
  pause_seconds = 0;
  bytes_per_second = 0;
  stream = nullptr;
  abort_stream = false;
}

void make_error(Answer& answer, int status, std::string_view type, std::string_view message, std::string_view code) {
  answer.status = status;
  answer.body = R"({"object":"error","type":)";
  append_quoted(answer.body, type);
  answer.body += R"(,"message":)";
  append_quoted(answer.body, message);
  if (!code.empty()) {
    answer.body += R"(,"code":)";
    append_quoted(answer.body, code);
  }
  answer.body += '}';
}

std::string_view error_type(int status) {
  switch (status) {
    case 400:
    case 405:
      return "invalid";
    case 401:
      return "unauthenticated";
    case 403:
      return "permissionDenied";
    case 404:
      return "notFound";
    default:
      return "system";
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 418:
      return "I'm a teapot";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

void append_head(std::string& out, const Answer& answer, bool keep_alive) {
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_phrase(answer.status));
  out.append("\r\nContent-Type: ").append(answer.content_type);
  if (answer.stream)
    out += "\r\nTransfer-Encoding: chunked\r\n";
  else
    out.append("\r\nContent-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  if (!keep_alive) out += "Connection: close\r\n";
  out += answer.headers;
  out += "\r\n";
}

}  // namespace simsync::simulator
