// Text in, a tree of plain nodes out. Stricter than YAML: what a configuration does not need and what readers
// of YAML disagree about is refused. Internal to config/; yaml_reader.cpp is the only file that knows yaml-cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace simsync {

struct YamlNode;

struct YamlEntry {
  std::string key;
  int line = 1;  // of the key
  std::shared_ptr<const YamlNode> value;
};

struct YamlNode {
  enum class Kind { empty, scalar, sequence, mapping };

  Kind kind = Kind::empty;
  int line = 1;      // where it begins, counted from 1; an empty one: where its key or its dash stands
  std::string text;  // of a scalar, unquoted, nothing expanded; YAML's own types (true, 1, ~) mean nothing here
  std::vector<std::shared_ptr<const YamlNode>> items;  // of a sequence
  std::vector<YamlEntry> entries;                      // of a mapping, in the file's order, keys distinct
  std::size_t weight = 1;                              // nodes in it, an alias counted as all that it stands for
};

// Reads one document; `name` stands before the line in errors. An empty text is an empty node. The tree is at most
// 100,000 nodes heavy and 32 deep, so whoever walks it is done soon, aliases or not.
// Throws ConfigError for: more than 1 MiB, bytes that are not UTF-8, control characters, tabs in the indentation,
// bad syntax, several documents, tags, duplicate keys, keys that are no plain words, aliases inside their own anchor.
std::shared_ptr<const YamlNode> read_yaml(const std::string& text, const std::string& name);

// The largest text that read_yaml takes, in bytes. A configuration of a thousand alert rules has a fifth of it.
inline constexpr std::size_t kLargestYaml = std::size_t{1024} * 1024;

}  // namespace simsync
