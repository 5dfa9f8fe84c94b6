#include "config/section.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "config/load_config.h"
#include "config/printable.h"

namespace simsync {

namespace {

// For the operator's own keys in a path; a name as long as this is cut.
std::string bare(std::string_view key) {
  constexpr std::size_t kLongest = 80;
  std::string out;
  append_escaped(out, beginning(key, kLongest), Escaping::text);
  return key.size() > kLongest ? out + "…" : out;
}

std::string child_path(const std::string& parent, std::string_view key) {
  return (parent.empty() ? "" : parent + ".") + bare(key);
}

// Words under which people write a secret itself.
bool means_a_secret(const std::string& key) {
  static const std::vector<std::string> kWords = {"token",   "secret", "password", "passwd",      "api_key",
                                                  "api-key", "apikey", "bearer",   "access_token"};
  return std::find(kWords.begin(), kWords.end(), key) != kWords.end();
}

std::string secret_advice(const std::vector<std::string>& known) {
  const auto knows = [&](const char* key) { return std::find(known.begin(), known.end(), key) != known.end(); };
  if (knows("token_file")) return "write token_file or token_env";
  if (knows("secret_file")) return "write secret_file or secret_env";
  return "projects take token_file or token_env, channels secret_file or secret_env, the database .pgpass or ${NAME}";
}

}  // namespace

Value::Value(std::shared_ptr<const YamlNode> node, std::string file, std::string path, int line)
    : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)), line_(line) {}

void Value::fail(const std::string& what) const {
  throw ConfigError(file_ + ":" + std::to_string(line_) + ": " + (path_.empty() ? "the file " : path_ + ": ") + what);
}

void Value::fail_kind(YamlNode::Kind wanted) const {
  const auto name = [](YamlNode::Kind kind) -> std::string {
    switch (kind) {
      case YamlNode::Kind::empty:
        return "empty";
      case YamlNode::Kind::scalar:
        return "a single value";
      case YamlNode::Kind::sequence:
        return "a list";
      case YamlNode::Kind::mapping:
        return "a mapping";
    }
    return "";
  };
  const auto advice = [](YamlNode::Kind kind) -> std::string {
    switch (kind) {
      case YamlNode::Kind::sequence:
        return "a list, such as [a, b]";
      case YamlNode::Kind::mapping:
        return "KEY: VALUE lines";
      default:
        return "one value";
    }
  };
  const bool optional_here = node_->kind == YamlNode::Kind::empty;
  fail("is " + name(node_->kind) + "; write " + advice(wanted) + (optional_here ? ", or remove it" : ""));
}

std::string Value::expanded() const {
  try {
    return expand_environment(node_->text);
  } catch (const BadValue& bad) {
    fail(std::string("the value ") + bad.what());
  }
}

std::string Value::text() const {
  if (node_->kind != YamlNode::Kind::scalar) fail_kind(YamlNode::Kind::scalar);
  const bool from_environment = node_->text.find("${") != std::string::npos;
  std::string out = expanded();
  if (out.empty()) {
    fail(from_environment ? "is empty once the environment is filled in; set the variable, or write a value"
                          : "is empty; write a value, or remove it");
  }
  std::string_view rest = out;
  while (!rest.empty()) {
    const Utf8Character c = first_character(rest);
    if (!c.valid) fail("holds a byte that is not UTF-8; write UTF-8 text, also into the environment");
    if (is_control(c.code_point)) fail("holds a line break or another control character; write it on one line");
    rest.remove_prefix(c.length);
  }
  return out;
}

std::string Value::shown() const {
  const bool from_environment = node_->text.find("${") != std::string::npos;
  return in_quotes(node_->text) + (from_environment ? " (filled in from the environment)" : "");
}

Milliseconds Value::duration(Milliseconds smallest) const {
  const Milliseconds value = parsed(parse_duration);
  if (value < smallest) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(smallest).count();
    fail(shown() + " is too short; write at least " + std::to_string(seconds) + "s");
  }
  return value;
}

std::string Value::choice(const std::vector<std::string>& known) const {
  const auto parse = [&](const std::string& word) {
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      throw BadValue("is unknown" + suggestion(word, known));
    }
    return word;
  };
  return parsed(parse);
}

std::vector<Value> Value::items() const {
  if (node_->kind != YamlNode::Kind::sequence) fail_kind(YamlNode::Kind::sequence);
  std::vector<Value> out;
  out.reserve(node_->items.size());
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    const auto& item = node_->items[i];
    out.emplace_back(item, file_, path_ + "[" + std::to_string(i) + "]", item->line);
  }
  return out;
}

std::vector<std::string> Value::distinct_texts() const {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const Value& item : items()) {
    out.push_back(item.text());
    if (!seen.insert(out.back()).second) item.fail(item.shown() + " is in the list twice; remove one");
  }
  return out;
}

std::vector<std::string> Value::one_or_more_texts() const {
  if (node_->kind == YamlNode::Kind::sequence) return distinct_texts();
  return {text()};
}

std::vector<std::pair<std::string, Value>> Value::entries() const {
  if (node_->kind != YamlNode::Kind::mapping) fail_kind(YamlNode::Kind::mapping);
  std::vector<std::pair<std::string, Value>> out;
  out.reserve(node_->entries.size());
  for (const YamlEntry& entry : node_->entries) {
    out.emplace_back(entry.key, Value(entry.value, file_, child_path(path_, entry.key), entry.line));
  }
  return out;
}

Section::Section(const Value& value, const std::vector<std::string>& known, const std::vector<std::string>& elsewhere,
                 const std::string& why)
    : value_(value), entries_(value.entries()) {
  const auto among = [](const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  for (const auto& [key, child] : entries_) {
    if (among(known, key)) continue;
    if (among(elsewhere, key)) child.fail("this key is not used " + why + "; known here: " + joined(known));
    if (means_a_secret(key)) child.fail("a secret is never written in this file; " + secret_advice(known));
    child.fail("unknown key" + suggestion(key, known));
  }
}

std::optional<Value> Section::find(std::string_view key) const {
  for (const auto& [name, child] : entries_) {
    if (name == key) return child;
  }
  return std::nullopt;
}

Value Section::require(std::string_view key, const std::string& advice) const {
  const std::optional<Value> found = find(key);
  if (!found) value_.fail("has no " + std::string(key) + "; write " + advice);
  return *found;
}

}  // namespace simsync
