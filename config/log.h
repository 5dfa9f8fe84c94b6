// One line an event: a fixed phrase that can be grepped, then fields. It stands in the lowest folder because
// every folder logs; spdlog and libsystemd are named only in log.cpp and log_sinks.cpp. It takes strings and numbers,
// so no secret (secret.h) can be passed; tokens, activation codes and metadata must not be put into fields.
// docs/operations.md lists every event with its keys, and a test holds the source against that list.
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
  bool bare = false;  // a number, true or false: stands in JSON as it is

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), bare(true) {}
  template <typename T>
  requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)Field(std::string_view k, T v)
      : key(k),
  value(std::to_string(v)), bare(is_finite(v)) {}

 private:
  // JSON knows no other number.
  template <typename T>
  static bool is_finite(T v) {
    return v - v == T{};
  }
};

using Fields = std::initializer_list<Field>;

// Sets level and format of all later lines. Lines go to stderr (text, json) or to the journal (journal). Until then
// lines go to stderr as text at level info. May be called again at any time; safe from any thread.
void configure(const LogConfig& config);

// Safe from any thread. `event` is a phrase such as "walk finished". Text: the event, then key=value with values
// quoted where they hold spaces, quotes, '=' or control characters; JSON: one object a line with the keys time,
// level, event and the fields, numbers as numbers; journal: an entry with a field for each of them. Bytes that are not
// UTF-8 and control characters are escaped, and long values are cut at 2 KiB (the cut shows as …), so that outside data
// can never forge a line. Never throws: a line that cannot be written is lost. Blocks for the write.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
// A warning or error that comes again and again is written once, and then as one line that counts them (`repeated`,
// `for_s`) after a minute, ten minutes and each hour: log_repeats.h says what is the same.
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});
// The same at level info: for the end of a trouble, which comes as often as the trouble.
void recovered(std::string_view event, Fields fields = {});

// Writes the counts that are due. Every call above does this as well, but where nothing else is logged somebody has to
// come by now and then. tell_repeats_now() writes all of them, before the program ends.
void tell_repeats();
void tell_repeats_now();

}  // namespace simsync::log
