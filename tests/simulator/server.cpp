#include "tests/simulator/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/simulator/connection.h"
#include "tests/simulator/tls_files.h"

namespace simsync::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint parse_loopback(const std::string& listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument("listen: ADDRESS:PORT is wanted, not '" + listen + "'");
  std::string host = listen.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  const auto [stop, bad_port] = std::from_chars(listen.data() + colon + 1, end, port);
  error_code bad_address;
  const auto address = asio::ip::make_address(host, bad_address);
  if (bad_address || bad_port != std::errc() || stop != end)
    throw std::invalid_argument("listen: no address and port in '" + listen + "'");
  if (!address.is_loopback()) throw std::invalid_argument("listen: '" + host + "' is not a loopback address");
  return {address, port};
}

void check(const ServerOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw std::invalid_argument("TLS needs both a certificate and a key");
  if (options.threads < 1 || options.threads > 64) throw std::invalid_argument("threads must be 1 … 64");
  if (options.latency_ms < 0) throw std::invalid_argument("latency must not be negative");
  if (!(options.changes_per_second >= 0)) throw std::invalid_argument("changes per second must not be negative");
  if (options.gone_cursor_status != 400 && options.gone_cursor_status != 404)
    throw std::invalid_argument("the gone cursor's status is 400 or 404");
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const ServerOptions& options)
      : options_((check(options), options)),
        endpoint_(parse_loopback(options.listen)),
        service_(options.projects, options.seed, options.mix) {
    Settings& settings = service_.world().settings();
    settings.latency_ms = options.latency_ms;
    settings.changes_per_second = options.changes_per_second;
    settings.patch_merges = options.patch_merges;
    settings.gone_cursor_status = options.gone_cursor_status;
    // Each thread runs a context of its own: a connection never needs a lock for itself.
    for (int i = 0; i < options.threads; ++i) contexts_.push_back(std::make_unique<asio::io_context>(1));
    acceptor_.emplace(*contexts_.front());
    life_.emplace(*contexts_.front());
  }

  ~Impl() { stop(); }

  void start() {
    if (!options_.tls_key.empty()) {
      tls_.emplace(options_.tls_certificate, options_.tls_key);
    }
    acceptor_->open(endpoint_.protocol());
    acceptor_->set_option(tcp::acceptor::reuse_address(true));
    acceptor_->bind(endpoint_);
    acceptor_->listen(4096);
    endpoint_ = acceptor_->local_endpoint();
    accept();
    last_tick_ = std::chrono::steady_clock::now();
    tick();
    for (auto& context : contexts_) {
      asio::io_context* mine = context.get();
      threads_.emplace_back([mine] {
        const auto work = asio::make_work_guard(*mine);
        mine->run();
      });
    }
  }

  void stop() {
    for (auto& context : contexts_) context->stop();
    threads_.clear();  // joins
    // What is open holds its context: it must go first.
    acceptor_.reset();
    life_.reset();
    contexts_.clear();
  }

  const tcp::endpoint& endpoint() const { return endpoint_; }
  bool is_tls() const { return !options_.tls_key.empty(); }
  World& world() { return service_.world(); }

 private:
  void accept() {
    asio::io_context& home = *contexts_[next_context_++ % contexts_.size()];
    acceptor_->async_accept(home, [this, &home](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) {
        // A socket is served on its own context's thread, and only there.
        asio::post(home, [this, taken = std::make_shared<tcp::socket>(std::move(socket))] {
          if (tls_)
            serve_tls(std::move(*taken), *tls_->current(), service_);
          else
            serve_plain(std::move(*taken), service_);
        });
      }
      accept();
    });
  }

  // The world's own life, in small steps: evenly spread at low rates, a few at once at high ones.
  void tick() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_tick_).count();
    last_tick_ = now;
    const Settings& settings = service_.world().settings();
    const double rate = settings.paused ? 0 : settings.changes_per_second.load();
    // After a long stall (a debugger, a busy machine) the world does not catch up all at once.
    due_ = rate > 0 ? due_ + rate * std::min(passed, 1.0) : 0;
    const auto count = static_cast<std::size_t>(due_);
    due_ -= static_cast<double>(count);
    if (count > 0) service_.world().live(count);
    life_->expires_after(std::chrono::milliseconds(rate > 0 ? 5 : 50));
    life_->async_wait([this](error_code error) {
      if (!error) tick();
    });
  }

  const ServerOptions options_;
  tcp::endpoint endpoint_;
  std::optional<TlsFiles> tls_;
  Service service_;
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> life_;
  std::size_t next_context_ = 0;
  double due_ = 0;
  std::chrono::steady_clock::time_point last_tick_;
  std::vector<std::jthread> threads_;
};

Server::Server(const ServerOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Server::~Server() = default;

void Server::start() {
  impl_->start();
}

void Server::stop() {
  impl_->stop();
}

std::uint16_t Server::port() const {
  return impl_->endpoint().port();
}

std::string Server::url() const {
  const auto address = impl_->endpoint().address();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return (impl_->is_tls() ? "https://" : "http://") + host + ":" + std::to_string(port());
}

World& Server::world() {
  return impl_->world();
}

}  // namespace simsync::simulator
