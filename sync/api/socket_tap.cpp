#include "sync/api/socket_tap.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace simsync {
namespace {

// Duplicates go above the range that select() can handle, if there is room: a library that still uses it keeps the
// low numbers.
constexpr int kAboveSelect = 1024;

}  // namespace

void SocketTap::hold(int socket) {
  release();
  socket_ = fcntl(socket, F_DUPFD_CLOEXEC, kAboveSelect);
  if (socket_ < 0) socket_ = fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

void SocketTap::release() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void SocketTap::shut() const {
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

std::uint64_t SocketTap::bytes_received() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (socket_ < 0 || getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

bool SocketTap::has_input() const {
  pollfd question{socket_, POLLIN, 0};
  return socket_ >= 0 && poll(&question, 1, 0) > 0;
}

}  // namespace simsync
