// What the simulator answers, and how it misbehaves while doing so: a value that the API or a fault fills in and a
// connection carries out. Refuses to know sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace simsync::simulator {

enum class Delivery {
  normal,
  reset,        // RST instead of an answer
  close,        // an orderly close instead of an answer
  truncate,     // the full Content-Length, half of the body, then a close
  hang,         // nothing for `pause_seconds`, then the answer; ends when the client goes
  slow_body,    // `bytes_per_second`
  slow_header,  // one byte each `pause_seconds`
};

struct Answer {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string headers;  // further ones, each with its line's end
  Delivery delivery = Delivery::normal;
  double pause_seconds = 0;
  double bytes_per_second = 0;
  // Set: the body is made piece by piece and sent chunked. Appends to its argument; false after the last piece.
  std::function<bool(std::string&)> stream;
  bool abort_stream = false;  // close where the last chunk would go

  // As new, but keeping the body's memory.
  void clear();
};

// An error body of the API (facts.md, Errors); `code` may be empty.
void make_error(Answer& answer, int status, std::string_view type, std::string_view message,
                std::string_view code = {});

// The type that belongs to a status, such as "notFound" to 404; 5xx and others have "system".
std::string_view error_type(int status);
std::string_view reason_phrase(int status);

// Status line and headers, up to and with the empty line.
void append_head(std::string& out, const Answer& answer, bool keep_alive);

}  // namespace simsync::simulator
