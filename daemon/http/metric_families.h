// The counters and histograms of docs/metrics.md, and how all metrics become text. Private to daemon/http, and with its
// neighbours of the same kind the only place that names prometheus-cpp.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

namespace simsync {

// Safe from any thread, as the library's types are.
struct MetricFamilies {
  MetricFamilies();

  prometheus::Registry registry;
  prometheus::Family<prometheus::Gauge>& build_info;
  prometheus::Family<prometheus::Gauge>& config_good;
  prometheus::Family<prometheus::Gauge>& config_read;
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& request_seconds;
  prometheus::Family<prometheus::Counter>& retries;
  prometheus::Family<prometheus::Counter>& transitions;
  prometheus::Family<prometheus::Histogram>& walk_seconds;
  prometheus::Family<prometheus::Counter>& walk_skipped;
  prometheus::Family<prometheus::Counter>& metadata_requests;
  prometheus::Family<prometheus::Counter>& deliveries;
  prometheus::Family<prometheus::Counter>& database_errors;
};

// In Prometheus' text format, by name, without families that have no series.
std::string exposition(std::vector<prometheus::MetricFamily> families);

}  // namespace simsync
