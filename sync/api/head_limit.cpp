#include "sync/api/head_limit.h"

#include <span>

namespace simsync {
namespace {

// The length of a record, of its five bytes of header (RFC 8446, 5.1).
std::size_t length_of_record(std::span<const unsigned char> header) {
  return (static_cast<std::size_t>(header[3]) << 8U) | header[4];
}

}  // namespace

void HeadLimit::watch(SSL_CTX* context) {
  SSL_CTX_set_msg_callback_arg(context, this);
  SSL_CTX_set_msg_callback(
      context, [](int written, int, int type, const void* bytes, std::size_t size, SSL* connection, void* limit) {
        if (written != 0 || type != SSL3_RT_HEADER || size != SSL3_RT_HEADER_LENGTH) return;
        const std::span header{static_cast<const unsigned char*>(bytes), size};
        static_cast<HeadLimit*>(limit)->count(connection, length_of_record(header));
      });
}

void HeadLimit::begin() {
  reading_ = true;
  bytes_ = 0;
}

void HeadLimit::count(SSL* connection, std::size_t bytes) {
  if (!reading_ || SSL_is_init_finished(connection) == 0) return;
  bytes_ += bytes;
  // As if the server had said that nothing more will come: this record is thrown away, and so is what follows.
  if (passed()) SSL_set_shutdown(connection, SSL_get_shutdown(connection) | SSL_RECEIVED_SHUTDOWN);
}

}  // namespace simsync
