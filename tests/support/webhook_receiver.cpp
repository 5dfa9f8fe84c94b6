#include "tests/support/webhook_receiver.h"

#include <httplib.h>

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace simsync::test {

struct WebhookReceiver::Parts {
  mutable std::mutex mutex;
  std::function<int(const ReceivedHook&)> answer = [](const ReceivedHook&) { return 204; };
  std::vector<ReceivedHook> received;
  int port = 0;
  std::unique_ptr<httplib::Server> server;
  std::thread thread;

  void take(const httplib::Request& request, httplib::Response& response) {
    ReceivedHook hook;
    hook.path = request.path;
    hook.id = request.get_header_value("webhook-id");
    hook.timestamp = request.get_header_value("webhook-timestamp");
    hook.signature = request.get_header_value("webhook-signature");
    hook.content_type = request.get_header_value("Content-Type");
    hook.body = request.body;
    hook.at = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
                  .count();
    std::function<int(const ReceivedHook&)> how;
    {
      const std::lock_guard lock{mutex};
      how = answer;
    }
    hook.answer = how(hook);
    response.status = hook.answer;
    const std::lock_guard lock{mutex};
    received.push_back(std::move(hook));
  }
};

WebhookReceiver::WebhookReceiver() : parts_(std::make_unique<Parts>()) {
  up();
}

WebhookReceiver::~WebhookReceiver() {
  down();
}

void WebhookReceiver::up() {
  parts_->server = std::make_unique<httplib::Server>();
  parts_->server->Post(
      ".*", [this](const httplib::Request& request, httplib::Response& response) { parts_->take(request, response); });
  if (parts_->port == 0) {
    parts_->port = parts_->server->bind_to_any_port("127.0.0.1");
  } else if (!parts_->server->bind_to_port("127.0.0.1", parts_->port)) {
    throw std::runtime_error("the receiver's port was taken meanwhile");
  }
  parts_->thread = std::thread{[this] { parts_->server->listen_after_bind(); }};
  while (!parts_->server->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

void WebhookReceiver::down() {
  if (!parts_->thread.joinable()) return;
  parts_->server->stop();
  parts_->thread.join();
}

std::string WebhookReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(parts_->port) + path;
}

void WebhookReceiver::answer(std::function<int(const ReceivedHook&)> answer) {
  const std::lock_guard lock{parts_->mutex};
  parts_->answer = std::move(answer);
}

void WebhookReceiver::answer(int status) {
  answer([status](const ReceivedHook&) { return status; });
}

std::vector<ReceivedHook> WebhookReceiver::received(const std::string& path) const {
  const std::lock_guard lock{parts_->mutex};
  std::vector<ReceivedHook> found;
  for (const ReceivedHook& hook : parts_->received) {
    if (path.empty() || hook.path == path) found.push_back(hook);
  }
  return found;
}

}  // namespace simsync::test
