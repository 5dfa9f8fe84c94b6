// The socket that http.listen names.
#pragma once

#include <string>

namespace simsync {

// Belongs to whoever holds it; closes itself.
class ListenSocket {
 public:
  // Binds `address`, HOST:PORT as in HttpConfig, and listens. `localhost` is a loopback address, whatever a resolver
  // says; other names are looked up, which may block. Throws ConfigError where the address cannot be right, and
  // std::runtime_error where it is taken, or not there: that may pass by itself.
  explicit ListenSocket(const std::string& address);
  ~ListenSocket();
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // As it can be reached: the host as asked for, the port that the kernel chose where it was 0.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  int descriptor_ = -1;
  std::string address_;
};

}  // namespace simsync
