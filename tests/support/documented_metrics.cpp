#include "tests/support/documented_metrics.h"

#include <regex>
#include <sstream>

namespace simsync::test {
namespace {

// The texts between backquotes.
std::vector<std::string> quoted_names(const std::string& text) {
  static const std::regex kName{"`([^`]*)`"};
  std::vector<std::string> names;
  for (std::sregex_iterator it{text.begin(), text.end(), kName}, end; it != end; ++it) names.push_back((*it)[1]);
  return names;
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all;
  std::istringstream stream{line};
  for (std::string cell; std::getline(stream, cell, '|');) all.push_back(cell);
  return all;
}

// A histogram is read by its parts.
std::string base_name(const std::string& name, const DocumentedMetrics& metrics) {
  for (const std::string part : {"_bucket", "_sum", "_count"}) {
    if (name.size() <= part.size() || name.compare(name.size() - part.size(), part.size(), part) != 0) continue;
    const std::string base = name.substr(0, name.size() - part.size());
    const auto found = metrics.find(base);
    if (found != metrics.end() && found->second.type == "histogram") return base;
  }
  return name;
}

}  // namespace

DocumentedMetrics documented_metrics(const std::string& markdown) {
  static const std::regex kRow{R"(\| `[a-z_]+` \| (counter|gauge|histogram) \|.*)"};
  DocumentedMetrics metrics;
  std::istringstream stream{markdown};
  for (std::string line; std::getline(stream, line);) {
    if (!std::regex_match(line, kRow)) continue;
    const std::vector<std::string> row = cells(line);
    const std::vector<std::string> labels = quoted_names(row.at(3));
    const std::string type = row.at(2).substr(1, row.at(2).size() - 2);
    metrics[quoted_names(row.at(1)).at(0)] = {type, {labels.begin(), labels.end()}, row.at(4)};
  }
  return metrics;
}

std::vector<std::string> undocumented(const std::string& promql, const DocumentedMetrics& metrics) {
  static const std::regex kQuoted{R"re("(?:[^"\\]|\\.)*")re"};
  static const std::regex kGrouping{R"(\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\))"};
  static const std::regex kDuration{R"(\[[^\]]*\])"};
  static const std::regex kName{R"(([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{[^}]*\})?)"};
  static const std::regex kLabel{R"(([a-zA-Z_][a-zA-Z0-9_]*)\s*[=!])"};
  static const std::set<std::string> kWords = {"and", "or", "unless", "bool", "offset", "group_left", "group_right"};
  const std::string bare =
      std::regex_replace(std::regex_replace(std::regex_replace(promql, kQuoted, "\"\""), kGrouping, ""), kDuration, "");
  std::vector<std::string> unknown;
  for (std::sregex_iterator it{bare.begin(), bare.end(), kName}, end; it != end; ++it) {
    const std::string name = (*it)[1], behind = (*it)[2];
    if (behind == "(" || kWords.contains(name) || name == "up") continue;
    const auto metric = metrics.find(base_name(name, metrics));
    if (metric == metrics.end()) {
      unknown.push_back(name);
      continue;
    }
    for (std::sregex_iterator label{behind.begin(), behind.end(), kLabel}; label != end; ++label) {
      const std::string& key = (*label)[1];
      if (key != "job" && key != "instance" && key != "le" && !metric->second.labels.contains(key)) {
        unknown.push_back(name + "{" + key + "}");
      }
    }
  }
  return unknown;
}

}  // namespace simsync::test
