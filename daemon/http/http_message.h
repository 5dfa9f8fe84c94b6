// HTTP as bytes: what a whole request asks, and the bytes of an answer. The one file of the daemon that names httplib,
// and only for this: who may connect, for how long and with how many bytes is listener.h's business. Pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simsync {

struct HttpQuestion {
  std::string method;
  std::string path;           // decoded, without the query
  std::string authorization;  // the header; empty: none
};

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using HttpSite = std::function<HttpAnswer(const HttpQuestion&)>;

// Belongs to one thread.
class HttpMessages {
 public:
  // `site` says what to answer. It is not asked where the bytes are no request: that is 400 or so.
  explicit HttpMessages(HttpSite site);
  ~HttpMessages();
  HttpMessages(const HttpMessages&) = delete;
  HttpMessages& operator=(const HttpMessages&) = delete;

  // `request` is its head, up to the empty line; a body is not looked at. The answer ends the connection. To HEAD it is
  // that to GET without the body.
  std::string answer(std::string_view request);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace simsync
