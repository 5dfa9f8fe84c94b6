#include "daemon/http/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <system_error>
#include <vector>

#include "config/log.h"

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;

// One client. Closes itself.
class Client {
 public:
  Client(int descriptor, Clock::time_point deadline) : descriptor_(descriptor), deadline_(deadline) {}
  ~Client() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] short waits_for() const { return state_ == State::writing ? POLLOUT : POLLIN; }

  // Goes on as far as it can without waiting. False: it is done with, well or not.
  bool go_on(const Listener::Respond& respond, const Listener::Limits& limits) {
    if (state_ == State::reading && !read_head(respond, limits)) return false;
    if (state_ == State::writing && !write_answer(limits)) return false;
    return state_ != State::leaving || wait_for_its_end();
  }

 private:
  enum class State { reading, writing, leaving };

  bool read_head(const Listener::Respond& respond, const Listener::Limits& limits) {
    std::array<char, 4096> part{};
    for (;;) {
      const ssize_t length = ::recv(descriptor_, part.data(), part.size(), 0);
      if (length < 0) return errno == EAGAIN || errno == EINTR;
      if (length == 0) return false;
      const std::size_t seen = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
      buffer_.append(part.data(), static_cast<std::size_t>(length));
      const std::size_t end = buffer_.find("\r\n\r\n", seen);
      if (end != std::string::npos) {
        buffer_ = respond(std::string_view{buffer_}.substr(0, end + 4));
        state_ = State::writing;
        return true;
      }
      if (buffer_.size() > limits.request_bytes) return false;
    }
  }

  bool write_answer(const Listener::Limits& limits) {
    while (written_ < buffer_.size()) {
      const ssize_t length =
          ::send(descriptor_, buffer_.data() + written_, buffer_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (length < 0) return errno == EAGAIN || errno == EINTR;
      written_ += static_cast<std::size_t>(length);
    }
    buffer_ = {};
    // To close with bytes unread would reset the connection, and the client might lose the answer.
    ::shutdown(descriptor_, SHUT_WR);
    deadline_ = std::min(deadline_, Clock::now() + limits.farewell);
    state_ = State::leaving;
    return true;
  }

  bool wait_for_its_end() const {
    std::array<char, 4096> part{};
    constexpr int kParts = 16;  // of whoever has much to say others need not hear all
    for (int i = 0; i < kParts; ++i) {
      const ssize_t length = ::recv(descriptor_, part.data(), part.size(), 0);
      if (length < 0) return errno == EAGAIN || errno == EINTR;
      if (length == 0) return false;
    }
    return true;
  }

  const int descriptor_;
  Clock::time_point deadline_;
  State state_ = State::reading;
  std::string buffer_;  // the request, then its answer
  std::size_t written_ = 0;
};

}  // namespace

// What the thread does.
class Listener::Loop {
 public:
  Loop(int socket, int wake, Respond respond, const Limits& limits)
      : socket_(socket), wake_(wake), respond_(std::move(respond)), limits_(limits) {}

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Clock::time_point now = Clock::now();
      std::erase_if(clients_, [&](const auto& client) { return client->deadline() <= now; });
      wait(now);
      // Those who are here already go first; who comes may cost the oldest its place.
      serve();
      if ((waiting_[1].revents & POLLIN) != 0) accept_all();
    }
  }

 private:
  void wait(Clock::time_point now) {
    const bool accepting = now >= accept_again_;
    waiting_.assign({{wake_, POLLIN, 0}, {accepting ? socket_ : -1, POLLIN, 0}});
    Clock::time_point until = accepting ? Clock::time_point::max() : accept_again_;
    for (const auto& client : clients_) {
      waiting_.push_back({client->descriptor(), client->waits_for(), 0});
      until = std::min(until, client->deadline());
    }
    const int timeout = until == Clock::time_point::max()
                            ? -1
                            : static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count());
    if (::poll(waiting_.data(), waiting_.size(), timeout) < 0) {
      for (pollfd& one : waiting_) one.revents = 0;
    }
  }

  void serve() {
    constexpr std::size_t kFirst = 2;  // behind `wake_` and `socket_`
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (waiting_[kFirst + i].revents != 0 && !go_on(*clients_[i])) clients_[i].reset();
    }
    std::erase(clients_, nullptr);
  }

  bool go_on(Client& client) const {
    try {
      return client.go_on(respond_, limits_);
    } catch (const std::exception& error) {
      log::error("a request to the status listener failed", {{"error", error.what()}});
      return false;
    }
  }

  void accept_all() {
    for (std::size_t accepted = 0; accepted < limits_.connections; ++accepted) {
      const int descriptor = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (descriptor < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          accept_again_ = Clock::now() + limits_.no_memory;
        }
        return;
      }
      if (clients_.size() >= limits_.connections) clients_.pop_front();
      clients_.push_back(std::make_unique<Client>(descriptor, Clock::now() + limits_.time));
    }
  }

  const int socket_;
  const int wake_;
  const Respond respond_;
  const Limits limits_;
  std::deque<std::unique_ptr<Client>> clients_;  // the oldest first
  std::vector<pollfd> waiting_;
  Clock::time_point accept_again_{};
};

Listener::Listener(const ListenSocket& socket, Respond respond, Limits limits)
    : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::jthread{[loop = std::make_shared<Loop>(socket.descriptor(), wake_, std::move(respond), limits)](
                             const std::stop_token& stop) { loop->run(stop); }};
}

Listener::~Listener() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  // A counter that is full wakes it as well.
  static_cast<void>(!::write(wake_, &one, sizeof one));
  thread_.join();
  ::close(wake_);
}

}  // namespace simsync
