// What can go wrong with the database, in the words a caller decides by.
#pragma once

#include <stdexcept>
#include <string>

namespace simsync {

enum class StorageFailure {
  unreachable,  // no connection, or it broke; also a server that is starting or stopping
  denied,       // authentication or privileges
  schema,       // not migrated, or newer than this program
  data,         // a value the database cannot hold
  conflict,     // a deadlock or lock time-out
  too_slow,     // a statement took longer than it may, or somebody cancelled it
  in_doubt,     // the connection broke during COMMIT: it may have happened
  lease_lost,   // another daemon has taken over the project; nothing was written, and nothing will be
  other,
};

// Thrown by everything in storage/. what() is one line that says what to do; it holds no password.
class StorageError : public std::runtime_error {
 public:
  StorageError(StorageFailure failure, const std::string& message) : std::runtime_error(message), failure_(failure) {}

  [[nodiscard]] StorageFailure failure() const { return failure_; }
  // Whether the same call may succeed later without anyone changing anything. Every write of InventoryStore
  // compares with what is stored, so repeating one that did happen writes nothing.
  [[nodiscard]] bool retryable() const {
    return failure_ == StorageFailure::unreachable || failure_ == StorageFailure::conflict ||
           failure_ == StorageFailure::too_slow || failure_ == StorageFailure::in_doubt;
  }

 private:
  StorageFailure failure_;
};

}  // namespace simsync
