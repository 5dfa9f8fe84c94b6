#include "tests/support/simulator.h"

#include <httplib.h>

#include <csignal>
#include <sstream>
#include <stdexcept>

namespace simsync::test {
namespace {

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

}  // namespace

Simulator::Simulator(SimulatorOptions options) : options_(std::move(options)), port_(options_.port) {
  start();
}

Simulator::~Simulator() = default;

std::string Simulator::base_url() const {
  return (options_.tls_certificate.empty() ? "http" : "https") + std::string{"://127.0.0.1:"} + std::to_string(port_);
}

void Simulator::kill() {
  process_->signal(SIGKILL);
  process_->finish(std::chrono::seconds{30});
  process_.reset();
}

void Simulator::start() {
  const std::string port_file = directory_.file("port");
  ::unlink(port_file.c_str());
  Process::Start start{.program = SIMSYNC_SIMULATOR,
                       .arguments = {},
                       .environment = {},
                       .out_file = directory_.file("out"),
                       .err_file = directory_.file("err")};
  start.arguments = {"--listen", "127.0.0.1:" + std::to_string(port_), "--port-file", port_file,
                     "--seed",   std::to_string(options_.seed)};
  for (const SimulatedProject& project : options_.projects) {
    start.arguments.emplace_back("--project");
    start.arguments.push_back(project.id + ":" + project.token + ":" + std::to_string(project.sims));
  }
  if (!options_.tls_certificate.empty()) {
    start.arguments.insert(start.arguments.end(),
                           {"--tls-cert", options_.tls_certificate, "--tls-key", options_.tls_key});
  }
  process_ = std::make_unique<Process>(start);
  const bool listening = eventually([&] { return !read_file(port_file).empty() || !process_->running(); });
  if (!listening || !process_->running()) throw std::runtime_error("the simulator did not start: " + process_->err());
  port_ = static_cast<unsigned>(std::stoul(read_file(port_file)));
}

std::string Simulator::call(const std::string& method, const std::string& path, const std::string& body) const {
  httplib::Client client{base_url()};
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
  client.enable_server_certificate_verification(false);
#endif
  client.set_read_timeout(std::chrono::seconds{60});
  httplib::Request request;
  request.method = method;
  request.path = "/_admin/" + path;
  request.body = body;
  const httplib::Result result = client.send(request);
  const std::string what = method + " " + request.path + " " + body;
  if (!result) throw std::runtime_error(what + ": " + httplib::to_string(result.error()));
  if (result->status != 200) throw std::runtime_error(what + ": " + result->body);
  return result->body;
}

std::string Simulator::project_path(const std::string& project, const std::string& call) const {
  return "projects/" + (project.empty() ? first_project() : project) + "/" + call;
}

Simulator::Json Simulator::get(const std::string& path) const {
  return Json::parse(call("GET", path, ""));
}

Simulator::Json Simulator::post(const std::string& path, const Json& body) const {
  return Json::parse(call("POST", path, body.dump()));
}

std::vector<Simulator::Json> Simulator::get_lines(const std::string& path) const {
  return lines_of(call("GET", path, ""));
}

std::vector<Simulator::Json> Simulator::post_lines(const std::string& path, const Json& body) const {
  return lines_of(call("POST", path, body.dump()));
}

std::vector<Simulator::Json> Simulator::truth(const std::string& project) const {
  return get_lines(project_path(project, "truth"));
}

std::vector<Simulator::Json> Simulator::log(const std::string& project) const {
  return get_lines(project_path(project, "log"));
}

void Simulator::set(const std::string& sim, Json fields, const std::string& project) const {
  fields["sim"] = sim;
  post_lines(project_path(project, "set"), fields);
}

std::vector<std::string> Simulator::create(const Json& order, const std::string& project) const {
  return post(project_path(project, "create"), order).at("ids");
}

std::vector<std::string> Simulator::destroy(const Json& order, const std::string& project) const {
  return post(project_path(project, "delete"), order).at("ids");
}

void Simulator::change(unsigned count, const std::string& mix, const std::string& project) const {
  const auto made = post_lines(project_path(project, "change"), {{"count", count}, {"mix", mix}});
  if (made.empty()) throw std::runtime_error("the simulator changed nothing");
}

void Simulator::live(double changes_per_second, const std::string& mix) const {
  post("settings", {{"changes_per_second", changes_per_second}, {"mix", mix}});
}

void Simulator::clear_faults() const {
  call("DELETE", "faults", "");
}

std::vector<std::uint64_t> Simulator::fired() const {
  std::vector<std::uint64_t> counts;
  const Json answer = get("faults");
  for (const Json& fault : answer.at("faults")) counts.push_back(fault.at("fired"));
  return counts;
}

std::uint64_t Simulator::requests(const std::string& endpoint) const {
  return get("stats").at("endpoints").at(endpoint).at("requests");
}

std::vector<AskedSim> Simulator::asked(const std::string& endpoint) const {
  static const std::string before = "/sims/";
  std::vector<AskedSim> all;
  for (const Json& request : get_lines("requests")) {
    if (request.at("endpoint") != endpoint) continue;
    const std::string target = request.at("target");
    const std::size_t start = target.find(before) + before.size();
    const Json& status = request.at("status");
    all.push_back({target.substr(start, target.find('/', start) - start), request.at("at"),
                   status.is_null() ? 0 : status.get<int>()});
  }
  return all;
}

}  // namespace simsync::test
