#include "daemon/alerts/command_channel.h"

#include <sysexits.h>

#include <cstdlib>

#include "daemon/alerts/child_process.h"
#include "daemon/alerts/message_text.h"

namespace simsync {
namespace {

std::vector<std::string> harmless_environment() {
  std::vector<std::string> environment;
  for (const char* name : {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}) {
    if (const char* value = std::getenv(name); value != nullptr) {
      environment.push_back(std::string{name} + "=" + value);
    }
  }
  return environment;
}

Delivery outcome_of(const ChildEnd& end) {
  if (end.exit_code == EX_OK) return {};
  std::string error = end.exit_code ? "exit code " + std::to_string(*end.exit_code) : end.error;
  if (!end.last_line.empty()) error += ": " + end.last_line;
  return end.exit_code == EX_DATAERR ? Delivery::refuse(error) : Delivery::again(error);
}

class CommandChannel final : public AlertChannel {
 public:
  explicit CommandChannel(const CommandOptions& options) : options_(options) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    return outcome_of(run_child(
        {options_.program, options_.args, harmless_environment(), cloud_event(message) + "\n", options_.timeout}, stop,
        left_alone_));
  }

 private:
  CommandOptions options_;
  std::vector<int> left_alone_;
};

}  // namespace

std::unique_ptr<AlertChannel> make_command_channel(const CommandOptions& options) {
  return std::make_unique<CommandChannel>(options);
}

}  // namespace simsync
