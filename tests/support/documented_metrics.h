// The metrics that docs/metrics.md promises, and which of those that a PromQL expression uses it does not. Understands
// as much of PromQL as rules and dashboards need; whether an expression is valid, promtool says.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace simsync::test {

struct DocumentedMetric {
  std::string type;
  std::set<std::string> labels;
  std::string help;
};

using DocumentedMetrics = std::map<std::string, DocumentedMetric>;

// The rows of the page's table of metrics.
DocumentedMetrics documented_metrics(const std::string& markdown);

// "name" for each metric, "name{label}" for each label in braces that is not documented. `up` is Prometheus' own.
std::vector<std::string> undocumented(const std::string& promql, const DocumentedMetrics& metrics);

}  // namespace simsync::test
