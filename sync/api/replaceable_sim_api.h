// A SimApi whose client can be replaced while it is used, and whose calls are watched: other settings hold for the next
// call, and the calls under way end with the client they began with. So neither a walk nor a poll is dropped for a new
// token, and a call that never ends is noticed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "sync/api/sim_api.h"
#include "sync/pulse.h"

namespace simsync {

// Safe from any thread.
class ReplaceableSimApi : public SimApi {
 public:
  // `pulse` beats for the oldest call under way, and rests while there is none.
  explicit ReplaceableSimApi(std::shared_ptr<SimApi> client, Pulse pulse = {})
      : pulse_(std::move(pulse)), client_(std::move(client)) {
    pulse_.rest();
  }

  // The one before lives until the last call to it has ended.
  void replace(std::shared_ptr<SimApi> client) {
    const std::lock_guard lock{mutex_};
    client_.swap(client);
  }

  SimPage list(const ListQuery& query, std::stop_token stop) override {
    return Call {
      *this
      } -> list(query, std::move(stop));
  }
  void read_list(const ListQuery& query, std::stop_token stop, SimPage& page, KnownItems* known) override {
    Call {
      *this
      } -> read_list(query, std::move(stop), page, known);
  }
  SimAnswer get(const std::string& sim_id, std::stop_token stop) override {
    return Call {
      *this
      } -> get(sim_id, std::move(stop));
  }
  ProfileAnswer profile(const std::string& sim_id, std::stop_token stop) override {
    return Call {
      *this
      } -> profile(sim_id, std::move(stop));
  }
  WholeProfileAnswer whole_profile(const std::string& sim_id, std::stop_token stop) override {
    return Call {
      *this
      } -> whole_profile(sim_id, std::move(stop));
  }
  SimCredentials credentials(const std::string& sim_id, std::stop_token stop) override {
    return Call {
      *this
      } -> credentials(sim_id, std::move(stop));
  }
  SimAnswer update_metadata(const std::string& sim_id, const std::string& metadata, std::stop_token stop) override {
    return Call {
      *this
      } -> update_metadata(sim_id, metadata, std::move(stop));
  }
  SimPage search(const std::string& iccid, const std::vector<std::string>& types, std::stop_token stop) override {
    return Call {
      *this
      } -> search(iccid, types, std::move(stop));
  }

 private:
  // One call, from its begin to its end.
  class Call {
   public:
    explicit Call(ReplaceableSimApi& api) : api_(api) {
      const std::lock_guard lock{api_.mutex_};
      client_ = api_.client_;
      number_ = api_.calls_++;
      api_.under_way_.emplace_hint(api_.under_way_.end(), number_, Pulse::Clock::now());
      if (api_.under_way_.size() == 1) api_.watch_the_oldest();
    }
    ~Call() {
      const std::lock_guard lock{api_.mutex_};
      const bool was_oldest = api_.under_way_.begin()->first == number_;
      api_.under_way_.erase(number_);
      if (was_oldest) api_.watch_the_oldest();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    SimApi* operator->() const { return client_.get(); }

   private:
    ReplaceableSimApi& api_;
    std::shared_ptr<SimApi> client_;
    std::uint64_t number_ = 0;
  };

  // With mutex_ held.
  void watch_the_oldest() const {
    if (under_way_.empty()) {
      pulse_.rest();
    } else {
      pulse_.begun(under_way_.begin()->second);
    }
  }

  const Pulse pulse_;

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<SimApi> client_;
  std::uint64_t calls_ = 0;
  std::map<std::uint64_t, Pulse::Clock::time_point> under_way_;  // by their number, and so by their begin
};

}  // namespace simsync
