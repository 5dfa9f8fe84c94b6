// What is served under which path, to whom, with which headers. Pure but for what it is given.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/secret.h"
#include "daemon/http/http_message.h"

namespace simsync {

// Called by the listener's thread; none may block.
struct SiteContent {
  std::function<std::string()> metrics;               // Prometheus' text format
  std::function<std::string()> page;                  // HTML
  std::function<std::vector<std::string>()> unready;  // why not; empty: ready
  std::function<std::optional<std::string>()> stuck;  // why the process does not work; none: it does
  std::string page_policy;                            // Content-Security-Policy of the page
};

class Site {
 public:
  // With a token every path but /healthz wants it.
  Site(SiteContent content, Secret token);

  [[nodiscard]] HttpAnswer answer(const HttpQuestion& question) const;

 private:
  [[nodiscard]] bool may_enter(const HttpQuestion& question) const;
  [[nodiscard]] HttpAnswer content(const std::string& path) const;

  const SiteContent content_;
  const Secret token_;
};

}  // namespace simsync
