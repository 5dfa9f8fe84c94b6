// All that lives in a campaign: two services, each with its own way to the API and to the database, a primary and its
// standby, the simulator over TLS, somebody who is told, and those who ask for metadata. Belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/daemon_pair.h"
#include "tests/faults/metadata_life.h"
#include "tests/faults/server_pair.h"
#include "tests/support/certificate.h"
#include "tests/support/gate.h"
#include "tests/support/webhook_receiver.h"

namespace simsync::test {

class Stage : public DaemonPair {
 public:
  // `disk_mebibytes` of each server, 0: no disk of its own. A first sync has been done. Throws std::exception.
  Stage(unsigned seed, unsigned disk_mebibytes);

  // Starts again what ended before it could begin, as systemd does; what ended later is a complaint.
  void supervise();
  // False: the database could not be asked; then the connection is made anew for the next time.
  bool with_database(const std::function<void()>& act);
  // Whether anybody may write for the project; not where the database cannot be asked.
  bool held();

  // The API has another token from now on, and the daemons when they are given it.
  void move_token();
  void give_token();
  // The API has another certificate of the authority that the daemons know, or one of nobody.
  void move_certificate(bool of_the_authority);
  void fail_over();
  // The standby has all that is committed, and commits wait for it.
  bool standby_is_ready();

  [[nodiscard]] Differences mirror_differences() const;

  TempDir files_;
  ServerPair servers_;
  std::vector<std::unique_ptr<Gate>> api_gates_;
  std::vector<std::unique_ptr<Gate>> database_gates_;
  Certificate authority_;
  Simulator simulator_;
  TestDatabase database_;
  WebhookReceiver receiver_;
  std::unique_ptr<MetadataLife> metadata_;
  Differences complaints_;  // what should not have happened on the way

 private:
  [[nodiscard]] Settings settings(std::size_t which) const;
  [[nodiscard]] SimulatorOptions simulator_options(unsigned seed);

  std::string token_;
  unsigned tokens_ = 0;
};

}  // namespace simsync::test
