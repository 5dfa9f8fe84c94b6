#include "daemon/alerts/alertmanager_channel.h"

#include <algorithm>
#include <set>

#include "daemon/alerts/http_outcome.h"
#include "daemon/alerts/json.h"
#include "daemon/alerts/message_text.h"
#include "daemon/alerts/transfer.h"

namespace simsync {
namespace {

using Json = nlohmann::ordered_json;

// A lasting alert that is repeated every minute outlives three repeats that fail, and little more: when the daemon is
// gone for good, so are its alerts.
constexpr std::chrono::minutes kLife{4};

// One alert for each. A test is about no provider.
std::set<std::string> providers_of(const AlertMessage& message) {
  std::set<std::string> providers{message.providers.begin(), message.providers.end()};
  if (providers.empty()) providers.insert("");
  return providers;
}

Json labels_of(const AlertMessage& message, const std::string& provider) {
  Json labels = {{"alertname", message.rule}, {"project", message.project}, {"severity", message.severity}};
  if (!provider.empty()) labels["provider"] = provider;  // an empty label is no label
  if (message.test) labels["test"] = "true";             // so that it can be routed elsewhere, and is no other alert
  return labels;
}

class AlertmanagerChannel final : public AlertChannel {
 public:
  explicit AlertmanagerChannel(const AlertmanagerOptions& options) : options_(options) {}

  Delivery deliver(const AlertMessage& message, const std::stop_token& stop) override {
    const TimePoint now = wall_clock();
    Json alerts = Json::array();
    for (const std::string& provider : providers_of(message)) {
      const Json labels = labels_of(message, provider);
      // Other SIMs of the rule and provider may go on; repeat() tells of them.
      if (message.event == AlertEvent::resolved && open_.contains(json_text(labels))) continue;
      alerts.push_back(alert_of(message, labels, now));
    }
    return send(alerts, stop);
  }

  [[nodiscard]] bool wants_repeats() const override { return true; }

  Delivery repeat(const std::vector<AlertMessage>& open, const std::stop_token& stop) override {
    const TimePoint now = wall_clock();
    open_.clear();
    Json alerts = Json::array();
    for (const AlertMessage& message : open) {
      for (const std::string& provider : providers_of(message)) {
        const Json labels = labels_of(message, provider);
        if (open_.insert(json_text(labels)).second) alerts.push_back(alert_of(message, labels, now));
      }
    }
    return send(alerts, stop);
  }

 private:
  [[nodiscard]] TimePoint end_of(const AlertMessage& message, TimePoint now) const {
    if (message.event == AlertEvent::resolved) return now;
    // A change has no end of its own. It is shown from its delivery on, however late that is.
    return now + (message.lasting || message.test ? std::chrono::milliseconds{kLife} : options_.repeat_after);
  }

  [[nodiscard]] Json alert_of(const AlertMessage& message, const Json& labels, TimePoint now) const {
    // It refuses an end before the start, which a clock that was set back could make.
    const TimePoint start = std::min(message.first_raised_at, now);
    return {{"labels", labels},
            {"annotations",
             {{"summary", subject_of(message)}, {"description", text_of(message)}, {"query", query_of(message)}}},
            {"startsAt", iso_time(start)},
            {"endsAt", iso_time(end_of(message, now))}};
  }

  [[nodiscard]] Delivery send(const Json& alerts, const std::stop_token& stop) const {
    if (alerts.empty()) return {};
    const HttpPost request{options_.url + "/api/v2/alerts",
                           {{"Content-Type", "application/json"}, {"User-Agent", "simsyncd"}},
                           json_text(alerts),
                           options_.timeout};
    return outcome_of(post(request, stop), wall_clock());
  }

  AlertmanagerOptions options_;
  std::set<std::string> open_;  // labels of what was open when it was last repeated
};

}  // namespace

std::unique_ptr<AlertChannel> make_alertmanager_channel(const AlertmanagerOptions& options) {
  return std::make_unique<AlertmanagerChannel>(options);
}

}  // namespace simsync
