// The program sim-api-simulator: arguments in, one line out when it is ready, gone at SIGTERM.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/simulator/server.h"

namespace {

using simsync::simulator::ProjectOrder;
using simsync::simulator::ServerOptions;

struct Arguments {
  ServerOptions server;
  std::vector<std::string> projects;
  std::string mix;
  std::string port_file;
};

// "ID:TOKEN:COUNT"; the token may hold colons.
ProjectOrder parse_project(const std::string& text) {
  const auto first = text.find(':');
  const auto last = text.rfind(':');
  ProjectOrder order;
  std::size_t parsed = 0;
  try {
    order.sims = std::stoul(text.substr(last + 1), &parsed);
  } catch (const std::exception&) {
    parsed = 0;
  }
  if (first == std::string::npos || first == 0 || last <= first + 1 || parsed == 0 || last + 1 + parsed != text.size())
    throw std::invalid_argument("--project wants ID:TOKEN:COUNT, not '" + text + "'");
  if (order.sims > 50'000'000) throw std::invalid_argument("--project: too many SIMs in '" + text + "'");
  order.id = text.substr(0, first);
  order.token = text.substr(first + 1, last - first - 1);
  return order;
}

void describe(CLI::App& app, Arguments& arguments) {
  ServerOptions& server = arguments.server;
  app.add_option("--listen", server.listen, "loopback address and port; port 0 takes a free one");
  app.add_option("--port-file", arguments.port_file, "file that gets the port's number once listening");
  app.add_option("--project", arguments.projects, "ID:TOKEN:COUNT, repeatable")->required();
  app.add_option("--seed", server.seed, "equal seeds make equal worlds");
  app.add_option("--changes-per-second", server.changes_per_second, "how fast the world changes by itself");
  app.add_option("--mix", arguments.mix, "weights such as status=4,profile=4,metadata=1,create=1,delete=0.1");
  app.add_option("--latency-ms", server.latency_ms, "wait before each answer of the API");
  app.add_option("--tls-cert", server.tls_certificate, "PEM file of the certificate chain");
  app.add_option("--tls-key", server.tls_key, "PEM file of the private key");
  app.add_option("--threads", server.threads, "threads that answer");
  app.add_option("--gone-cursor-status", server.gone_cursor_status,
                 "answer to a cursor that no longer exists: 400 or 404");
  app.add_flag("--patch-merges", server.patch_merges, "PATCH merges metadata instead of replacing it");
}

// Whoever waits for the file must never read half of it.
void write_port_file(const std::string& path, unsigned port) {
  const std::string temporary = path + ".new";
  std::ofstream(temporary) << port << '\n';
  if (std::rename(temporary.c_str(), path.c_str()) != 0) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  // At once, even while a large world is being made; nothing here outlives the process.
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { std::_Exit(0); });
  std::signal(SIGPIPE, SIG_IGN);
  Arguments arguments;
  CLI::App app("Stands for the provider's REST API in tests.", "sim-api-simulator");
  describe(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    for (const auto& project : arguments.projects) arguments.server.projects.push_back(parse_project(project));
    if (!arguments.mix.empty()) arguments.server.mix = simsync::simulator::parse_mix(arguments.mix);
    simsync::simulator::Server server(arguments.server);
    server.start();
    if (!arguments.port_file.empty()) write_port_file(arguments.port_file, server.port());
    std::cout << "listening on " << server.url() << std::endl;
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  } catch (const std::exception& error) {
    std::cerr << "sim-api-simulator: " << error.what() << '\n';
    return 1;
  }
}
