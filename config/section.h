// Values of the file with the place where they stand, so that every error can name it. Internal to config/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/scalars.h"
#include "config/yaml_reader.h"

namespace simsync {

// One value. Copies are cheap and share the tree. Every member throws ConfigError in the form of load_config.h.
class Value {
 public:
  // `path` as in walk.interval or projects[0].id, empty for the whole file; `line` that of its key.
  Value(std::shared_ptr<const YamlNode> node, std::string file, std::string path, int line);

  // `what`: what is wrong; what to write instead.
  [[noreturn]] void fail(const std::string& what) const;

  // A scalar's text with ${NAME} expanded; neither empty nor with control characters.
  [[nodiscard]] std::string text() const;

  // The same as the file has it, unexpanded.
  [[nodiscard]] const std::string& raw() const { return node_->text; }

  // raw(), escaped and in quotes: what an error may show.
  [[nodiscard]] std::string shown() const;

  // What `parse(text, arguments…)` makes of the text; a BadValue becomes an error that shows the value.
  template <typename Parse, typename... Arguments>
  [[nodiscard]] auto parsed(Parse parse, Arguments... arguments) const {
    const std::string expanded = text();
    try {
      return parse(expanded, arguments...);
    } catch (const BadValue& bad) {
      fail(shown() + " " + bad.what());
    }
  }

  // The same for values that may hold a password: no error repeats any of it.
  template <typename Parse>
  [[nodiscard]] auto parsed_unshown(Parse parse) const {
    const std::string expanded = text();
    try {
      return parse(expanded);
    } catch (const BadValue& bad) {
      fail(std::string("the value ") + bad.what());
    }
  }

  // A duration, not below `smallest` (parse_duration has the largest).
  [[nodiscard]] Milliseconds duration(Milliseconds smallest) const;

  // One of `known`.
  [[nodiscard]] std::string choice(const std::vector<std::string>& known) const;

  // The elements of a list.
  [[nodiscard]] std::vector<Value> items() const;

  // The texts of a list, no two equal.
  [[nodiscard]] std::vector<std::string> distinct_texts() const;
  // The same; a lone scalar is a list of one.
  [[nodiscard]] std::vector<std::string> one_or_more_texts() const;

  // The keys and values of a mapping whose keys are the operator's own words.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> entries() const;

 private:
  [[nodiscard]] std::string expanded() const;
  [[noreturn]] void fail_kind(YamlNode::Kind wanted) const;

  std::shared_ptr<const YamlNode> node_;
  std::string file_;
  std::string path_;
  int line_;
};

// A mapping with known keys.
class Section {
 public:
  // Throws ConfigError where `value` is no mapping or has a key that is not in `known`; the error names the nearest
  // one. `elsewhere`: keys that exist, but not here, and why in a few words.
  Section(const Value& value, const std::vector<std::string>& known, const std::vector<std::string>& elsewhere = {},
          const std::string& why = {});

  [[nodiscard]] std::optional<Value> find(std::string_view key) const;

  // As find, but a missing key is an error; `advice` says what to write.
  [[nodiscard]] Value require(std::string_view key, const std::string& advice) const;

  // An error of the whole section.
  [[noreturn]] void fail(const std::string& what) const { value_.fail(what); }

 private:
  Value value_;
  std::vector<std::pair<std::string, Value>> entries_;
};

}  // namespace simsync
