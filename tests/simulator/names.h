// One byte instead of a string for what few values can take (provider, status, type), a million times over. Open, not
// an enum: a test may send a value that the reference does not know. Refuses more than 250 different names.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/json_text.h"

namespace simsync::simulator {

class Names {
 public:
  Names(std::initializer_list<std::string_view> known) {
    for (const auto name : known) intern(name);
  }

  std::optional<std::uint8_t> find(std::string_view name) const {
    for (std::size_t i = 0; i < plain_.size(); ++i)
      if (plain_[i] == name) return static_cast<std::uint8_t>(i);
    return std::nullopt;
  }

  // Throws std::length_error at the 251st name.
  std::uint8_t intern(std::string_view name) {
    if (const auto known = find(name)) return *known;
    if (plain_.size() == 250) throw std::length_error("too many different names");
    plain_.emplace_back(name);
    quoted_.push_back(json_quoted(name));
    return static_cast<std::uint8_t>(plain_.size() - 1);
  }

  const std::string& plain(std::uint8_t index) const { return plain_[index]; }
  const std::string& quoted(std::uint8_t index) const { return quoted_[index]; }
  std::size_t size() const { return plain_.size(); }

 private:
  std::vector<std::string> plain_;
  std::vector<std::string> quoted_;
};

}  // namespace simsync::simulator
