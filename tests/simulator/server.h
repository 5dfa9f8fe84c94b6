// The simulator as a whole, to be run by the program or inside a test: the world, the listening socket, the threads.
// Refuses any address that is not loopback: its admin calls ask for no password.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulator/world.h"

namespace simsync::simulator {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // port 0: any free one
  std::vector<ProjectOrder> projects;
  std::uint64_t seed = 1;
  double changes_per_second = 0;
  ChangeMix mix;
  int latency_ms = 0;
  bool patch_merges = false;
  int gone_cursor_status = 400;
  std::string tls_certificate;  // PEM files, both or none
  std::string tls_key;
  int threads = 1;
};

class Server {
 public:
  // Generates the world. Throws std::invalid_argument for options that make no sense.
  explicit Server(const ServerOptions& options);
  // Stops, if need be.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and returns; requests are answered on own threads. Throws boost::system::system_error when the address
  // or the TLS files cannot be used.
  void start();
  // Drops every connection and joins the threads. Not to be started again.
  void stop();

  std::uint16_t port() const;
  // "http://127.0.0.1:PORT", or https.
  std::string url() const;
  World& world();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simsync::simulator
