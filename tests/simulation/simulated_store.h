// One process's way to the Tables: slow, broken before, in the middle of or after a commit, refused, cut off.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>

#include "storage/inventory_store.h"
#include "storage/lease_store.h"
#include "tests/simulation/simulated_api.h"
#include "tests/simulation/tables.h"

namespace simsync::simulation {

// Of a thousand transactions, so many.
struct StoreFaults {
  unsigned broken = 0;    // the connection broke before the commit: nothing happened
  unsigned in_doubt = 0;  // it broke during the commit, which happened, or did not
  unsigned conflict = 0;  // a lock of somebody else
  bool away = false;      // no connection at all
  std::chrono::milliseconds slowest{20};
};

// One process and its database.
struct StoreAccess {
  Tables& tables;
  const StoreFaults& faults;
  const Line& line;
};

// A transaction is one moment between its beginning and the answer to its commit.
class Connection {
 public:
  explicit Connection(const StoreAccess& access) : access_(access) {}

  // Carries `action` out, with the Tables, and returns what it returns. Throws StorageError as the faults have it.
  template <typename Action>
  auto transact(const Action& action) {
    begin();
    const bool in_doubt = comes_to_doubt();
    if constexpr (std::is_void_v<decltype(action(access_.tables))>) {
      action(access_.tables);
      end(in_doubt);
    } else {
      auto result = action(access_.tables);
      end(in_doubt);
      return result;
    }
  }

 private:
  void travel() const;
  void begin() const;
  // Whether the answer to the commit will be lost; throws where the commit is lost as well.
  [[nodiscard]] bool comes_to_doubt() const;
  void end(bool in_doubt) const;

  StoreAccess access_;
};

// `lease`: none for a pass. `judge` outlives it, or is null.
std::unique_ptr<StoreFactory> make_simulated_stores(const StoreAccess& access, std::optional<Lease> lease,
                                                    const AlertJudge* judge);
std::unique_ptr<LeaseStore> make_simulated_lease_store(const StoreAccess& access);

}  // namespace simsync::simulation
