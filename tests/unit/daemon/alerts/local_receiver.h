// A receiver in the test's own process that remembers whole requests, with their headers, and can misbehave: hang, or
// answer without end.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace simsync {

class LocalReceiver {
 public:
  using Answer = std::function<void(const httplib::Request&, httplib::Response&)>;

  explicit LocalReceiver(Answer answer) : answer_(std::move(answer)) {
    const auto take = [this](const httplib::Request& request, httplib::Response& response) {
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
        changed_.notify_all();
      }
      answer_(request, response);
    };
    server_.Post(".*", take);
    server_.Get(".*", take);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~LocalReceiver() {
    let_go();
    server_.stop();
    thread_.join();
  }
  LocalReceiver(const LocalReceiver&) = delete;
  LocalReceiver& operator=(const LocalReceiver&) = delete;

  // With a status and a body.
  static Answer says(int status, const std::string& body = {}) {
    return [status, body](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      response.set_content(body, "text/plain");
    };
  }

  [[nodiscard]] std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  [[nodiscard]] std::vector<httplib::Request> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

  // False where none came within a generous time.
  bool wait_for_a_request() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{30}, [this] { return !requests_.empty(); });
  }

  // For an answer that hangs: returns at the end of the receiver.
  void hang() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return over_; });
  }

  void let_go() {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<httplib::Request> requests_;
  bool over_ = false;
  Answer answer_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace simsync
