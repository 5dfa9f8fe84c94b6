// What a walk asks for, and how that can fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sync/api/sim_api.h"

namespace simsync {

struct PageRequest {
  static constexpr std::size_t kScout = SIZE_MAX;

  std::uint64_t number = 0;  // of this request within the walk, from 1
  std::size_t segment = 0;   // whose page it is; kScout: a filtered list's, which only tells of cursors
  std::size_t scout = 0;     // which filtered list
  ListQuery query;           // all statuses, unless it is a scout's
};

// Why a page did not come, after the retries of the API's client.
enum class PageFailure {
  cursor_gone,  // the SIM named by `after` does not exist any more
  bad_page,     // this page cannot be had or read; others may
  no_api,       // nothing can be had: no connection, no right, no time
};

}  // namespace simsync
