// JSON's grammar (RFC 8259) once more, as slowly and plainly as it can be written: what the product's checks are held
// against. Knows no UTF-8.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace simsync::fuzz {

class JsonModel {
 public:
  explicit JsonModel(std::string_view text) : rest_(text) {}

  // Whether the text is one value, with white space around it or without.
  bool is_json() {
    space();
    if (!value(1)) return false;
    space();
    return rest_.empty();
  }

  // Of objects and arrays in each other; after is_json().
  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool take_one_of(std::string_view set) {
    if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void space() {
    while (take_one_of(" \t\r\n")) continue;
  }

  bool digits() {
    bool any = false;
    while (take_one_of("0123456789")) any = true;
    return any;
  }

  bool number() {
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (!take_one_of("eE")) return true;
    take_one_of("+-");
    return digits();
  }

  bool escape() {
    if (take_one_of("\"\\/bfnrt")) return true;
    if (!take("u")) return false;
    for (int i = 0; i < 4; ++i) {
      if (!take_one_of("0123456789abcdefABCDEF")) return false;
    }
    return true;
  }

  bool string() {
    if (!take("\"")) return false;
    while (!rest_.empty()) {
      if (take("\"")) return true;
      if (take("\\")) {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      rest_.remove_prefix(1);
    }
    return false;
  }

  bool member(std::size_t level) {
    space();
    if (!string()) return false;
    space();
    return take(":") && element(level);
  }

  bool element(std::size_t level) {
    space();
    if (!value(level)) return false;
    space();
    return true;
  }

  template <typename Part>
  bool list(std::string_view end, std::size_t level, Part part) {
    depth_ = std::max(depth_, level);
    space();
    if (take(end)) return true;
    while (part()) {
      if (take(end)) return true;
      if (!take(",")) return false;
    }
    return false;
  }

  bool value(std::size_t level) {
    if (take("{")) return list("}", level, [&] { return member(level + 1); });
    if (take("[")) return list("]", level, [&] { return element(level + 1); });
    if (rest_.starts_with('"')) return string();
    return take("true") || take("false") || take("null") || number();
  }

  std::string_view rest_;
  std::size_t depth_ = 0;
};

inline bool is_json(std::string_view text) {
  return JsonModel{text}.is_json();
}

inline bool is_json_object(std::string_view text) {
  return text.starts_with('{') && text.ends_with('}') && is_json(text);
}

}  // namespace simsync::fuzz
