// Two services on one database, in a world that moves: started, ended, frozen and cut off by the test. Who wrote under
// which lease is noted by triggers, and at the end the mirror and its history are held against the truth.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/daemon_pair.h"
#include "tests/faults/server_pair.h"
#include "tests/support/compare.h"
#include "tests/support/gate.h"
#include "tests/support/scene.h"

namespace simsync::test {

class TwoDaemons : public testing::Test, public DaemonPair {
 protected:
  using Milliseconds = std::chrono::milliseconds;

  TwoDaemons() : TwoDaemons({{.sims = 500}}) {}
  explicit TwoDaemons(std::vector<SimulatedProject> projects);
  // `server` is where the test itself looks, `daemons` where the daemons are to go, each through a gate of its own.
  TwoDaemons(std::vector<SimulatedProject> projects, const std::string& server, const Addresses& daemons);

  // ---- what becomes of them

  // A clean end must be one where nothing was in its way.
  void end(std::size_t which, int signal, bool anything_in_its_way = false);
  // Starts again what ended because it could not begin, as systemd does; a failure where something ended later.
  void supervise();

  // ---- what the database says

  [[nodiscard]] long epoch() const { return database_.number("SELECT coalesce(max(epoch), 0) FROM simsync.lease"); }
  [[nodiscard]] bool holds(std::size_t which) const { return DaemonPair::holds(which, database_); }
  [[nodiscard]] long written_by(const std::string& who) const;
  // It goes on writing.
  [[nodiscard]] bool works(const std::string& who) const;
  // By the daemons alone; the world must stand still.
  [[nodiscard]] Differences differences() const;

  void expect_one_writer_at_a_time() const;
  // Ends all faults and both daemons, and compares everything.
  void expect_all_well();

  Simulator simulator_;
  std::unique_ptr<TestDatabase> own_;
  TestDatabase& database_ = *own_;
  std::vector<std::unique_ptr<Gate>> gates_;  // none: the daemons go straight to the server

 private:
  void make_daemons(const Addresses& through);
};

}  // namespace simsync::test
