// Somebody who is told: an HTTP server in the test's own process that remembers every request and answers as it is
// told to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace simsync::test {

struct ReceivedHook {
  std::string path;
  std::string id;         // webhook-id
  std::string timestamp;  // webhook-timestamp
  std::string signature;  // webhook-signature
  std::string content_type;
  std::string body;
  std::int64_t at = 0;  // micros since 1970
  int answer = 0;

  [[nodiscard]] nlohmann::json event() const { return nlohmann::json::parse(body); }
};

// Safe from any thread.
class WebhookReceiver {
 public:
  WebhookReceiver();
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/hook") const;

  // What each request gets from now on; called with it, before it is remembered. At first it is 204.
  void answer(std::function<int(const ReceivedHook&)> answer);
  void answer(int status);

  // In the order in which they were answered; those of one path, or all.
  [[nodiscard]] std::vector<ReceivedHook> received(const std::string& path = {}) const;

  // Nobody listens any more, until up().
  void down();
  void up();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace simsync::test
