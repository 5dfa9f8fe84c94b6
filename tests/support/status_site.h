// What a running service says of itself over HTTP.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/documented_metrics.h"
#include "tests/support/process.h"

namespace simsync::test {

struct SiteAnswer {
  int status = 0;  // 0: none came
  std::string body;
  std::map<std::string, std::string> headers;
};

class StatusSite {
 public:
  // Waits until `service` has said in its log where it listens; throws std::runtime_error where it does not.
  explicit StatusSite(const Process& service);

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] SiteAnswer get(const std::string& path, const std::string& token = {}) const;

  // The text of /metrics; throws where it is not answered with 200.
  [[nodiscard]] std::string metrics() const;
  // The sum of the series of this name whose labels contain all of `labels`, each as in the text: `project="acme"`.
  [[nodiscard]] double sum(const std::string& name, const std::vector<std::string>& labels = {}) const;

 private:
  std::string address_;
};

// What an exposition holds, as docs/metrics.md would have it. Throws std::runtime_error where a line is not understood.
DocumentedMetrics served_metrics(const std::string& text);

}  // namespace simsync::test
