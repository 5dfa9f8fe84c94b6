// Base64 (RFC 4648, section 4) for signatures and mails; OpenSSL's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace simsync {

std::string to_base64(std::string_view bytes);

// nullopt for anything that is not base64; padding may be missing.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace simsync
