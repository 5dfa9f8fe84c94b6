#include "storage/change.h"

#include "storage/walk_record.h"

namespace simsync {

ApplyResult& ApplyResult::operator+=(const ApplyResult& other) {
  created += other.created;
  changed += other.changed;
  recorded += other.recorded;
  late += other.late;
  rejected.insert(rejected.end(), other.rejected.begin(), other.rejected.end());
  return *this;
}

const char* to_text(WalkKind kind) {
  return kind == WalkKind::full ? "full" : "new";
}

const char* to_text(WalkOutcome outcome) {
  switch (outcome) {
    case WalkOutcome::complete:
      return "complete";
    case WalkOutcome::incomplete:
      return "incomplete";
    case WalkOutcome::failed:
      break;
  }
  return "failed";
}

}  // namespace simsync
