// What a transaction that writes for a project has to show. Private to storage/.
#pragma once

#include <optional>
#include <pqxx/pqxx>

#include "storage/lease_store.h"

namespace simsync {

// First in the transaction. Throws StorageError (lease_lost) when the lease is another's; without one nothing is asked
// for. Until the end of the transaction nobody takes it over.
void require_lease(pqxx::transaction_base& transaction, const std::optional<Lease>& lease);

}  // namespace simsync
