#include "daemon/http/metric_families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

namespace simsync {
namespace {

template <typename Builder>
auto& family(prometheus::Registry& registry, Builder builder, const char* name, const char* help) {
  return builder.Name(name).Help(help).Register(registry);
}

}  // namespace

MetricFamilies::MetricFamilies()
    : build_info(
          family(registry, prometheus::BuildGauge(), "simsync_build_info", "Always 1; the labels say what runs.")),
      config_good(family(registry, prometheus::BuildGauge(), "simsync_config_last_reload_successful",
                         "1 where the configuration that was read last is in force, 0 where it was refused.")),
      config_read(family(registry, prometheus::BuildGauge(), "simsync_config_last_reload_success_timestamp_seconds",
                         "When the configuration in force was read.")),
      requests(family(registry, prometheus::BuildCounter(), "simsync_api_requests_total",
                      "Requests that came to an end, each try counted.")),
      request_seconds(family(registry, prometheus::BuildHistogram(), "simsync_api_request_duration_seconds",
                             "From sending a request to its whole answer, or to giving up; waiting for the budget is "
                             "not in it.")),
      retries(family(registry, prometheus::BuildCounter(), "simsync_api_retries_total",
                     "Requests sent again after a failure.")),
      transitions(family(registry, prometheus::BuildCounter(), "simsync_transitions_total",
                         "Changes of a SIM's status (what=\"sim\") or of its profile's (what=\"profile\") that were "
                         "recorded.")),
      walk_seconds(family(registry, prometheus::BuildHistogram(), "simsync_walk_duration_seconds",
                          "Length of the walks that ended.")),
      walk_skipped(family(registry, prometheus::BuildCounter(), "simsync_walk_skipped_total",
                          "SIMs and pages that walks had to leave out.")),
      metadata_requests(family(registry, prometheus::BuildCounter(), "simsync_metadata_requests_total",
                               "Requests to write metadata back that were settled.")),
      deliveries(family(registry, prometheus::BuildCounter(), "simsync_alert_deliveries_total",
                        "Attempts to deliver an alert.")),
      database_errors(family(registry, prometheus::BuildCounter(), "simsync_database_errors_total",
                             "Transactions that the database did not carry out.")) {}

std::string exposition(std::vector<prometheus::MetricFamily> families) {
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace simsync
