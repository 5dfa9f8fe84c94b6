// What can go wrong with a request, in the words a caller decides by.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace simsync {

enum class ApiFailure {
  unreachable,   // no connection, connection lost, name not resolved
  tls,           // the server's certificate or the handshake was refused
  timeout,       // the whole-request limit passed
  unauthorized,  // 401 or 403: the token is missing, wrong, expired or lacks the right to the project
  not_found,     // 404
  rejected,      // any other 4xx, and the API's 403 for one SIM: the request is refused, repeating it does not help
  throttled,     // 429
  unavailable,   // 503, 502, 504
  server_error,  // any other 5xx
  malformed,     // an answer that is not what the reference says: HTML, half JSON, a wrong object, a redirect
  too_large,     // the answer passed the size bound
  stopped,       // the program is stopping; never an error to report
};

// Whether the same request may succeed later without anyone changing anything. `http_status` 0: none came.
bool passes_by_itself(ApiFailure failure, int http_status);

// Whether it is the API's: nobody answered, or what answered says nothing of the SIM that was asked for.
bool is_of_api(ApiFailure failure);

// Thrown by SimApi after its retries are used up. what() is one line that names the endpoint and what to do;
// it holds no token, activation code or metadata.
class ApiError : public std::runtime_error {
 public:
  ApiError(ApiFailure failure, int http_status, const std::string& message);

  [[nodiscard]] ApiFailure failure() const { return failure_; }
  // The HTTP status, 0 where no answer came.
  [[nodiscard]] int http_status() const { return http_status_; }
  // Whether the same request may succeed later without anyone changing anything.
  [[nodiscard]] bool retryable() const;
  // What the server asked us to wait (Retry-After of 429 and 503).
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }
  // Whether the API itself said so, with an error body of its own; not a proxy, or nobody.
  [[nodiscard]] bool said_by_api() const { return said_by_api_; }
  // How often the request was sent in all, the retries included.
  [[nodiscard]] unsigned attempts() const { return attempts_; }

  void set_retry_after(std::chrono::milliseconds wait) { retry_after_ = wait; }
  void set_said_by_api() { said_by_api_ = true; }
  void set_attempts(unsigned attempts) { attempts_ = attempts; }

 private:
  ApiFailure failure_;
  int http_status_;
  std::optional<std::chrono::milliseconds> retry_after_;
  bool said_by_api_ = false;
  unsigned attempts_ = 1;
};

}  // namespace simsync
