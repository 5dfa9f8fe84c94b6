// Walks in the PostgreSQL store: their rows, where they are, how they end, and what an operator approved.
#include "storage/postgres_walks.h"

#include "storage/pg_binary.h"
#include "storage/pg_text.h"
#include "storage/postgres_alerting.h"
#include "storage/postgres_store.h"
#include "storage/pqxx_compat.h"
#include "storage/statements.h"
#include "storage/walk_statements.h"
#include "storage/watch_statements.h"

namespace simsync {
namespace {

constexpr std::size_t kMissingAtOnce = 2000;  // SIMs a transaction: a fraction of a second, of the 30 it may take

std::string to_hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

std::string from_hex(const std::string& hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

}  // namespace

void begin_batch(pqxx::transaction_base& transaction, const std::string& project) {
  transaction.exec(statements::kPlanForBatches);
  exec_with(transaction, statements::kLockProject, {project});
}

std::string text_array(const std::vector<std::string>& values) {
  TextArray array;
  for (const std::string& value : values) array.append(value);
  return array.take();
}

void write_progress(pqxx::transaction_base& transaction, const std::string& project, const WalkProgress& progress) {
  TextArray cuts, cuts_created, cursors, reached, ended_at;
  for (const SegmentProgress& segment : progress.segments) {
    cuts.append(segment.cut);
    cuts_created.append(to_pg(segment.cut_created));
    cursors.append(segment.after);
    reached.append(to_pg(segment.reached));
    ended_at.append(std::to_string(segment.ended_at));
  }
  const WalkRecord& record = progress.record;
  exec_with(transaction, statements::kSaveProgress,
            {project, std::to_string(record.id), std::to_string(record.pages), std::to_string(record.sims),
             std::to_string(record.created), std::to_string(record.changed), std::to_string(record.requests),
             std::to_string(record.retries), std::to_string(record.skipped), record.error,
             std::to_string(static_cast<std::int64_t>(progress.seed)), cuts.take(), cuts_created.take(), cursors.take(),
             reached.take(), ended_at.take(), to_hex(progress.unseen), progress.owner});
}

WalkRecord walk_record(const pqxx::row& row) {
  WalkRecord record;
  record.id = row[0].as<std::int64_t>();
  record.started_at = from_epoch(row[1].as<std::int64_t>());
  record.finished_at = from_epoch(row[2].as<std::int64_t>());
  const std::string outcome = row[3].as<std::string>();
  record.outcome = outcome == "complete"     ? WalkOutcome::complete
                   : outcome == "incomplete" ? WalkOutcome::incomplete
                                             : WalkOutcome::failed;
  std::uint64_t* const counters[] = {&record.pages,   &record.sims,        &record.created,
                                     &record.changed, &record.disappeared, &record.requests,
                                     &record.retries, &record.skipped,     &record.held_back};
  int column = 4;
  for (std::uint64_t* counter : counters) *counter = row[column++].as<std::uint64_t>();
  record.error = row[column].as<std::string>();
  return record;
}

std::int64_t PostgresStore::begin_walk(const std::string& project, WalkKind kind, TimePoint started_at) {
  return write([&](pqxx::transaction_base& transaction) {
    exec_with(transaction, statements::kCloseAbandonedWalks, {project, to_text(kind)});
    const auto id = exec_with(transaction, statements::kBeginWalk, {project, to_text(kind), to_pg(started_at)})[0][0]
                        .as<std::int64_t>();
    if (kind == WalkKind::full) exec_with(transaction, statements::kForgetProgress, {project, std::to_string(id)});
    return id;
  });
}

std::optional<WalkProgress> PostgresStore::open_walk(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) -> std::optional<WalkProgress> {
    const pqxx::result found = exec_with(transaction, statements::kOpenWalk, {project});
    if (found.empty()) return std::nullopt;
    const auto& row = found[0];
    WalkProgress progress;
    WalkRecord& record = progress.record;
    record.id = row[0].as<std::int64_t>();
    record.started_at = from_epoch(row[1].as<std::int64_t>());
    std::uint64_t* const counters[] = {&record.pages,       &record.sims,     &record.created, &record.changed,
                                       &record.disappeared, &record.requests, &record.retries, &record.skipped};
    int column = 2;
    for (std::uint64_t* counter : counters) *counter = row[column++].as<std::uint64_t>();
    record.error = row[10].as<std::string>();
    progress.seed = static_cast<std::uint64_t>(row[11].as<std::int64_t>());
    progress.unseen = from_hex(row[12].as<std::string>());
    progress.owner = row[13].as<std::string>();
    progress.idle = std::chrono::seconds{row[14].as<std::int64_t>()};
    for (const auto& part : exec_with(transaction, statements::kOpenSegments, {project, std::to_string(record.id)})) {
      progress.segments.push_back({part[0].template as<std::string>(), from_epoch(part[1].template as<std::int64_t>()),
                                   part[2].template as<std::string>(), from_epoch(part[3].template as<std::int64_t>()),
                                   part[4].template as<std::int32_t>()});
    }
    return progress;
  });
}

std::int64_t PostgresStore::latest_walk(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kLatestWalk, {project})[0][0].as<std::int64_t>();
  });
}

void PostgresStore::save_progress(const std::string& project, const WalkProgress& progress) {
  write([&](pqxx::transaction_base& transaction) {
    transaction.exec(statements::kLostTogether);
    write_progress(transaction, project, progress);
  });
}

void PostgresStore::mark_missing(pqxx::transaction_base& transaction, const std::string& project, WalkRecord& record,
                                 std::span<const Disappearance> gone) {
  if (gone.empty()) return;
  BinaryArray ids{ElementType::text}, asked{ElementType::timestamptz}, observed{ElementType::timestamptz};
  for (const Disappearance& sim : gone) {
    ids.append(sim.sim_id);
    asked.append(sim.asked_at);
    observed.append(sim.observed_at);
  }
  begin_batch(transaction, project);
  const bool judged = judge_ != nullptr && judge_->wants_sims();
  const bool told = judged || observer_ != nullptr;
  const pqxx::result rows =
      exec_binary(transaction, told ? statements::kMarkJudgedMissing : statements::kMarkMissing,
                  {project, ids.take(), asked.take(), observed.take(), binary_time(wall_clock())});
  if (told) note_recorded(transaction, project, judged, recorded_disappearances(rows));
  const pqxx::result counted = exec_with(transaction, statements::kCountDisappeared,
                                         {project, std::to_string(record.id), rows[0][0].as<std::string>()});
  if (!counted.empty()) record.disappeared = counted[0][0].as<std::uint64_t>();
}

void PostgresStore::close_walk(pqxx::transaction_base& transaction, const std::string& project, WalkRecord& record) {
  const pqxx::result closed =
      exec_with(transaction, statements::kFinishWalk,
                {project, std::to_string(record.id), to_pg(record.finished_at), to_text(record.outcome),
                 std::to_string(record.pages), std::to_string(record.sims), std::to_string(record.created),
                 std::to_string(record.changed), std::to_string(record.requests), std::to_string(record.retries),
                 std::to_string(record.skipped), std::to_string(record.held_back), record.error,
                 record.token_refused ? "true" : "false"});
  if (!closed.empty()) record.disappeared = closed[0][0].as<std::uint64_t>();
}

void PostgresStore::finish_walk(const std::string& project, WalkRecord& record,
                                const std::vector<Disappearance>& gone) {
  std::span<const Disappearance> left{gone};
  for (; left.size() > kMissingAtOnce; left = left.subspan(kMissingAtOnce)) {
    write([&](pqxx::transaction_base& transaction) {
      mark_missing(transaction, project, record, left.first(kMissingAtOnce));
    });
    tell_judge();
  }
  write([&](pqxx::transaction_base& transaction) {
    mark_missing(transaction, project, record, left);
    close_walk(transaction, project, record);
    if (watch_token(transaction, project, judge_, wall_clock())) raised_ = true;
    if (record.kind != WalkKind::full) return;
    exec_with(transaction, statements::kBeginHistory, {project, std::to_string(record.id)});
    exec_with(transaction, statements::kCloseWalkGap, {project, std::to_string(record.id)});
    exec_with(transaction, statements::kForgetProgress, {project, std::to_string(record.id)});
    raise_held_back(transaction, project, record.id, judge_);
    if (record.held_back > 0) raised_ = true;
  });
  if (observer_ != nullptr) observer_->walk_ended(record);
  tell_judge();
}

bool PostgresStore::ever_complete(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) {
    return exec_with(transaction, statements::kEverComplete, {project})[0][0].as<bool>();
  });
}

std::optional<Approval> PostgresStore::approval(const std::string& project) {
  return session_.read([&](pqxx::transaction_base& transaction) -> std::optional<Approval> {
    const pqxx::result found = exec_with(transaction, statements::kApproval, {project});
    if (found.empty()) return std::nullopt;
    return Approval{found[0][0].as<std::int64_t>(), found[0][1].as<std::uint64_t>()};
  });
}

ApproveOutcome PostgresStore::approve(std::int64_t walk_id) {
  return session_.transact([&](pqxx::transaction_base& transaction) {
    const pqxx::result found = exec_with(transaction, statements::kHeldBackWalk, {std::to_string(walk_id)});
    if (found.empty()) return ApproveOutcome::no_such_walk;
    if (found[0][0].as<std::uint64_t>() == 0) return ApproveOutcome::nothing_held_back;
    if (found[0][1].as<bool>()) return ApproveOutcome::outdated;
    exec_with(transaction, statements::kApprove, {std::to_string(walk_id)});
    return ApproveOutcome::approved;
  });
}

}  // namespace simsync
