#include "tests/support/status_site.h"

#include <httplib.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace simsync::test {
namespace {

// `name{labels} value`, or without labels.
const std::regex kSample{R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+))re"};
const std::regex kLabel{R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)")re"};

std::string base_of(const std::string& name, const DocumentedMetrics& known) {
  for (const std::string part : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(part)) continue;
    const auto found = known.find(name.substr(0, name.size() - part.size()));
    if (found != known.end() && found->second.type == "histogram") return found->first;
  }
  return name;
}

}  // namespace

StatusSite::StatusSite(const Process& service) {
  const std::regex line{R"(http listens address=(\S+))"};
  std::smatch match;
  std::string log;
  const auto listens = [&] {
    log = service.err();
    return std::regex_search(log, match, line);
  };
  if (!eventually(listens)) throw std::runtime_error("the service does not listen: " + log);
  address_ = match[1];
}

SiteAnswer StatusSite::get(const std::string& path, const std::string& token) const {
  httplib::Client client{"http://" + address_};
  client.set_read_timeout(30);
  httplib::Headers headers;
  if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
  const auto result = client.Get(path.c_str(), headers);
  if (!result) return {};
  SiteAnswer answer{result->status, result->body, {}};
  for (const auto& [name, value] : result->headers) answer.headers[name] = value;
  return answer;
}

std::string StatusSite::metrics() const {
  const SiteAnswer answer = get("/metrics");
  if (answer.status != 200) throw std::runtime_error("/metrics: " + std::to_string(answer.status) + answer.body);
  return answer.body;
}

double StatusSite::sum(const std::string& name, const std::vector<std::string>& labels) const {
  std::istringstream lines{metrics()};
  double sum = 0;
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') || !std::regex_match(line, match, kSample) || match[1] != name) continue;
    const std::string own = match[2];
    if (std::ranges::all_of(labels, [&](const std::string& label) { return own.find(label) != std::string::npos; })) {
      sum += std::stod(match[3]);
    }
  }
  return sum;
}

DocumentedMetrics served_metrics(const std::string& text) {
  const std::regex comment{R"(# (HELP|TYPE) (\S+) (.*))"};
  DocumentedMetrics metrics;
  std::istringstream lines{text};
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, comment)) {
      DocumentedMetric& metric = metrics[match[2]];
      (match[1] == "HELP" ? metric.help : metric.type) = match[3];
    } else if (std::regex_match(line, match, kSample)) {
      DocumentedMetric& metric = metrics[base_of(match[1], metrics)];
      const std::string labels = match[2];
      for (std::sregex_iterator label{labels.begin(), labels.end(), kLabel}, end; label != end; ++label) {
        if ((*label)[1] != "le") metric.labels.insert((*label)[1]);
      }
    } else if (!line.empty()) {
      throw std::runtime_error("not understood: " + line);
    }
  }
  return metrics;
}

}  // namespace simsync::test
