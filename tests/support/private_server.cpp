#include "tests/support/private_server.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace simsync::test {
namespace {

constexpr char kBinaries[] = "/usr/lib/postgresql";

int made = 0;  // by this process

// The newest that is installed, as the script takes it.
std::string pg_ctl() {
  int newest = 0;
  for (const auto& version : std::filesystem::directory_iterator{kBinaries}) {
    if (std::filesystem::exists(version.path() / "bin/pg_ctl")) {
      newest = std::max(newest, std::atoi(version.path().filename().c_str()));
    }
  }
  return std::string{kBinaries} + "/" + std::to_string(newest) + "/bin/pg_ctl";
}

}  // namespace

PrivateServer::PrivateServer() : PrivateServer(std::vector<std::string>{"start"}) {}

PrivateServer::PrivateServer(const std::vector<std::string>& start)
    : folder_("/tmp/simsyncd_test_pg_" + std::to_string(getpid()) + "_" + std::to_string(made++)) {
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
    std::filesystem::remove_all(folder_);
  } catch (const std::exception&) {
    // The folder's name says whose it was.
  }
}

void PrivateServer::stop() {
  control("stop");
}

void PrivateServer::start() {
  control("start");
}

void PrivateServer::fall_behind() const {
  const Outcome outcome = Process{
      {.program = "psql",
       .arguments = {"-XqAt", "-c", "ALTER SYSTEM SET primary_conninfo = ''", "-c", "SELECT pg_reload_conf()", url_},
       .environment = {},
       .out_file = outputs_.file("out"),
       .err_file = outputs_.file(
           "err")}}.finish(std::chrono::minutes{1});
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

// Not by the script, which takes another port at each start.
void PrivateServer::control(const std::string& verb) {
  std::vector<std::string> arguments = {"-D", folder_ + "/data", "-w", "-s", "-t", "60", verb};
  if (verb == "start") {
    arguments.insert(arguments.end(), {"-l", folder_ + "/postgres.log"});
  } else {
    arguments.insert(arguments.end(), {"-m", "fast"});
  }
  Process::Start start{.program = pg_ctl(),
                       .arguments = arguments,
                       .environment = {},
                       .out_file = outputs_.file("out"),
                       .err_file = outputs_.file("err")};
  if (geteuid() == 0) {
    start.arguments = {"--reuid=postgres", "--regid=postgres", "--clear-groups", start.program};
    start.arguments.insert(start.arguments.end(), arguments.begin(), arguments.end());
    start.program = "setpriv";
  }
  const Outcome outcome = Process{start}.finish(std::chrono::minutes{2});
  if (outcome.status != 0) throw std::runtime_error("pg_ctl " + verb + ": " + outcome.out + outcome.err);
}

}  // namespace simsync::test
