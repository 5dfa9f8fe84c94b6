#include "tests/simulator/tls_files.h"

#include <utility>

namespace simsync::simulator {

namespace ssl = boost::asio::ssl;

TlsFiles::TlsFiles(std::string certificate, std::string key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {
  read();
}

std::shared_ptr<ssl::context> TlsFiles::current() {
  const std::scoped_lock lock(mutex_);
  if (std::filesystem::last_write_time(certificate_) != of_) read();
  return context_;
}

void TlsFiles::read() {
  of_ = std::filesystem::last_write_time(certificate_);
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->use_certificate_chain_file(certificate_);
  context->use_private_key_file(key_, ssl::context::pem);
  context_ = std::move(context);
}

}  // namespace simsync::simulator
