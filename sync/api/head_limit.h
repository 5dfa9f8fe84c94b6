// Keeps the head of an answer over TLS short. The HTTP library reads status line and headers of any length, and judges
// the status line by a regular expression that takes stack for each character: 60,000 of them end the program (httplib
// 0.11.4, ClientImpl::read_response_line). Bytes are counted where TLS hands them over, in the thread that reads them,
// so that no more ever arrive. An answer without TLS is not bounded by this: http:// goes to loopback only.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>

namespace simsync {

// What no head needs. A whole record of TLS is counted at once, and the body may begin in it.
inline constexpr std::size_t kLargestHead = 32U << 10U;

// Belongs to the thread that uses the connection.
class HeadLimit {
 public:
  HeadLimit() = default;
  HeadLimit(const HeadLimit&) = delete;
  HeadLimit& operator=(const HeadLimit&) = delete;

  // Watches the connections made with `context`, which does not outlive this.
  void watch(SSL_CTX* context);

  // Before a request, and when the head of its answer was read.
  void begin();
  void head_was_read() { reading_ = false; }

  // Whether the answer was cut because its head is too large.
  [[nodiscard]] bool passed() const { return bytes_ > kLargestHead; }

 private:
  void count(SSL* connection, std::size_t bytes);

  bool reading_ = false;
  std::size_t bytes_ = 0;
};

}  // namespace simsync
