#include "daemon/http/http_message.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>

namespace simsync {
namespace {

// A request and its answer in memory. Later versions of httplib ask more of a stream than that of Debian 12 does, so
// nothing here says `override`; what a version does not ask for is never called.
class MemoryStream : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view request) : request_(request) {}

  bool is_readable() const { return true; }
  bool wait_readable() const { return true; }
  bool is_writable() const { return true; }
  bool wait_writable() const { return true; }
  ssize_t read(char* into, std::size_t size) {
    const std::size_t length = std::min(size, request_.size());
    std::memcpy(into, request_.data(), length);
    request_.remove_prefix(length);
    return static_cast<ssize_t>(length);
  }
  ssize_t write(const char* from, std::size_t size) {
    answer_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}
  socket_t socket() const { return -1; }
  time_t duration() const { return 0; }

  std::string take_answer() { return std::move(answer_); }

 private:
  std::string_view request_;
  std::string answer_;
};

}  // namespace

class HttpMessages::Engine : public httplib::Server {
 public:
  explicit Engine(HttpSite site) {
    // Before httplib's own routes, of which there are none, and before it reads a body.
    set_pre_routing_handler([site = std::move(site)](const httplib::Request& request, httplib::Response& response) {
      const HttpAnswer answer = site({request.method, request.path, request.get_header_value("Authorization")});
      response.status = answer.status;
      for (const auto& [name, value] : answer.headers) response.set_header(name.c_str(), value.c_str());
      response.set_content(answer.body, answer.type.c_str());
      return HandlerResponse::Handled;
    });
  }

  void process(MemoryStream& stream) { process_on(*this, stream); }

 private:
  // Debian 13's httplib wants to know the addresses as well.
  template <typename Self>
  static void process_on(Self& self, MemoryStream& stream) {
    bool closed = false;
    const std::function<void(httplib::Request&)> no_ranges = [](httplib::Request& request) { request.ranges.clear(); };
    if constexpr (requires { self.process_request(stream, true, closed, no_ranges); }) {
      self.process_request(stream, true, closed, no_ranges);
    } else {
      self.process_request(stream, std::string{}, 0, std::string{}, 0, true, closed, no_ranges);
    }
  }
};

HttpMessages::HttpMessages(HttpSite site) : engine_(std::make_unique<Engine>(std::move(site))) {}
HttpMessages::~HttpMessages() = default;

std::string HttpMessages::answer(std::string_view request) {
  MemoryStream stream{request};
  engine_->process(stream);
  return stream.take_answer();
}

}  // namespace simsync
