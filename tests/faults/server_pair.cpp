#include "tests/faults/server_pair.h"

#include <algorithm>
#include <utility>

namespace simsync::test {

std::string Addresses::url(const std::string& database) const {
  std::string hosts;
  for (const int port : ports) hosts += (hosts.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  return "postgresql://postgres@" + hosts + "/" + database +
         (ports.size() > 1 ? "?target_session_attrs=read-write" : "");
}

ServerPair::ServerPair(const Setting& setting)
    : synchronous_(setting.synchronous),
      first_(setting.disk_mebibytes),
      second_(PrivateServer::standby_of(first_, setting.disk_mebibytes)) {
  if (setting.pooled) {
    for (const PrivateServer* server : {&first_, &second_}) {
      poolers_.push_back(std::make_unique<Pooler>(server->port()));
    }
  }
  // The standby as well, for it is the primary one day.
  for (const PrivateServer* server : {&first_, &second_}) {
    if (synchronous_) server->commit_with_standby();
    for (const auto& [name, value] : setting.server_settings) server->alter_system(name, value);
  }
}

Addresses ServerPair::addresses() const {
  if (poolers_.empty()) return {{first_.port(), second_.port()}};
  return {{poolers_[0]->port(), poolers_[1]->port()}};
}

bool ServerPair::meet_servers(const std::string& database) const {
  return std::all_of(poolers_.begin(), poolers_.end(),
                     [&](const auto& pooler) { return eventually([&] { return pooler->meet(database); }); });
}

void ServerPair::fail_over() {
  primary_->crash();
  standby_->promote();
  std::swap(primary_, standby_);
}

}  // namespace simsync::test
