// The outbox of alerts in a simulated life: the store that the dispatcher asks, and a receiver that fails.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/alerts/channel.h"
#include "storage/alert_store.h"
#include "tests/simulation/simulated_store.h"

namespace simsync::simulation {

// Whoever gets the messages: what it was told under which id.
struct Receiver {
  unsigned fails = 0;  // of a thousand attempts
  unsigned loses = 0;  // of a thousand: it takes the message, and its answer is lost
  std::map<std::string, std::vector<std::string>> told;
};

std::unique_ptr<AlertStore> make_simulated_alert_store(const StoreAccess& access);
std::unique_ptr<AlertChannel> make_simulated_channel(Receiver& receiver, const Line& line);

// What the receiver is told of a message: its alerts.
std::string text_of(const AlertMessage& message);

}  // namespace simsync::simulation
