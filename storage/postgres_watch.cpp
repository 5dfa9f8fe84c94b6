// Of the PostgreSQL store: what is known about the watching itself, and how much of the history is kept.
#include "storage/alert_statements.h"
#include "storage/pg_text.h"
#include "storage/postgres_alerting.h"
#include "storage/postgres_store.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"
#include "storage/walk_statements.h"
#include "storage/watch_statements.h"

namespace simsync {

std::int64_t PostgresStore::begin_watch(const std::string& project, const Watch& watch) {
  return write([&](pqxx::transaction_base& transaction) {
    const pqxx::result run =
        exec_with(transaction, statements::kBeginWatch,
                  {project, watch.kind == WatchKind::run ? "run" : "sync", to_pg(watch.started_at),
                   std::to_string(watch.walk_interval.count()), std::to_string(watch.poll_interval.count())});
    return run.empty() ? std::int64_t{0} : run[0][0].as<std::int64_t>();
  });
}

void PostgresStore::still_watching(const std::string& project, std::int64_t run_id, TimePoint now) {
  if (run_id == 0) return;
  write([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kLostTogether);
    exec_with(transaction, statements::kStillWatching, {project, std::to_string(run_id), to_pg(now)});
  });
}

void PostgresStore::end_watch(const std::string& project, std::int64_t run_id, TimePoint stopped_at, bool polled) {
  if (run_id == 0) return;
  write([&](pqxx::transaction_base& transaction) {
    exec_with(transaction, statements::kEndWatch,
              {project, std::to_string(run_id), to_pg(stopped_at), polled ? "true" : "false"});
  });
}

void PostgresStore::save_poll_state(const std::string& project, const PollState& state) {
  write([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kLostTogether);
    exec_with(transaction, statements::kSavePollState,
              {project, std::to_string(state.profiles), std::to_string(state.overdue),
               std::to_string(state.longest_overdue.count()), std::to_string(state.needed_per_second),
               std::to_string(state.quiet_interval.count()),
               state.failing_since ? to_pg(*state.failing_since) : std::string{}, state.last_error,
               std::to_string(state.planned_per_second), state.failure});
    if (watch_token(transaction, project, judge_, wall_clock())) raised_ = true;
  });
  tell_judge();
}

std::uint64_t PostgresStore::forget_history(const std::string& project, TimePoint before, std::size_t limit) {
  return write([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kLostTogether);
    // By the index: a table read from its beginning would show every step what the steps before it have deleted.
    transaction.exec(statements::kPlanForBatches);
    std::uint64_t forgotten = 0;
    for (const char* statement : {statements::kForgetHistory, statements::kForgetAlerts}) {
      forgotten +=
          exec_with(transaction, statement, {project, to_pg(before), std::to_string(limit)})[0][0].as<std::uint64_t>();
    }
    return forgotten;
  });
}

std::uint64_t PostgresStore::count_anew(const std::string& project) {
  // Each in a transaction of its own, for walks and polls wait for it.
  std::uint64_t wrong = 0;
  for (const char* statement : {statements::kCorrectProfiles, statements::kCountAnew}) {
    wrong += write(bounds::kWholeTables, [&](pqxx::transaction_base& transaction) {
      exec_with(transaction, statements::kLockProject, {project});
      return exec_with(transaction, statement, {project})[0][0].as<std::uint64_t>();
    });
  }
  return wrong;
}

}  // namespace simsync
