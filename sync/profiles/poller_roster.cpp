// Of the Poller: who is polled.
#include <algorithm>

#include "config/log.h"
#include "sync/profiles/poller.h"

namespace simsync {

// With mutex_ held.
bool Poller::is_polled(const Sim& sim) const {
  return sim.type == "eSIM" && std::ranges::count(settings_.profiles.providers, sim.provider) > 0;
}

void Poller::written(const std::vector<SimReading>& readings) {
  std::vector<NewsOfSim> news;
  news.reserve(readings.size());
  for (const SimReading& reading : readings) {
    Sim& sim = news.emplace_back().sim;
    sim.id = reading.sim.id;
    sim.type = reading.sim.type;
    sim.provider = reading.sim.provider;
    sim.status = reading.sim.status;
    sim.created_at = reading.sim.created_at;
  }
  take_news(std::move(news));
}

void Poller::gone(const std::vector<Disappearance>& sims) {
  std::vector<NewsOfSim> news;
  news.reserve(sims.size());
  for (const Disappearance& sim : sims) {
    NewsOfSim& one = news.emplace_back();
    one.sim.id = sim.sim_id;
    one.gone = true;
  }
  take_news(std::move(news));
}

void Poller::unsure() {
  const std::lock_guard lock{mutex_};
  roster_is_old_ = true;
}

void Poller::take_news(std::vector<NewsOfSim> news) {
  {
    const std::lock_guard lock{mutex_};
    if (loading_) {
      // What is being read is older than this.
      std::ranges::move(news, std::back_inserter(news_));
      return;
    }
    for (const NewsOfSim& one : news) apply_news(one);
    report_.watched = schedule_.size();
  }
  changed_.notify_all();
}

// With mutex_ held.
void Poller::apply_news(const NewsOfSim& news) {
  if (!news.gone && is_polled(news.sim)) {
    schedule_.watch(news.sim, PollSchedule::Clock::now(), wall_clock());
  } else {
    schedule_.forget(news.sim.id);
  }
}

bool Poller::roster_is_old(Mode mode) {
  const std::lock_guard lock{mutex_};
  // One pass reads it but once.
  return roster_is_old_ && (mode == Mode::until_stop || schedule_.size() == 0);
}

void Poller::load_roster(Mode mode, const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  std::size_t profiles = 0;
  {
    const std::lock_guard lock{mutex_};
    roster_is_old_ = false;
    loading_ = true;
  }
  retry_(stop, [&] {
    {
      const std::lock_guard lock{mutex_};
      schedule_.begin_roster();
    }
    store_->read_watched(
        project_, settings_.profiles.providers,
        [&](const WatchedSim& sim) {
          const std::lock_guard lock{mutex_};
          schedule_.list(sim);
          pulse_.beat();
          return !stop.stop_requested();
        },
        [&](const WatchedProfile& known) {
          const std::lock_guard lock{mutex_};
          schedule_.know(known, mode == Mode::once);
          pulse_.beat();
          return !stop.stop_requested();
        });
  });
  {
    const std::lock_guard lock{mutex_};
    loading_ = false;
    if (stop.stop_requested()) return;
    schedule_.end_roster(PollSchedule::Clock::now());
    for (const NewsOfSim& one : news_) apply_news(one);
    news_.clear();
    news_.shrink_to_fit();
    profiles = schedule_.size();
    report_.watched = profiles;
  }
  changed_.notify_all();
  roster_read_ = true;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  // Whoever asked for one pass is told by the command itself.
  const auto log_it = mode == Mode::once ? log::debug : log::info;
  log_it("roster of polls is read", {{"project", project_}, {"profiles", profiles}, {"seconds", seconds}});
}

}  // namespace simsync
