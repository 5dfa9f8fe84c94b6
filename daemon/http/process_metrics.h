// What the kernel says of this process, under the names that all exporters use. Private to daemon/http.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace simsync {

// Reads /proc/self only, as a service with ProcSubset=pid can. What cannot be read is left out.
std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace simsync
