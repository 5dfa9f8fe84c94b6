// A second hold on a connection's socket, to end or watch it from another thread. The HTTP library's own stop() waits
// for a lock that the library keeps while it connects and shakes hands (httplib 0.11.4, ClientImpl::send), and a bare
// file descriptor may be closed and reused at any moment; a duplicate of it is neither.
#pragma once

#include <cstdint>

namespace simsync {

// Not synchronised: its owner guards it.
class SocketTap {
 public:
  SocketTap() = default;
  ~SocketTap() { release(); }
  SocketTap(const SocketTap&) = delete;
  SocketTap& operator=(const SocketTap&) = delete;
  SocketTap(SocketTap&&) = delete;
  SocketTap& operator=(SocketTap&&) = delete;

  // Taps `socket`, instead of the one before.
  void hold(int socket);
  void release();

  // Ends the connection in both directions: whoever waits on it wakes with an error, also inside connect().
  void shut() const;
  // Bytes that came in since the connection was made; 0 where that is unknown.
  [[nodiscard]] std::uint64_t bytes_received() const;
  // Whether something arrived that nobody asked for, or the other side has closed. Before a request this means that the
  // connection must not be used again: the bytes would be taken for its answer.
  [[nodiscard]] bool has_input() const;

 private:
  int socket_ = -1;
};

}  // namespace simsync
