// Whoever counts what becomes of transactions hears of it here, in storage's own words. Called from the threads that
// use the stores, several at once; must be quick, throw nothing, and outlive the stores. Where none is given nobody
// hears.
#pragma once

#include <string>
#include <vector>

#include "storage/metadata_queue.h"
#include "storage/storage_error.h"
#include "storage/walk_record.h"

namespace simsync {

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // The database did not carry a transaction out, or could not be reached for it.
  virtual void failed(StorageFailure failure) = 0;
};

// A change of status that was recorded: of a SIM, or of its profile. Empty: was not there, is gone.
struct StatusStep {
  bool profile = false;
  std::string from;
  std::string to;
};

// Of the stores of one project.
class StoreObserver : public SessionObserver {
 public:
  // After the commit of a transaction that recorded them; not where that is in doubt. First sights of profiles are not
  // among them.
  virtual void recorded(const std::vector<StatusStep>& steps) = 0;
  // After the commit of a transaction that settled metadata requests; not where that is in doubt.
  virtual void settled(const std::vector<MetadataState>& requests) = 0;
  // After a walk's row was closed by whoever walked.
  virtual void walk_ended(const WalkRecord& walk) = 0;
};

}  // namespace simsync
