// Which daemon works on which project: one at a time, by a lease that expires unless it is prolonged. Times are the
// database server's, so that the clocks of the machines do not matter.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/storage_error.h"
#include "storage/store_observer.h"

namespace simsync {

// What a writer shows with each transaction. Once somebody else has taken the project, its writes are refused
// (StorageFailure::lease_lost), whatever it believes.
struct Lease {
  std::string project;
  std::int64_t epoch = 0;
  std::string holder;
};

struct DaemonIdentity {
  std::string holder;  // unlike that of any process that ever ran
  std::string host;
};

struct LeaseRow {
  std::string project;
  std::int64_t epoch = 0;
  std::string holder;
  std::string host;
  std::chrono::milliseconds expires_in{};  // negative: since when it is free
};

// What a beat found.
struct LeaseView {
  std::vector<LeaseRow> leases;  // of the projects asked for; one that is not here was never taken
  std::size_t daemons = 1;       // that run and could work on any of them, this one included
  std::string server;            // differs between two servers, and between two starts of one
};

// Belongs to one thread. All functions block, are one transaction and throw StorageError.
class LeaseStore {
 public:
  virtual ~LeaseStore() = default;

  // Says that this daemon runs, and prolongs what it holds, until `length` from now.
  virtual LeaseView beat(const DaemonIdentity& self, const std::vector<std::string>& projects,
                         std::chrono::milliseconds length) = 0;

  // Takes a project that is free, or whose lease is that of `dead_holder`. nullopt: somebody else was faster. When it
  // returns no write of an earlier holder is under way, and none will be: one that has taken more than 5 s is ended,
  // for another it waits (`conflict` after 2 s).
  virtual std::optional<Lease> take(const std::string& project, const DaemonIdentity& self,
                                    std::chrono::milliseconds length, const std::string& dead_holder) = 0;

  // Gives it back, so that others need not wait until it expires. Nothing happens where it is lost already.
  virtual void release(const Lease& lease) = 0;

  // Says that this daemon ends.
  virtual void leave(const DaemonIdentity& self) = 0;
};

std::unique_ptr<LeaseStore> open_postgres_lease_store(const std::string& url, SessionObserver* observer = nullptr);

}  // namespace simsync
