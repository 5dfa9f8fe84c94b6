#include "daemon/http/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "config/load_config.h"

namespace simsync {
namespace {

constexpr int kBacklog = 64;

[[noreturn]] void fail(const std::string& address, int error) {
  const std::string what = "http.listen: " + address;
  if (error == EADDRINUSE) {
    throw std::runtime_error(what + " is taken by another program; end that, or name another port");
  }
  const std::string why = " (" + std::generic_category().message(error) + ")";
  if (error == EACCES) throw ConfigError(what + " is not allowed to this user" + why + "; name a port above 1023");
  throw std::runtime_error(what + " cannot be listened on" + why + "; name an address of this machine");
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses look_up(const std::string& address, const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    const std::string what =
        "http.listen: " + address + " is no address (" + ::gai_strerror(error) + "); name one of this machine";
    // Name servers that cannot be asked, perhaps since the network is not up yet, are no fault of the configuration.
    if (error == EAI_AGAIN || error == EAI_SYSTEM || error == EAI_MEMORY) throw std::runtime_error(what);
    throw ConfigError(what);
  }
  return {found, &freeaddrinfo};
}

// The descriptor, or -1 and errno.
int bound(const addrinfo& where) {
  const int descriptor = ::socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  // So that a restart need not wait for the connections of the one before. Not SO_REUSEPORT, which would let two
  // daemons share the port and each answer by chance.
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor, where.ai_addr, where.ai_addrlen) == 0 && ::listen(descriptor, kBacklog) == 0) {
    return descriptor;
  }
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &length);
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(name).sin6_port
                                          : reinterpret_cast<const sockaddr_in&>(name).sin_port);
}

}  // namespace

ListenSocket::ListenSocket(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string shown_host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  std::string host = shown_host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const std::vector<std::string> hosts =
      host == "localhost" ? std::vector<std::string>{"127.0.0.1", "::1"} : std::vector<std::string>{host};
  int error = EADDRNOTAVAIL;
  for (const std::string& one : hosts) {
    const Addresses addresses = look_up(address, one, port);
    for (const addrinfo* next = addresses.get(); next != nullptr && descriptor_ < 0; next = next->ai_next) {
      descriptor_ = bound(*next);
      if (descriptor_ >= 0) break;
      error = errno;
      if (error == EADDRINUSE) fail(address, error);  // not by chance on another address than the day before
    }
    if (descriptor_ >= 0) break;
  }
  if (descriptor_ < 0) fail(address, error);
  address_ = shown_host + ":" + std::to_string(port_of(descriptor_));
}

ListenSocket::~ListenSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace simsync
