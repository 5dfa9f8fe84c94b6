#include "tests/support/pooler.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace simsync::test {

Pooler::Pooler(int server_port) : port_(free_port()) {
  // A server that was away is tried again at once, and nobody waits long for it.
  write_file(folder_.file("ini"), "[databases]\n* = host=127.0.0.1 user=postgres port=" + std::to_string(server_port) +
                                      "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port_) +
                                      "\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
                                      "default_pool_size = 8\nmax_client_conn = 200\nserver_login_retry = 1\n"
                                      "query_wait_timeout = 5\n");
  Process::Start start{.program = "pgbouncer",
                       .arguments = {folder_.file("ini")},
                       .environment = {},
                       .out_file = folder_.file("out"),
                       .err_file = folder_.file("err")};
  if (geteuid() == 0) {  // it refuses root
    std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
    start.arguments = {"--reuid=postgres", "--regid=postgres", "--clear-groups", "pgbouncer", folder_.file("ini")};
    start.program = "setpriv";
  }
  process_ = std::make_unique<Process>(start);
  if (!eventually([&] { return process_->err().find("process up") != std::string::npos || !process_->running(); }) ||
      !process_->running()) {
    throw std::runtime_error("pgbouncer does not start: " + process_->err());
  }
}

bool Pooler::meet(const std::string& database) const {
  const std::string url = "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
  return Process{{.program = "psql",
                  .arguments = {"-XqAt", "-c", "SELECT", url},
                  .environment = {},
                  .out_file = folder_.file("psql_out"),
                  .err_file = folder_.file("psql_err")}}
             .finish(std::chrono::minutes{1})
             .status == 0;
}

}  // namespace simsync::test
