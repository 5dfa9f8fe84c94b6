// JSON on its way out. Internal to daemon/alerts/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace simsync {

// In one line; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace simsync
