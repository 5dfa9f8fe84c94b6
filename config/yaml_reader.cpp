#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "config/load_config.h"
#include "config/printable.h"

namespace simsync {

namespace {

// 1 MiB of text can hold half a million nodes and, with aliases, stand for as many as one likes.
constexpr std::size_t kHeaviest = 100'000;
// alerts.rules[0].where.provider[0] is six deep.
constexpr std::size_t kDeepest = 32;

// What is wrong and where; read_yaml adds the file's name.
class Fault : public std::runtime_error {
 public:
  Fault(int line, const std::string& what) : std::runtime_error(what), line_(line) {}
  [[nodiscard]] int line() const { return line_; }

 private:
  int line_;
};

int line_of(const YAML::Mark& mark) {
  return std::max(mark.line, 0) + 1;  // yaml-cpp counts from 0 and has -1 for "nowhere"
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Empty, or nothing but a comment.
bool says_nothing(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#';
}

// yaml-cpp takes UTF-16 and bytes that are no text at all; and it counts no lone carriage return as a line's end,
// as YAML does, so that all line numbers after one would be wrong.
void check_line(std::string_view line, int number) {
  if (!says_nothing(line) && line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    throw Fault(number, "a tab in the indentation; indent with spaces");
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (!line.empty()) {
    const Utf8Character c = first_character(line);
    if (!c.valid) throw Fault(number, "a byte that is not UTF-8; save the file as UTF-8");
    if (is_control(c.code_point) && c.code_point != '\t') {
      throw Fault(number, "a control character; remove it, and save the file as plain text");
    }
    line.remove_prefix(c.length);
  }
}

// Builds the tree from yaml-cpp's events. Its own Node would lose duplicate keys and the line of an empty value.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::vector<std::string_view>& lines) : lines_(lines) {}

  [[nodiscard]] std::shared_ptr<const YamlNode> root() const { return root_; }

  // yaml-cpp finds this at the end of the file, which helps nobody; the quote is behind what was read last.
  [[noreturn]] void fail_unclosed_quote() const {
    const std::string here = path();
    throw Fault(last_line_, (here.empty() ? "" : escaped_path(here) + ": ") +
                                "a quote is opened here, or soon after, and never closed; close it");
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) throw Fault(line_of(mark), "a second YAML document begins; keep all in one, without ---");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = begin(mark, "");
    node->line = line_of_empty(mark);
    finish(node, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (expects_key()) {
      begin_entry(mark, tag, value);
      if (anchor != 0) throw Fault(line_of(mark), "an anchor on a key; put it on the value");
      return;
    }
    auto node = begin(mark, tag);
    node->kind = YamlNode::Kind::scalar;
    node->text = value;
    finish(node, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) throw Fault(line_of(mark), "an alias as a key; write the key itself");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Fault(line_of(mark), "an alias inside its own anchor; write the value itself");
    }
    count(found->second->weight, line_of(mark));
    add(found->second, found->second->weight);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::mapping, mark, tag, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  // A sequence or mapping whose end has not come yet.
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    bool flow = false;           // written with brackets
    bool has_key = false;        // of a mapping: its last entry waits for the value
    std::set<std::string> keys;  // of a mapping, so that many keys cost no quadratic search
  };

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node->kind == YamlNode::Kind::mapping && !open_.back().has_key;
  }

  // Where the reader stands, as in `alerts.rules[2]`; for the errors here that have a key.
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Open& open : open_) {
      if (open.node->kind == YamlNode::Kind::sequence) {
        path += '[' + std::to_string(open.node->items.size()) + ']';
      } else if (open.has_key) {
        path += (path.empty() ? "" : ".") + open.node->entries.back().key;
      }
    }
    return path;
  }

  static void check_tag(const std::string& tag, int line) {
    // "?" and "!" are yaml-cpp's words for "plain" and "quoted".
    if (!tag.empty() && tag != "?" && tag != "!") throw Fault(line, "a YAML tag (!…); write the plain value");
  }

  void begin_entry(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    const int line = line_of(mark);
    check_tag(tag, line);
    Open& open = open_.back();
    if (key.empty()) throw Fault(line, "an empty key; write KEY: VALUE");
    // Escapes make what check_line never saw; and yaml-cpp's \_ makes a byte that is not UTF-8.
    if (!is_plain(key)) throw Fault(line, "a control character in a key; write the key without \\ escapes");
    if (!open.keys.insert(key).second) {
      const auto& entries = open.node->entries;
      const auto first = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.key == key; });
      const std::string parent = path();
      throw Fault(line, escaped_path(parent.empty() ? key : parent + "." + key) +
                            ": duplicate key; it stands in line " + std::to_string(first->line) +
                            " already, keep one of them");
    }
    open.node->entries.push_back({key, line, nullptr});
    open.has_key = true;
    count(1, line);
  }

  static bool is_plain(std::string_view key) {
    while (!key.empty()) {
      const Utf8Character c = first_character(key);
      if (!c.valid || is_control(c.code_point)) return false;
      key.remove_prefix(c.length);
    }
    return true;
  }

  static std::string escaped_path(const std::string& path) {
    std::string out;
    append_escaped(out, beginning(path, 200), Escaping::text);
    return out;
  }

  std::shared_ptr<YamlNode> begin(const YAML::Mark& mark, const std::string& tag) {
    const int line = line_of(mark);
    if (expects_key()) throw Fault(line, "a key that is no plain word; write KEY: VALUE");
    check_tag(tag, line);
    auto node = std::make_shared<YamlNode>();
    node->line = line;
    count(1, line);
    return node;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    if (open_.size() >= kDeepest) {
      throw Fault(line_of(mark), "nested more than " + std::to_string(kDeepest) + " deep; no key needs that");
    }
    auto node = begin(mark, tag);
    node->kind = kind;
    open_.push_back({node, anchor, style == YAML::EmitterStyle::Flow, false, {}});
  }

  void close() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    finish(done.node, done.anchor);
  }

  void finish(const std::shared_ptr<YamlNode>& node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;  // only now: inside itself it cannot be named
    add(node, node->weight);
  }

  void add(std::shared_ptr<const YamlNode> node, std::size_t weight) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& open = open_.back();
    open.node->weight += weight;
    if (open.node->kind == YamlNode::Kind::sequence) {
      open.node->items.push_back(std::move(node));
    } else {
      open.node->entries.back().value = std::move(node);
      open.has_key = false;
    }
  }

  void count(std::size_t nodes, int line) {
    last_line_ = line;
    total_ += nodes;
    if (total_ > kHeaviest) {
      throw Fault(line, "more than " + std::to_string(kHeaviest) + " values, aliases counted; write fewer");
    }
  }

  // yaml-cpp marks a value that is not there with the token after it, which may stand many lines further down.
  [[nodiscard]] int line_of_empty(const YAML::Mark& mark) const {
    if (open_.empty()) return line_of(mark);
    const Open& open = open_.back();
    if (open.node->kind == YamlNode::Kind::mapping) return open.node->entries.back().line;
    if (open.flow || is_written_null(mark)) return line_of(mark);
    for (int line = std::min(line_of(mark), static_cast<int>(lines_.size()) + 1) - 1; line >= 1; --line) {
      if (!says_nothing(lines_[static_cast<std::size_t>(line) - 1])) return line;
    }
    return line_of(mark);
  }

  [[nodiscard]] bool is_written_null(const YAML::Mark& mark) const {
    const auto index = static_cast<std::size_t>(line_of(mark)) - 1;
    if (index >= lines_.size() || mark.column < 0) return false;
    const std::string_view line = lines_[index];
    const auto column = static_cast<std::size_t>(mark.column);
    return column < line.size() && (line[column] == '~' || line[column] == 'n' || line[column] == 'N');
  }

  const std::vector<std::string_view>& lines_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const YamlNode>> anchors_;
  std::shared_ptr<const YamlNode> root_;
  std::size_t total_ = 0;
  int last_line_ = 1;
};

// yaml-cpp's words, without what it quotes behind a colon: a password that begins with * is an alias to it.
std::string syntax_message(const YAML::Exception& error) {
  std::string out = "this is not valid YAML (";
  append_escaped(out, std::string_view(error.msg).substr(0, error.msg.find(':')), Escaping::text);
  return out + "); check brackets, quotes, colons and the indentation here and in the line before";
}

// yaml-cpp takes a quote that is never closed where a line's end comes last, and all keys behind it for its text;
// without that line's end it notices.
std::string without_last_newlines(const std::string& text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string::npos ? 0 : last + 1);
}

std::shared_ptr<const YamlNode> parse(const std::string& text, const std::vector<std::string_view>& lines) {
  std::istringstream stream(without_last_newlines(text));
  TreeBuilder builder(lines);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::EOF_IN_SCALAR) builder.fail_unclosed_quote();
    throw Fault(line_of(error.mark), syntax_message(error));
  }
  return builder.root() ? builder.root() : std::make_shared<const YamlNode>();
}

}  // namespace

std::shared_ptr<const YamlNode> read_yaml(const std::string& text, const std::string& name) {
  if (text.size() > kLargestYaml) {
    throw ConfigError(name + ":1: larger than " + std::to_string(kLargestYaml / 1024) +
                      " KiB; this is hardly a configuration, name another file");
  }
  const std::vector<std::string_view> lines = split_lines(text);
  try {
    for (int number = 1; number <= static_cast<int>(lines.size()); ++number) {
      check_line(lines[static_cast<std::size_t>(number) - 1], number);
    }
    return parse(text, lines);
  } catch (const Fault& fault) {
    throw ConfigError(name + ":" + std::to_string(fault.line()) + ": " + fault.what());
  } catch (const std::exception&) {
    // yaml-cpp's parser has thrown standard exceptions of its own on garbage; the operator gets a ConfigError.
    throw ConfigError(name + ":1: this cannot be read as YAML; compare it with the documented example");
  }
}

}  // namespace simsync
