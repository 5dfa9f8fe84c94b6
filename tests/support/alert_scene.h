// A scene whose program alerts a receiver of the test's own.
#pragma once

#include <string>
#include <vector>

#include "tests/support/scene.h"
#include "tests/support/webhook_receiver.h"

namespace simsync::test {

class AlertScene {
 public:
  // `sims` as in SimulatedProject; `channels` and `rules` are lines of YAML, in which HOOK stands for the receiver's
  // address without a path; SIGNING_SECRET in the program's environment is a webhook's secret.
  AlertScene(unsigned sims, const std::string& channels, const std::string& rules, const std::string& more = {});

  WebhookReceiver receiver;
  Scene scene;

  // The SIMs whose profiles are polled and have this status.
  [[nodiscard]] std::vector<std::string> with_profile(const std::string& status) const;
  // At the API, now.
  void set_profile(const std::string& sim, const std::string& status) const;

  // Of the raised messages that one path was told and answered 204: how many alerts, each message counted once.
  [[nodiscard]] std::uint64_t alerts_told(const std::string& path = "/hook") const;
};

inline constexpr char kHook[] = "    ops: {type: webhook, url: HOOK/hook, secret_env: SIGNING_SECRET}\n";
// Any change of a profile.
inline constexpr char kAnyTransition[] = "    - {name: moved, on: profile, channels: [ops]}\n";

}  // namespace simsync::test
