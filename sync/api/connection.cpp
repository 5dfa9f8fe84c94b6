#include "sync/api/connection.h"

#include <httplib.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "sync/api/head_limit.h"
#include "sync/api/name_lookup.h"

// What is relied on in httplib (read in 0.11.4 and 0.18.7):
// - A client is used by one thread at a time; no lock of ours is held meanwhile. Its settings are changed between
//   requests only, by that thread.
// - Other threads never call the client. They shut a duplicate of its socket (socket_tap.h), which makes its next read,
//   write or connect fail; the library then closes the socket itself. Its own stop() would block while a connection
//   is being made.
// - Whatever fails closes the connection. After an answer it stays open; bytes that come in between are seen by
//   SocketTap::has_input, so they are never read as the next answer.
// - set_bearer_token_auth is not used: the library would also send the token to a proxy with CONNECT. Headers given to
//   a request go to the API only.
// - It writes without MSG_NOSIGNAL: the factory has SIGPIPE ignored (http_sim_api.cpp).

namespace simsync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kConnectLimit = std::chrono::seconds{4};
constexpr milliseconds kAboveLimit = std::chrono::seconds{2};
// Headers and TLS come on top of a body.
constexpr std::size_t kBytesBesideBody = 1U << 20U;
// A body's buffer that grew beyond this is given back.
constexpr std::size_t kKeptBody = 4U << 20U;
// A server that closes idle connections is likely to do it after seconds. A request that cannot be repeated does not
// take that risk.
constexpr milliseconds kFreshEnough{1000};

bool is_tls_error(httplib::Error error) {
  return httplib::to_string(error).find("SSL") != std::string::npos;  // newer versions have more of them
}

bool is_connect_error(httplib::Error error) {
  return error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout ||
         error == httplib::Error::BindIPAddress || httplib::to_string(error).find("roxy") != std::string::npos;
}

// The host name is checked by OpenSSL as part of the chain, so that a mismatch is told apart from other faults and
// partial wildcards are refused; the library's own check comes on top.
void verify_host_name(httplib::SSLClient& client, const std::string& host) {
  SSL_CTX* const context = client.ssl_context();
  if (context == nullptr) return;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  X509_VERIFY_PARAM* const rules = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1) return;
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
}

void take(const httplib::Response& answer, HttpOutcome& outcome) {
  outcome.delivery = Transmission::answered;
  outcome.status = answer.status;
  outcome.content_type = answer.get_header_value("Content-Type");
  outcome.retry_after = answer.get_header_value("Retry-After");
}

}  // namespace

struct Connection::Client {
  HeadLimit head_limit;  // outlives the library's client
  std::unique_ptr<httplib::ClientImpl> http;
  httplib::SSLClient* tls = nullptr;  // the same object where it speaks TLS
  httplib::Headers headers;
  httplib::Headers headers_with_body;
};

Connection::Connection(const ConnectionSettings& settings) : settings_(settings), client_(std::make_unique<Client>()) {
  const ApiAddress& address = settings.address;
  if (address.tls) {
    auto client = std::make_unique<httplib::SSLClient>(address.host, address.port);
    verify_host_name(*client, address.host);
    if (client->ssl_context() != nullptr) client_->head_limit.watch(client->ssl_context());
    client->enable_server_certificate_verification(true);
    if (!settings.ca_file.empty()) client->set_ca_cert_path(settings.ca_file);
    client_->tls = client.get();
    client_->http = std::move(client);
  } else {
    client_->http = std::make_unique<httplib::ClientImpl>(address.host, address.port);
  }
  httplib::ClientImpl& http = *client_->http;
  http.set_keep_alive(true);
  http.set_follow_location(false);
  http.set_tcp_nodelay(true);
  http.set_url_encode(false);  // paths come encoded
  http.set_connection_timeout(std::min(kConnectLimit, settings.timeout));
  // Above the whole request's limit, which check() keeps: so a request that is too slow always ends the same way.
  http.set_read_timeout(settings.timeout + kAboveLimit);
  http.set_write_timeout(settings.timeout + kAboveLimit);
  http.set_socket_options([this](socket_t socket) { tap(socket); });
  client_->headers.emplace("Host", address.host_and_port());
  for (const auto& [name, value] : settings.headers) client_->headers.emplace(name, value);
  if (settings.proxy && !settings.proxy->user.empty()) {
    http.set_proxy_basic_auth(settings.proxy->user, settings.proxy->password);
    // Through a tunnel the library would show the proxy's password to the API as well; a header that is there stops it.
    if (address.tls) client_->headers.emplace("Proxy-Authorization", "");
  }
  client_->headers_with_body = client_->headers;
  client_->headers_with_body.emplace("Content-Type", "application/json");
}

Connection::~Connection() = default;

HttpOutcome Connection::send(const HttpRequest& request, const std::stop_token& stop, bool fresh) {
  HttpOutcome outcome;
  begin(request.body_limit);
  {
    // Runs at once where stop was requested before; its end waits for a callback that is under way.
    const std::stop_callback on_stop(stop, [this] { end(Ended::stopped); });
    const Clock::time_point deadline = Clock::now() + settings_.timeout;
    if (prepare(fresh, deadline, stop, outcome)) connect_and_exchange(request, outcome);
  }
  const Ended ended = finish();
  used_at_ = Clock::now();
  if (ended != Ended::no || outcome.delivery != Transmission::broken) outcome.maybe_stale = false;
  if (outcome.delivery == Transmission::answered || outcome.delivery == Transmission::too_large) return outcome;
  if (ended == Ended::timeout) outcome.delivery = Transmission::timeout;
  if (ended == Ended::stopped) outcome.delivery = Transmission::stopped;
  if (ended == Ended::too_large) outcome.delivery = Transmission::too_large;
  return outcome;
}

// Makes sure that the next exchange uses a connection that may be used, or can make one. False with the reason in
// `outcome` where it cannot.
bool Connection::prepare(bool fresh, Clock::time_point deadline, const std::stop_token& stop, HttpOutcome& outcome) {
  httplib::ClientImpl& http = *client_->http;
  if (http.is_socket_open() != 0) {
    if (!tap_.has_input() && !(fresh && Clock::now() - used_at_ > kFreshEnough)) {
      outcome.maybe_stale = true;
      return true;
    }
    http.stop();  // from the thread that uses it, and between requests: closes
  }
  const std::string& host = settings_.proxy ? settings_.proxy->host : settings_.address.host;
  NameLookup found = look_up(host, std::min(deadline, Clock::now() + kConnectLimit), stop);
  addresses_ = std::move(found.addresses);
  if (!addresses_.empty()) return true;
  outcome.error = "cannot resolve " + host + ": " + found.error;
  return false;
}

// An address that does not answer is not the end while there are others (IPv6 without a route).
void Connection::connect_and_exchange(const HttpRequest& request, HttpOutcome& outcome) {
  httplib::ClientImpl& http = *client_->http;
  if (outcome.maybe_stale) return exchange(request, outcome);
  for (const std::string& address : addresses_) {
    if (settings_.proxy) {
      http.set_proxy(address, settings_.proxy->port);
    } else {
      http.set_hostname_addr_map({{settings_.address.host, address}});
    }
    exchange(request, outcome);
    if (outcome.delivery != Transmission::unsent) return;
    const std::lock_guard lock(mutex_);
    if (ended_ != Ended::no) return;
  }
}

void Connection::exchange(const HttpRequest& request, HttpOutcome& outcome) {
  httplib::Request out;
  out.method = request.method;
  out.path = request.path;
  out.headers = request.body.empty() ? client_->headers : client_->headers_with_body;
  out.body = request.body;
  if (body_.capacity() > kKeptBody) body_ = std::string{};
  body_.clear();
  bool too_large = false;
  bool answering = false;
  client_->head_limit.begin();
  out.response_handler = [&](const httplib::Response& answer) {
    client_->head_limit.head_was_read();
    answering = true;
    const std::size_t size = std::strtoull(answer.get_header_value("Content-Length").c_str(), nullptr, 10);
    too_large = size > request.body_limit;
    if (!too_large) body_.reserve(size + kBodyPadding);
    return !too_large;
  };
  out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_large = body_.size() + size > request.body_limit;
    if (!too_large) body_.append(data, size);
    return !too_large;
  };
  httplib::Response answer;
  httplib::Error error = httplib::Error::Success;
  if (client_->http->send(out, answer, error)) {
    // What the proxy says to CONNECT comes back as if the API had said it: 407 in 0.11.4, all but 200 later.
    const bool from_proxy = error != httplib::Error::Success || (answer.status == 407 && settings_.address.tls);
    if (!from_proxy) return take(answer, outcome);
    client_->http->stop();  // a connection without TLS may be left behind
    outcome.delivery = Transmission::unsent;
    outcome.error = "the proxy refused with HTTP " + std::to_string(answer.status) + ", check https_proxy";
    return;
  }
  outcome.error = httplib::to_string(error);
  if (too_large || client_->head_limit.passed()) {
    outcome.delivery = Transmission::too_large;
  } else if (is_tls_error(error)) {
    outcome.delivery = Transmission::tls;
    const long result = client_->tls != nullptr ? client_->tls->get_openssl_verify_result() : X509_V_OK;
    if (result != X509_V_OK) outcome.error = X509_verify_cert_error_string(result);
  } else {
    outcome.delivery = is_connect_error(error) ? Transmission::unsent : Transmission::broken;
  }
  outcome.maybe_stale = outcome.maybe_stale && outcome.delivery == Transmission::broken && !answering && !tapped_;
}

void Connection::begin(std::size_t body_limit) {
  const std::lock_guard lock(mutex_);
  ended_ = Ended::no;
  in_flight_ = true;
  tapped_ = false;
  deadline_ = Clock::now() + settings_.timeout;
  bytes_before_.reset();
  byte_limit_ = body_limit + kBytesBesideBody;
}

Connection::Ended Connection::finish() {
  const std::lock_guard lock(mutex_);
  in_flight_ = false;
  return ended_;
}

void Connection::end(Ended why) {
  const std::lock_guard lock(mutex_);
  if (!in_flight_) return;
  if (ended_ == Ended::no) ended_ = why;
  tap_.shut();
}

// Called by the library, in the thread that sends, for each socket it makes before it connects it.
void Connection::tap(int socket) {
  const std::lock_guard lock(mutex_);
  tap_.hold(socket);
  tapped_ = true;
  bytes_before_ = 0;
}

void Connection::check(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!in_flight_) return;
  if (ended_ == Ended::no && now >= deadline_) ended_ = Ended::timeout;
  const std::uint64_t bytes = tap_.bytes_received();
  if (!bytes_before_) bytes_before_ = bytes;
  if (ended_ == Ended::no && bytes > *bytes_before_ + byte_limit_) ended_ = Ended::too_large;
  // Each time anew: the first time may have been before the socket was there.
  if (ended_ != Ended::no) tap_.shut();
}

}  // namespace simsync
