#include "sync/api/api_error.h"

namespace simsync {

ApiError::ApiError(ApiFailure failure, int http_status, const std::string& message)
    : std::runtime_error(message), failure_(failure), http_status_(http_status) {}

bool passes_by_itself(ApiFailure failure, int http_status) {
  switch (failure) {
    case ApiFailure::unreachable:
    case ApiFailure::timeout:
    case ApiFailure::throttled:
    case ApiFailure::unavailable:
    case ApiFailure::server_error:
      return true;
    case ApiFailure::malformed:
      // A cut or garbled answer with a good status is often a proxy's passing fault; a redirect or a 4xx is not.
      return http_status >= 200 && http_status < 300;
    case ApiFailure::tls:
    case ApiFailure::unauthorized:
    case ApiFailure::not_found:
    case ApiFailure::rejected:
    case ApiFailure::too_large:
    case ApiFailure::stopped:
      return false;
  }
  return false;
}

bool is_of_api(ApiFailure failure) {
  switch (failure) {
    case ApiFailure::unreachable:
    case ApiFailure::tls:
    case ApiFailure::timeout:
    case ApiFailure::unauthorized:
    case ApiFailure::throttled:
    case ApiFailure::unavailable:
    case ApiFailure::server_error:
      return true;
    case ApiFailure::not_found:
    case ApiFailure::rejected:
    case ApiFailure::malformed:
    case ApiFailure::too_large:
    case ApiFailure::stopped:
      return false;
  }
  return false;
}

bool ApiError::retryable() const {
  return passes_by_itself(failure_, http_status_);
}

}  // namespace simsync
