#include "tests/support/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace simsync::test {
namespace {

// A socket that is closed when nobody has it any more.
using Socket = std::shared_ptr<const int>;

Socket owned(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  return {new int{socket}, [](const int* one) {
            close(*one);
            delete one;
          }};
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(port));
  return address;
}

int new_socket() {
  return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// On any port where it is 0, and then sets it.
int listen_on(int& port) {
  const int listener = new_socket();
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the gate cannot listen");
  }
  port = ntohs(address.sin_port);
  return listener;
}

}  // namespace

struct Gate::Way {
  Socket from;
  Socket to;
  std::array<char, 65536> bytes{};
  std::string_view left;  // of `bytes`: not yet passed on
};

Gate::Gate(const std::vector<int>& to) {
  for (const int port : to) {
    Door door{-1, 0, port};
    door.listener = listen_on(door.port);
    doors_.push_back(door);
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

Gate::~Gate() {
  thread_.request_stop();
  thread_.join();
  for (const Door& door : doors_) close(door.listener);  // of -1 nothing comes
}

std::vector<int> Gate::ports() const {
  std::vector<int> all;
  for (const Door& door : doors_) all.push_back(door.port);
  return all;
}

void Gate::run(const std::stop_token& stop) {
  constexpr int kLook = 10;  // milliseconds, for a cut or a stop
  while (!stop.stop_requested()) {
    if (sever_.exchange(false)) end_all();
    if (cut_) {
      std::this_thread::sleep_for(std::chrono::milliseconds{kLook});
      continue;
    }
    listen_where_open();
    std::vector<pollfd> waits;
    for (const Door& door : doors_) waits.push_back({door.listener, POLLIN, 0});
    for (const Way& way : ways_) {
      waits.push_back(way.left.empty() ? pollfd{*way.from, POLLIN, 0} : pollfd{*way.to, POLLOUT, 0});
    }
    if (poll(waits.data(), waits.size(), kLook) <= 0 || cut_) continue;
    auto wait = waits.begin() + static_cast<std::ptrdiff_t>(doors_.size());
    for (auto way = ways_.begin(); way != ways_.end(); ++wait) {
      const bool open = wait->revents == 0 || pass(*way, way->left.empty());
      way = open ? std::next(way) : ways_.erase(way);
    }
    for (std::size_t i = 0; i < doors_.size(); ++i) {
      if (waits[i].revents != 0) let_in(doors_[i]);
    }
    if (slow_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds{kLook});
  }
}

void Gate::listen_where_open() {
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    Door& door = doors_[i];
    const bool shut = (shut_ >> i & 1U) != 0;
    if (shut && door.listener >= 0) close(std::exchange(door.listener, -1));
    if (!shut && door.listener < 0) door.listener = listen_on(door.port);
  }
}

// Where nobody listens the connection ends at once.
void Gate::let_in(const Door& door) {
  const int accepted = accept4(door.listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (accepted < 0) return;
  const Socket client = owned(accepted);
  const int connected = new_socket();
  const sockaddr_in address = loopback(door.to);
  const bool there = connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const Socket server = owned(connected);
  if (!there) return;
  ways_.push_back({client, server, {}, {}});
  ways_.push_back({server, client, {}, {}});
}

// By a reset, which overtakes what has not been read yet.
void Gate::end_all() {
  for (const Way& way : ways_) {
    const linger at_once{1, 0};
    setsockopt(*way.from, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ways_.clear();
}

// False: it has ended, and so the other direction will.
bool Gate::pass(Way& way, bool readable) const {
  if (readable) {
    const ssize_t got = recv(*way.from, way.bytes.data(), way.bytes.size(), 0);
    if (got < 0 && errno == EAGAIN) return true;
    if (got > 0) way.left = {way.bytes.data(), static_cast<std::size_t>(got)};
  }
  const std::size_t slow = slow_;
  const std::size_t most = slow == 0 ? way.left.size() : std::min(slow, way.left.size());
  const ssize_t sent = way.left.empty() ? -1 : send(*way.to, way.left.data(), most, MSG_NOSIGNAL);
  if (sent >= 0) {
    way.left.remove_prefix(static_cast<std::size_t>(sent));
    return true;
  }
  if (!way.left.empty() && errno == EAGAIN) return true;
  shutdown(*way.from, SHUT_RDWR);
  shutdown(*way.to, SHUT_RDWR);
  return false;
}

}  // namespace simsync::test
