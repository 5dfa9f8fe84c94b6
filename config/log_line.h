// How an event and its fields look as a line or an entry. Pure. Internal to config/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/log.h"

namespace simsync::log {

// The event, then key=value.
std::string text_line(std::string_view event, std::span<const Field> fields);

// The members of a JSON object after time and level.
std::string json_members(std::string_view event, std::span<const Field> fields);

// The entry's own fields for the journal, each as NAME=value: MESSAGE, which is the text line, SIMSYNC_EVENT, and
// SIMSYNC_KEY for each key. No value holds U+0000.
std::vector<std::string> journal_fields(std::string_view event, std::span<const Field> fields);

// One string for all of them, and back.
std::string packed(const std::vector<std::string>& journal_fields);
std::vector<std::string_view> unpacked(std::string_view text);

}  // namespace simsync::log
