// InventoryStore on PostgreSQL. The comparison with the stored rows happens in the database, inside the transaction
// that writes; statements.h says how.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/alert.h"
#include "storage/inventory_store.h"
#include "storage/lease_store.h"
#include "storage/store_observer.h"

namespace simsync {

// Opens stores that write. `url` is database.url. Nothing connects before the first call of a store. `judge` is asked
// what alerts to write with what is recorded; it outlives the stores and is used by all of them. Null: none. With a
// `lease` the stores write for its project only, and only as long as it is not another's. `observer` hears of what they
// write and of what fails; null: nobody.
std::unique_ptr<StoreFactory> make_postgres_store_factory(const std::string& url, const AlertJudge* judge = nullptr,
                                                          std::optional<Lease> lease = std::nullopt,
                                                          StoreObserver* observer = nullptr);

// Opens stores that compare and write nothing: what would change goes to `tell`, which is called from the threads
// that use the stores, one call at a time.
std::unique_ptr<StoreFactory> make_postgres_dry_run_factory(const std::string& url,
                                                            std::function<void(const Change&)> tell);

}  // namespace simsync
