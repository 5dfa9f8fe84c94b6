// How a call to the storage fails.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "storage/storage_error.h"

namespace simsync {

// The test fails where nothing is thrown.
inline StorageFailure failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const StorageError& error) {
    return error.failure();
  }
  ADD_FAILURE() << "nothing was thrown";
  return StorageFailure::other;
}

}  // namespace simsync
