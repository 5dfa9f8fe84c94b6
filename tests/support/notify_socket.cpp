#include "tests/support/notify_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace simsync::test {

NotifySocket::NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
  if (socket_ < 0 || bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no socket");
  }
  reader_ = std::jthread{[this](const std::stop_token& stop) {
    pollfd there{socket_, POLLIN, 0};
    while (!stop.stop_requested()) {
      if (poll(&there, 1, 20) > 0) read();
    }
  }};
}

NotifySocket::~NotifySocket() {
  reader_.request_stop();
  reader_.join();
  close(socket_);
}

void NotifySocket::read() {
  const std::lock_guard lock{mutex_};
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
    said_ += std::string(buffer.data(), static_cast<std::size_t>(size)) + "\n";
  }
}

std::string NotifySocket::said() {
  read();
  const std::lock_guard lock{mutex_};
  return said_;
}

std::size_t NotifySocket::count(const std::string& what) {
  const std::string all = said();
  std::size_t times = 0;
  for (std::size_t at = all.find("\n" + what); at != std::string::npos; at = all.find("\n" + what, at + 1)) ++times;
  return times;
}

bool NotifySocket::hears(const std::string& what) {
  return eventually([&] { return said().find(what) != std::string::npos; });
}

}  // namespace simsync::test
