// One line an event: a fixed phrase that can be grepped, then fields. It stands in the lowest folder because
// every folder logs; spdlog is named only in log.cpp. It takes strings and numbers, so no secret (secret.h)
// can be passed; tokens, activation codes and metadata must not be put into fields.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/config.h"

namespace simsync::log {

struct Field {
  std::string_view key;  // snake_case, the same word everywhere: project, walk, sim, status, error
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <typename T>
  requires std::integral<T> || std::floating_point<T> Field(std::string_view k, T v)
      : key(k), value(std::to_string(v)) {}
};

using Fields = std::initializer_list<Field>;

// Sets level and format of all later lines; called by main once, before any thread starts. Lines go to stderr
// (text, json) or to the journal. Until then lines go to stderr as text at level info. Called again with the same
// format it only moves the level, which is safe from any thread; another format is not.
void configure(const LogConfig& config);

// Safe from any thread. `event` is a phrase such as "walk finished". Text: the event, then key=value with values
// quoted where they hold spaces, quotes, '=' or control characters; JSON: one object a line with the keys time,
// level, event and the fields, all strings. Bytes that are not UTF-8 and control characters are escaped, and long
// values are cut at 2 KiB (the cut shows as …), so that outside data can never forge a line. Never throws: a line
// that cannot be written is lost. Blocks for the write.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace simsync::log
