// The status page: one table for people who glance at it. HTML without scripts or anything from elsewhere; every text
// that is not ours is escaped. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/figures_watch.h"

namespace simsync {

struct PageContext {
  std::vector<std::string> projects;  // of the configuration
  std::chrono::milliseconds walk_interval{};
  std::string this_host;
  std::string version;
  std::vector<std::string> unready;  // as /readyz says them
};

std::string status_page(const Figures& figures, const PageContext& context, TimePoint now);

// Content-Security-Policy: of all that a page can load, this one's own style.
std::string status_page_policy();

// `text` as it may stand between tags or between double quotes; printable() besides.
std::string escaped_html(std::string_view text);

}  // namespace simsync
