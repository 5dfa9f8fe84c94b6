#include "daemon/alerts/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "daemon/alerts/base64.h"

namespace simsync {
namespace {

constexpr std::string_view kPrefix = "whsec_";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), digest.data(), &length) == nullptr) {
    throw std::runtime_error("OpenSSL made no HMAC");
  }
  return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace

WebhookSigner::WebhookSigner(const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    std::string_view text = secret.reveal();
    if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
    auto key = from_base64(text);
    if (!key || key->empty()) {
      throw std::invalid_argument("webhook secret " + std::to_string(keys_.size() + 1) +
                                  " is not whsec_ followed by base64");
    }
    keys_.emplace_back(std::move(*key));
  }
}

std::string WebhookSigner::sign(std::string_view id, std::int64_t timestamp, std::string_view body) const {
  std::string text{id};
  text.append(".").append(std::to_string(timestamp)).append(".").append(body);
  std::string signatures;
  for (const Secret& key : keys_) {
    if (!signatures.empty()) signatures += ' ';
    signatures.append("v1,").append(to_base64(hmac_sha256(key.reveal(), text)));
  }
  return signatures;
}

}  // namespace simsync
