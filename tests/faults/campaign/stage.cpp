#include "tests/faults/campaign/stage.h"

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "tests/faults/writers.h"
#include "tests/support/scene.h"

namespace simsync::test {
namespace {

const std::string kNames = "IP:127.0.0.1";

Setting server_setting(unsigned disk_mebibytes) {
  Setting setting{.name = "campaign", .synchronous = true, .disk_mebibytes = disk_mebibytes};
  if (disk_mebibytes > 0) {
    // What the standby still needs must be there when it comes back, and the disk must not fill by itself.
    const std::string part = std::to_string(disk_mebibytes / 8) + "MB";
    setting.server_settings = {{"max_wal_size", part}, {"wal_keep_size", part}};
  }
  return setting;
}

}  // namespace

SimulatorOptions Stage::simulator_options(unsigned seed) {
  authority_ = make_certificate(files_);
  move_certificate(true);
  return {.projects = {{.sims = 500}},
          .seed = seed,
          .tls_certificate = files_.file("server.pem"),
          .tls_key = files_.file("server.pem")};
}

Stage::Stage(unsigned seed, unsigned disk_mebibytes)
    : servers_(server_setting(disk_mebibytes)),
      simulator_(simulator_options(seed)),
      database_(servers_.servers_url()),
      token_(simulator_.options().projects.front().token) {
  const int api = std::stoi(simulator_.base_url().substr(simulator_.base_url().rfind(':') + 1));
  for (std::size_t i = 0; i < 2; ++i) {
    api_gates_.push_back(std::make_unique<Gate>(std::vector<int>{api}));
    database_gates_.push_back(std::make_unique<Gate>(servers_.addresses().ports));
    add(settings(i));
  }
  const Outcome first = daemons_[0]->run({"sync"});
  if (first.status != 0) throw std::runtime_error("the first sync: " + first.err);
  note_writers(database_);
  metadata_ = std::make_unique<MetadataLife>(simulator_, database_, seed);
}

Settings Stage::settings(std::size_t which) const {
  Settings settings = busy(settings_for(simulator_, database_));
  settings.base_url = "https://127.0.0.1:" + std::to_string(api_gates_[which]->ports().front());
  settings.ca_file = authority_.file;
  settings.timeout = "2s";
  settings.projects.front().token = token_;
  settings.database_url = Addresses{database_gates_[which]->ports()}.url(database_.name());
  settings.more =
      "alerts:\n  group_wait: 0s\n  repeat_after: 1s\n  channels:\n    ops: {type: webhook, url: " + receiver_.url() +
      "}\n  rules:\n    - {name: moved, on: profile, channels: [ops]}\n";
  return settings;
}

void Stage::supervise() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i] || processes_[i]->running()) continue;
    if (has_begun(i)) complaints_.push_back(name(i) + " ended by itself: " + said());
    start(i);
  }
}

bool Stage::with_database(const std::function<void()>& act) {
  try {
    act();
    return true;
  } catch (const std::exception&) {
    try {
      database_.reconnect();
    } catch (const std::exception&) {
      // It is away; act() will say so again.
    }
    return false;
  }
}

bool Stage::held() {
  bool anybody = false;
  with_database([&] {
    anybody = database_.number("SELECT count(*) FROM simsync.lease WHERE expires_at > clock_timestamp()") > 0;
  });
  return anybody;
}

void Stage::move_token() {
  token_ = "tok-moved-" + std::to_string(++tokens_);
  simulator_.post("projects/" + simulator_.first_project() + "/token", {{"token", token_}});
}

void Stage::give_token() {
  for (std::size_t i = 0; i < 2; ++i) {
    daemons_[i]->configure(settings(i));
    if (has_begun(i)) processes_[i]->signal(SIGHUP);
  }
}

void Stage::move_certificate(bool of_the_authority) {
  const TempDir place;
  const Certificate made =
      of_the_authority ? make_certificate_of(authority_, place, kNames) : make_certificate(place, kNames);
  write_file(files_.file("new.pem"), read_file(made.file) + read_file(made.key));
  std::filesystem::rename(files_.file("new.pem"), files_.file("server.pem"));
  for (const auto& gate : api_gates_) gate->sever();  // what is open keeps the certificate it began with
}

void Stage::fail_over() {
  servers_.fail_over();
  for (const auto& gate : database_gates_) gate->shut(servers_.place_of_standby());
  servers_.make_standby();
  for (const auto& gate : database_gates_) gate->open(servers_.place_of_standby());
}

bool Stage::standby_is_ready() {
  long ready = 0;
  with_database([&] {
    ready =
        database_.number("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'");
  });
  return ready > 0;
}

Differences Stage::mirror_differences() const {
  return test::mirror_differences(World{simulator_, simulator_.first_project()}, database_);
}

}  // namespace simsync::test
