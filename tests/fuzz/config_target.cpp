// simsyncd.yaml: read, or refused in one line that names its place and can be printed.
#include <string>

#include "config/load_config.h"
#include "config/printable.h"
#include "config/yaml_reader.h"
#include "tests/fuzz/targets.h"

namespace simsync::fuzz {
namespace {

constexpr const char* kName = "simsyncd.yaml";

void promise_one_line(std::string_view message) {
  promise(message.starts_with(std::string(kName) + ":"), "an error without the file's name");
  promise(printable(message) == message, "an error that cannot be printed");
  promise(message.size() < 4096, "an error without end");
}

std::size_t weight_of(const YamlNode& node, std::size_t depth) {
  promise(depth <= 33, "deeper than 32");
  std::size_t weight = 1;
  for (const auto& item : node.items) weight += weight_of(*item, depth + 1);
  for (const YamlEntry& entry : node.entries) {
    promise(!entry.key.empty() && printable(entry.key) == entry.key, "a key that is no plain word");
    weight += weight_of(*entry.value, depth + 1);
  }
  return weight;
}

}  // namespace

void config(std::string_view input) {
  const std::string text{input};
  try {
    const auto root = read_yaml(text, kName);
    promise(weight_of(*root, 1) <= 100'000, "a tree that is too heavy");
  } catch (const ConfigError& error) {
    promise_one_line(error.what());
    return;
  }
  try {
    const Config config = parse_config(text, kName);
    promise(!config.projects.empty(), "no projects");
    promise(config.api.connections >= 1 && config.api.connections <= 256, "connections");
    promise(config.walk.parallel >= 1 && config.walk.parallel <= 256, "segments");
    promise(config.api.base_url.starts_with("https://") || config.api.base_url.starts_with("http://"), "base_url");
    promise(config.api.timeout > Milliseconds{0} && config.walk.interval > Milliseconds{0}, "no time");
  } catch (const ConfigError& error) {
    promise_one_line(error.what());
  }
}

}  // namespace simsync::fuzz
