#include "tests/support/private_server.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace simsync::test {
namespace {

int made = 0;  // by this process

}  // namespace

bool may_mount() {
  return unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

PrivateServer::PrivateServer(const std::vector<std::string>& start, unsigned disk_mebibytes)
    : folder_("/tmp/simsyncd_test_pg_" + std::to_string(getpid()) + "_" + std::to_string(made++)),
      mounted_(disk_mebibytes > 0) {
  if (mounted_) {
    std::filesystem::create_directories(folder_);
    const std::string size = "mode=755,size=" + std::to_string(disk_mebibytes) + "m";
    if (mount("simsyncd_test", folder_.c_str(), "tmpfs", 0, size.c_str()) != 0) {
      throw std::runtime_error("cannot mount a disk of " + size);
    }
  }
  const std::string said = script(start);
  url_ = said.substr(0, said.find('\n'));
}

std::string PrivateServer::url_with(const PrivateServer& standby) const {
  const auto host_begin = standby.url_.find('@') + 1;
  const auto path = url_.rfind('/');
  return url_.substr(0, path) + "," + standby.url_.substr(host_begin, standby.url_.rfind('/') - host_begin) +
         url_.substr(path) + "?target_session_attrs=read-write";
}

PrivateServer::~PrivateServer() {
  try {
    script({"stop"});
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
    std::filesystem::remove_all(folder_);
  } catch (const std::exception&) {
    // The folder's name says whose it was.
  }
}

void PrivateServer::stop() {
  script({"stop"});
}

void PrivateServer::start() {
  const std::string said = script({"start"});
  if (said.substr(0, said.find('\n')) != url_) throw std::runtime_error("its port was taken meanwhile: " + said);
}

bool PrivateServer::running() const {
  return ::access((folder_ + "/data/postmaster.pid").c_str(), F_OK) == 0 &&
         Process{{.program = "pg_isready", .arguments = {"-q", "-d", url_}, .out_file = outputs_.file("ready")}}
                 .finish(std::chrono::seconds{20})
                 .status == 0;
}

void PrivateServer::fill_disk() const {
  std::ofstream file{folder_ + "/full", std::ios::binary};
  const std::vector<char> zeros(65536);
  while (file.write(zeros.data(), static_cast<std::streamsize>(zeros.size())).flush()) {
  }
}

void PrivateServer::free_disk() const {
  std::filesystem::remove(folder_ + "/full");
}

int PrivateServer::port_of(const std::string& url) {
  return std::stoi(url.substr(url.rfind(':') + 1));
}

void PrivateServer::follow(const PrivateServer& primary) {
  const int before = port();
  std::filesystem::remove_all(folder_ + "/data");
  const std::string said = script({"standby", primary.url()});
  url_ = said.substr(0, said.find('\n'));
  if (port() != before) throw std::runtime_error("somebody took the port of " + folder_);
}

void PrivateServer::alter_system(const std::string& name, const std::string& value) const {
  const Outcome outcome = Process{{.program = "psql",
                                   .arguments = {"-XqAt", "-c", "ALTER SYSTEM SET " + name + " = '" + value + "'", "-c",
                                                 "SELECT pg_reload_conf()", url_},
                                   .environment = {},
                                   .out_file = outputs_.file("out"),
                                   .err_file = outputs_.file("err")}}
                              .finish(std::chrono::minutes{1});
  if (outcome.status != 0) throw std::runtime_error("psql: " + outcome.err);
}

std::string PrivateServer::script(std::vector<std::string> verb) {
  std::vector<std::string> arguments = {SIMSYNC_SUPPORT_SCRIPTS "/private_postgres.sh", verb.front(), folder_};
  arguments.insert(arguments.end(), verb.begin() + 1, verb.end());
  const Outcome outcome = Process{{.program = "bash",
                                   .arguments = arguments,
                                   .environment = {},
                                   .out_file = outputs_.file("out"),
                                   .err_file = outputs_.file("err")}}
                              .finish(std::chrono::minutes{1});
  if (outcome.status != 0) throw std::runtime_error("private_postgres.sh " + verb.front() + ": " + outcome.err);
  return outcome.out;
}

}  // namespace simsync::test
