// Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over `id.timestamp.body` with each of the
// secrets, so that a receiver can change its secret without missing a message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/secret.h"

namespace simsync {

class WebhookSigner {
 public:
  // Secrets are `whsec_` and base64; the prefix may be missing. None: nothing is signed. Throws std::invalid_argument,
  // which says the place of a secret that cannot be read, never the secret.
  explicit WebhookSigner(const std::vector<Secret>& secrets);

  // The value of webhook-signature: `v1,…` for each secret, in their order, separated by a blank; empty without one.
  [[nodiscard]] std::string sign(std::string_view id, std::int64_t timestamp, std::string_view body) const;

 private:
  std::vector<Secret> keys_;
};

}  // namespace simsync
