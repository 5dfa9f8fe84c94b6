// The bytes of an answer, through the connection that the client of the API uses. The first byte says how
// often (2^n) the character before a U+0001 stands there, so that short inputs make long answers.
#include <csignal>
#include <string>

#include "sync/api/connection.h"
#include "tests/fuzz/http_server.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

constexpr std::size_t kBodyLimit = 4096;

struct World {
  HttpServer server;
  ConnectionSettings settings;

  World() {
    std::signal(SIGPIPE, SIG_IGN);
    settings.address = {false, "127.0.0.1", server.port()};
    settings.timeout = std::chrono::seconds{10};
    settings.headers = {{"Authorization", "Bearer token"}};
  }
};

void promise_line(const std::string& text, const char* what) {
  promise(text.find('\n') == std::string::npos, std::string(what) + " with line ends");
}

}  // namespace

void http(std::string_view input) {
  static World world;
  const unsigned repeats = take_choice(input);
  std::string bytes{input};
  // No longer line than a stack has room for: in 0.11.4 the library's regular expression takes some of it for each
  // character of the status line. head_limit.h keeps it short where TLS is spoken, which is not so here.
  const std::size_t mark = bytes.find('\x01');
  if (mark != std::string::npos && mark > 0) {
    bytes.replace(mark, 1, std::string(std::size_t{1} << (repeats % 13), bytes[mark - 1]));
  }
  world.server.answer_with(bytes);
  Connection connection(world.settings);
  const HttpOutcome outcome = connection.send({"GET", "/projects/p/sims", "", kBodyLimit}, {}, false);
  promise(connection.body().size() <= kBodyLimit, "a body beyond its limit");
  promise_line(outcome.content_type, "content type");
  promise_line(outcome.retry_after, "Retry-After");
  switch (outcome.delivery) {
    case Transmission::answered:
      promise(outcome.status >= 0 && outcome.status <= 999, "a status of not three digits");
      promise(bytes.starts_with("HTTP/1."), "an answer that is no HTTP");
      break;
    case Transmission::broken:
    case Transmission::too_large:
      promise(!outcome.maybe_stale, "a new connection is stale");
      break;
    default:
      promise(false, "an answer, but another outcome: " + outcome.error);
  }
}

}  // namespace simsync::fuzz
