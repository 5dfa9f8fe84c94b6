// A server on loopback that gives each request the bytes it was told, whatever they are, and closes.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace simsync::fuzz {

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // What the next connections get.
  void answer_with(std::string_view bytes);

 private:
  void serve();
  void serve_one(int connection);

  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string bytes_;
  std::thread thread_;
};

}  // namespace simsync::fuzz
