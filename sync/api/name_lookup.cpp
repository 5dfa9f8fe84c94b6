#include "sync/api/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

namespace simsync {
namespace {

[[maybe_unused]] constexpr std::chrono::milliseconds kLookAtStop{50};

// What the C library reads and writes while it works on a look-up.
struct Request {
  std::string host;
  addrinfo hints{};
  gaicb control{};

  explicit Request(const std::string& name) : host(name) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    control.ar_name = host.c_str();
    control.ar_request = &hints;
  }
  ~Request() {
    if (control.ar_result != nullptr) freeaddrinfo(control.ar_result);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  Request(Request&&) = delete;
  Request& operator=(Request&&) = delete;
};

bool is_numeric(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::vector<std::string> numeric_addresses(const addrinfo* list) {
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::find(addresses.begin(), addresses.end(), text.data()) == addresses.end())
      addresses.emplace_back(text.data());
  }
  return addresses;
}

}  // namespace

NameLookup look_up(const std::string& host, std::chrono::steady_clock::time_point deadline,
                   const std::stop_token& stop) {
  if (is_numeric(host)) return {{host}, {}};
  auto request = std::make_unique<Request>(host);
#ifdef __SANITIZE_THREAD__
  // The C library's own threads are unknown to the thread sanitizer, which then crashes in them.
  const int failed = getaddrinfo(host.c_str(), nullptr, &request->hints, &request->control.ar_result);
  if (failed != 0 || deadline < std::chrono::steady_clock::now() || stop.stop_requested()) {
    return {{}, gai_strerror(failed)};
  }
  return {numeric_addresses(request->control.ar_result), {}};
#else
  std::array<gaicb*, 1> list = {&request->control};
  if (const int error = getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr); error != 0)
    return {{}, gai_strerror(error)};
  const timespec slice{0, std::chrono::nanoseconds(kLookAtStop).count()};
  int result = gai_error(&request->control);
  while (result == EAI_INPROGRESS && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    const std::array<const gaicb*, 1> waited = {&request->control};
    gai_suspend(waited.data(), 1, &slice);
    result = gai_error(&request->control);
  }
  if (result == EAI_INPROGRESS) {
    const bool cancelled = gai_cancel(&request->control) == EAI_CANCELED;
    if (!cancelled) static_cast<void>(request.release());  // still written to by the C library
    return {{}, "no answer from the name server"};
  }
  if (result != 0) return {{}, gai_strerror(result)};
  return {numeric_addresses(request->control.ar_result), {}};
#endif
}

}  // namespace simsync
